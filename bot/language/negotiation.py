"""Which of the locales that there are serves a reader of another.

The distances are CLDR's (https://unicode.org/reports/tr35/tr35-info.html#LanguageMatching):
regions and scripts of one language lie within 10, a second language that its speakers often read
(Catalan to Spanish) at 20.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import langcodes
from langcodes.tag_parser import LanguageTagError

from corpus.article import ENGLISH

SAME_LANGUAGE = 10
# To CLDR Norway's two written languages are two; whoever reads one reads the other.
_ONE_LANGUAGE = {"no": "nb", "nn": "nb"}


# Clients send whatever tag they like, so this cache has a bound.
@lru_cache(maxsize=1024)
def negotiate(tag: str, locales: tuple[str, ...]) -> str | None:
    """The locale for a BCP 47 tag: the same, or another of its language; None where there is
    none, or for what is no tag at all.
    """
    if tag in locales:
        return tag
    try:
        wanted = langcodes.Language.get(tag)
    except LanguageTagError:
        return None
    if wanted.language in _ONE_LANGUAGE:
        wanted = wanted.update_dict({"language": _ONE_LANGUAGE[wanted.language]})
    match, _ = langcodes.closest_match(wanted, locales, max_distance=SAME_LANGUAGE)
    return match if match in locales else _of_language(language_of(tag), locales)


def _of_language(language: str | None, locales: Collection[str]) -> str | None:
    """A locale of the language, in whatever script: another script is nearer than English."""
    return next((locale for locale in locales if language_of(locale) == language), None)


@lru_cache(maxsize=1024)
def language_of(tag: str) -> str | None:
    """The primary language subtag of a tag ("no" and "nn" count as "nb"); None for no tag."""
    try:
        language = langcodes.Language.get(tag).language
    except LanguageTagError:
        return None
    return _ONE_LANGUAGE.get(language or "", language)


def is_english(tag: str) -> bool:
    """Whether a tag is of English, of whatever region."""
    return language_of(tag) == language_of(ENGLISH)


def reply_language(tag: str, locales: tuple[str, ...]) -> str:
    """The language to talk in to a reader of a tag: a locale, or the bare language that no locale
    is of; English for what is no tag.
    """
    return negotiate(tag, locales) or language_of(tag) or negotiate(ENGLISH, locales) or ENGLISH
