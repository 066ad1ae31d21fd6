"""Which language a question is in. Knows nothing of Teams; the one home of langdetect.

Script comes first: some settle the language, others leave a few to choose from. Among those
left langdetect decides (naive Bayes over character n-grams; seeded, since it draws its paths at
random), with the index's locales far more likely than others beforehand, and without product
names and codes, which are the same in all of them.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import langcodes
from langcodes.tag_parser import LanguageTagError
from langdetect import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException

# A language that the index does not hold is believed only from so many words: two words of an
# English question read as Afrikaans more often than anyone writes Afrikaans.
OUTSIDE_WORDS = 5
# How likely it is beforehand that a question is in a language the index does not hold.
OUTSIDE_PRIOR = 0.02
# How much likelier the client's language is beforehand than another of the index's.
HINT_WEIGHT = 10.0
# Below this the text says too little, and the client's locale is the better guess.
CONFIDENT = 0.6

# Words that are the same in every language, and so no evidence for English.
PRODUCT_NAMES = (
    "365", "access", "active directory", "admin center", "android", "app", "azure", "bitlocker",
    "edge", "entra", "excel", "exchange", "intune", "ios", "ipad", "iphone", "linkedin", "mac",
    "macos", "mfa", "microsoft", "office", "onedrive", "onenote", "online", "ost", "outlook",
    "owa", "pdf", "pin", "planner", "power bi", "powerpoint", "pst", "sharepoint", "skype",
    "teams", "visio", "vpn", "wi-?fi", "windows", "word", "xbox", "yammer",
)  # fmt: skip

_NAMES = re.compile(rf"\b(?:{'|'.join(PRODUCT_NAMES)}|\w*\d\w*)\b(?:['’]\w+)?", re.IGNORECASE)
_SEED = 0
_SCRIPTS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("Greek", "\u0370-\u03ff\u1f00-\u1fff", frozenset({"el"})),
    ("Hebrew", "\u0590-\u05ff", frozenset({"he"})),
    ("Thai", "\u0e00-\u0e7f", frozenset({"th"})),
    ("Hangul", "\u1100-\u11ff\uac00-\ud7af", frozenset({"ko"})),
    ("kana", "\u3040-\u30ff", frozenset({"ja"})),
    ("Han", "\u3400-\u4dbf\u4e00-\u9fff", frozenset({"zh"})),
    ("Cyrillic", "\u0400-\u04ff", frozenset({"bg", "mk", "ru", "sr", "uk"})),
    ("Arabic", "\u0600-\u06ff", frozenset({"ar", "fa", "ur"})),
    ("Devanagari", "\u0900-\u097f", frozenset({"hi", "mr", "ne"})),
)
# langdetect's names, where they are not the primary language subtag of BCP 47.
_SUBTAGS = {"no": "nb", "zh-cn": "zh", "zh-tw": "zh"}


@dataclass(frozen=True, slots=True)
class Detection:
    """The language of a text.

    `locale` is a locale of the index where it holds the language, else a bare language subtag;
    `confidence` lies in 0..1; `evidence` says in a few words what decided.
    """

    locale: str
    confidence: float
    evidence: str


def detect(text: str, locales: Sequence[str], hint: str | None = None) -> Detection:
    """The language of a text, given the index's locales and the client's locale.

    Never raises: a text that says nothing is taken for the client's language, else English.
    """
    script = _script(text)
    if script and len(script[1]) == 1:
        (language,) = script[1]
        return Detection(_locale(language, locales, hint, text), 0.99, f"{script[0]} script")
    shares = _shares(text, locales, script[1] if script else None, hint)
    if shares:
        language, share = shares[0]
        if share >= CONFIDENT:
            return Detection(_locale(language, locales, hint, text), share, f"reads as {language}")
    if hint:
        return Detection(resolve(hint, locales), 0.3, "the client's locale")
    if shares:
        language, share = shares[0]
        return Detection(_locale(language, locales, None, text), share, f"perhaps {language}")
    return Detection(_locale("en", locales, None, text), 0.0, "no text to go by")


def resolve(tag: str, locales: Sequence[str]) -> str:
    """The index's locale for a tag that someone chose or a client sent; the tag's language where
    the index has none.
    """
    return tag if tag in locales else _locale(_subtag(tag), locales, None, "")


def _script(text: str) -> tuple[str, frozenset[str]] | None:
    """The first script of the table that a fifth of the letters are in, with its languages."""
    counts = Counter(name for c in text if c.isalpha() for name in [_script_of(c)])
    letters = sum(counts.values())
    for name, _, languages in _SCRIPTS:
        # Product names are Latin in every language, so a few other letters settle it.
        if counts[name] and counts[name] * 5 >= letters:
            return name, languages
    return None


@functools.lru_cache(maxsize=4096)
def _script_of(character: str) -> str:
    for name, ranges, _ in _SCRIPTS:
        pairs = (ranges[i : i + 3] for i in range(0, len(ranges), 3))
        if any(pair[0] <= character <= pair[2] for pair in pairs):
            return name
    return ""


def _shares(
    text: str, locales: Sequence[str], only: frozenset[str] | None, hint: str | None
) -> list[tuple[str, float]]:
    """Langdetect's languages and probabilities, likeliest first; [] where the text has none."""
    factory = _factory()
    hinted = _subtag(hint) if hint else ""
    held = {hinted, *(_subtag(locale) for locale in locales)}
    subtags = {name: _SUBTAGS.get(name, name) for name in factory.get_lang_list()}
    allowed = [name for name, subtag in subtags.items() if not only or subtag in only]
    inside = [name for name in allowed if subtags[name] in held]
    outside = [name for name in allowed if subtags[name] not in held]
    if inside and len(text.split()) < OUTSIDE_WORDS:
        outside = []
    prior = {name: (1 - OUTSIDE_PRIOR) / len(inside) for name in inside}
    prior |= {name: OUTSIDE_PRIOR / len(outside) for name in outside}
    prior |= {name: p * HINT_WEIGHT for name, p in prior.items() if subtags[name] == hinted}
    detector = factory.create()
    detector.set_prior_map(prior)
    detector.append(_NAMES.sub(" ", text))
    try:
        return [(subtags[found.lang], found.prob) for found in detector.get_probabilities()]
    except LangDetectException:
        return []


@functools.cache
def _factory() -> Any:
    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    factory.set_seed(_SEED)
    return factory


def _locale(language: str, locales: Iterable[str], hint: str | None, text: str) -> str:
    """The index's locale of a language: the hinted one, else by what the text shows."""
    own = [locale for locale in locales if _subtag(locale) == language]
    if language == "zh" and len(own) > 1:
        return max(own, key=lambda locale: _chinese_fit(locale, text))
    if hint in own:
        return hint
    return own[0] if own else language


def _chinese_fit(locale: str, text: str) -> int:
    """How many characters only the locale's traditional national character set holds."""
    traditional = langcodes.Language.get(locale).maximize().script == "Hant"
    ours, theirs = ("big5", "gb2312") if traditional else ("gb2312", "big5")
    return sum(_encodes(c, ours) and not _encodes(c, theirs) for c in text)


def _encodes(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@functools.lru_cache(maxsize=256)
def _subtag(locale: str) -> str:
    """The primary language subtag of a locale ("no" counts as "nb")."""
    try:
        language = langcodes.Language.get(locale).language or "en"
    except LanguageTagError:
        return "en"
    return {"no": "nb", "nn": "nb"}.get(language, language)
