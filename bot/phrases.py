"""Messages that are known by their words: small talk, and what asks for another language.

The phrases stand with the interface strings, separated by commas. A message counts where all of it
is one phrase, however it is typed: capitals, accents, punctuation and pictures make no difference,
nor does a letter that is drawn out ("hiiii").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from bot.strings import strings_for, supported_locales
from index.embedding import normalise

Talk = Literal["greeting", "thanks", "who", "bye"]
_TALKS: tuple[Talk, ...] = ("greeting", "thanks", "who", "bye")
# No phrase is longer.
_LONGEST = 100
# More than that is a question of its own.
_FEW_WORDS = 7
# Letters of all scripts but Han, kana and Thai, which set no words apart.
_SPACED = re.compile(r"[^\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")
# Letters, the marks on them, and numbers.
_SPOKEN = frozenset("LMN")


@dataclass(frozen=True, slots=True)
class SmallTalk:
    """What is said beside any question, and the locales in which it is said so."""

    kind: Talk
    locales: tuple[str, ...]


def small_talk(text: str) -> tuple[SmallTalk, ...]:
    """The small talk that a message is: one, or several where locales mean different things by it
    ("ciao"); () where it may be a question.
    """
    said = ((kind, locales_of(text, f"{kind}-words")) for kind in _TALKS)
    return tuple(SmallTalk(kind, locales) for kind, locales in said if locales)


def locales_of(text: str, key: str) -> tuple[str, ...]:
    """The locales among whose phrases by a key of the strings a message is; () for any other."""
    return _phrases(key).get(_spoken(text), ()) if len(text) <= _LONGEST else ()


def follows_up(text: str, tags: Iterable[str | None]) -> bool:
    """Whether a message is a few words more on what was said before ("and on my phone?"), by the
    words that such a message begins with in one of these languages (BCP 47) or in English.
    """
    said = _spoken(text)
    if len(said) > _LONGEST or len(said.split()) > _FEW_WORDS:
        return False
    locales = {strings_for(tag).locale for tag in tags if tag} | {"en-US"}
    return any(
        said.startswith(beginning) and _ends_word(said, len(beginning))
        for locale in locales
        for beginning in map(_spoken, strings_for(locale).get("follow-words").split(","))
    )


def _ends_word(said: str, place: int) -> bool:
    """Whether a word ends before a place of a text, where its script sets words apart."""
    return said[place : place + 1] in ("", " ") or not _SPACED.match(said[place - 1])


@cache
def _phrases(key: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for locale in supported_locales():
        for phrase in dict.fromkeys(map(_spoken, strings_for(locale).get(key).split(","))):
            found[phrase] = (*found.get(phrase, ()), locale)
    found.pop("", None)
    return found


def _spoken(text: str) -> str:
    """The words of a text: what differs between two ways to type the same is gone."""
    plain = normalise(text)
    kept = (letter if unicodedata.category(letter)[0] in _SPOKEN else " " for letter in plain)
    return _DRAWN_OUT.sub(r"\1", " ".join("".join(kept).split()))
