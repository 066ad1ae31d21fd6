"""Sentences as people type them into a chat: in lower case, without marks, with slips.

Training on such copies makes an encoder read them as it reads the sentence itself.
"""

from __future__ import annotations

import random
import re
import unicodedata

LOWER_CASE = 0.35
NO_MARKS = 0.30
NO_PUNCTUATION = 0.25
SLIPS = 0.30
CHARACTERS_A_SLIP = 30
_SHORTEST_WITH_SLIPS = 6

_COMBINING = re.compile("[\u0300-\u036f]")
_PUNCTUATION = re.compile('[,.?!:;¿¡“”"„。？！、]')
# Letters that decompose into nothing, and what is typed instead.
_PLAIN_LETTERS = str.maketrans("ıđĐłŁøØß", "idDlLoOs")


def as_typed(text: str, rng: random.Random) -> str:
    """A copy of a text as someone in a hurry might type it; often the text itself."""
    if rng.random() < LOWER_CASE:
        text = text.lower()
    if rng.random() < NO_MARKS:
        text = without_marks(text)
    if rng.random() < NO_PUNCTUATION:
        text = _PUNCTUATION.sub("", text)
    if rng.random() < SLIPS:
        for _ in range(max(1, len(text) // CHARACTERS_A_SLIP)):
            text = _with_slip(text, rng)
    return text


def without_marks(text: str) -> str:
    """A text without the diacritics that keyboards make hard to type."""
    bare = _COMBINING.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", bare).translate(_PLAIN_LETTERS)


def _with_slip(text: str, rng: random.Random) -> str:
    """One letter left out, doubled, or changed for its neighbour."""
    letters = [place for place, character in enumerate(text) if character.isalpha()]
    if len(letters) < _SHORTEST_WITH_SLIPS:
        return text
    place = rng.choice(letters)
    slips = (
        text[:place] + text[place + 1 :],
        text[:place] + text[place] + text[place:],
        text[:place] + text[place + 1 : place + 2] + text[place] + text[place + 2 :],
    )
    return rng.choice(slips)
