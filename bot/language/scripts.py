"""Which scripts a text is written in."""

from __future__ import annotations

import functools
import unicodedata

import langcodes

# The first words of Unicode's character names, for the scripts of living languages; those that are
# not here (Common, Latin) tell little.
_NAMES = {
    "ARABIC": "Arabic",
    "ARMENIAN": "Armenian",
    "BENGALI": "Bengali",
    "CJK": "Han",
    "CYRILLIC": "Cyrillic",
    "DEVANAGARI": "Devanagari",
    "GEORGIAN": "Georgian",
    "GREEK": "Greek",
    "GUJARATI": "Gujarati",
    "GURMUKHI": "Gurmukhi",
    "HANGUL": "Hangul",
    "HEBREW": "Hebrew",
    "HIRAGANA": "kana",
    "KANNADA": "Kannada",
    "KATAKANA": "kana",
    "KHMER": "Khmer",
    "LAO": "Lao",
    "MALAYALAM": "Malayalam",
    "MYANMAR": "Myanmar",
    "SINHALA": "Sinhala",
    "TAMIL": "Tamil",
    "TELUGU": "Telugu",
    "THAI": "Thai",
}


# ISO 15924's codes for them; Serbian is written in two scripts, whatever its locale says.
_CODES = {
    "Arab": ("Arabic",),
    "Armn": ("Armenian",),
    "Beng": ("Bengali",),
    "Cyrl": ("Cyrillic",),
    "Deva": ("Devanagari",),
    "Geor": ("Georgian",),
    "Grek": ("Greek",),
    "Gujr": ("Gujarati",),
    "Guru": ("Gurmukhi",),
    "Hans": ("Han",),
    "Hant": ("Han",),
    "Hebr": ("Hebrew",),
    "Jpan": ("Han", "kana"),
    "Khmr": ("Khmer",),
    "Knda": ("Kannada",),
    "Kore": ("Hangul",),
    "Laoo": ("Lao",),
    "Mlym": ("Malayalam",),
    "Mymr": ("Myanmar",),
    "Sinh": ("Sinhala",),
    "Taml": ("Tamil",),
    "Telu": ("Telugu",),
    "Thai": ("Thai",),
}


def scripts_of_language(tag: str) -> frozenset[str]:
    """The scripts that a language is written in, but for Latin."""
    language = langcodes.Language.get(tag)
    code = "Cyrl" if language.language == "sr" else language.maximize().script
    return frozenset(_CODES.get(code or "", ()))


def scripts_of(text: str) -> frozenset[str]:
    """The scripts of a text's letters, but for Latin."""
    return frozenset(filter(None, map(_script, {c for c in text if c > "\u024f"})))


@functools.lru_cache(maxsize=8192)
def _script(character: str) -> str | None:
    if not character.isalpha():
        return None
    return _NAMES.get(unicodedata.name(character, "").partition(" ")[0])
