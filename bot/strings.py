"""What the bot itself says, in the reader's language.

The strings lie beside this module as Fluent files (https://projectfluent.org), one per locale.
A message that a locale lacks shows in English, one that English lacks shows its key; both are
logged.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import langcodes
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from fluent.runtime import FluentBundle, FluentResource

from bot.language.negotiation import language_of, negotiate

_FOLDER = Path(__file__).with_name("strings")
_ENGLISH = "en-US"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Strings:
    """The interface strings of one locale.

    `locale` is the BCP 47 tag of the strings that are really used; `rtl` says whether that
    locale is written from right to left; `bundles` are asked in turn.
    """

    locale: str
    rtl: bool
    bundles: tuple[FluentBundle, ...]

    def get(self, key: str, **args: str | int) -> str:
        """The message, its placeables filled in; the English one or the key where it is missing."""
        for bundle in self.bundles:
            if bundle.has_message(key):
                return _formatted(bundle, key, args)
            _log.warning("no string %r in %s", key, bundle.locales[0])
        return key

    def date(self, iso: str) -> str:
        """An ISO 8601 date or time as this locale writes a day; anything else as it is."""
        try:
            day = datetime.date.fromisoformat(iso[:10])
        except ValueError:
            return iso
        return format_date(day, format="medium", locale=_babel(self.locale))

    def language(self, tag: str) -> str:
        """What this locale calls the language of a BCP 47 tag; the tag where it has no name.

        Chinese is named with its script, as "Chinese" alone would leave out what matters.
        """
        names = _babel(self.locale).languages
        subtags = langcodes.get(tag).maximize()
        scripted = names.get(f"{subtags.language}_{subtags.script}")
        return str(scripted or names.get(subtags.language or "", tag))


def strings_for(locale: str) -> Strings:
    """The strings of a BCP 47 tag: of the tag, else of its language, else English."""
    return _load(negotiate(locale, supported_locales()) or _ENGLISH)


def own_name(tag: str, among: Collection[str]) -> str:
    """What a language is called in itself, with its region where `among` has another of it."""
    own = _babel(tag)
    shared = sum(language_of(other) == language_of(tag) for other in among) > 1
    name = own.get_display_name() if shared else own.get_language_name()
    return name or tag


@cache
def supported_locales() -> tuple[str, ...]:
    """The locales that there are strings for, as sorted BCP 47 tags."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.ftl")))


def is_rtl(tag: str) -> bool:
    """Whether a BCP 47 tag is of a language that is written from right to left."""
    try:
        return _babel(tag).text_direction == "rtl"
    except (UnknownLocaleError, ValueError):
        return False


@cache
def _load(locale: str) -> Strings:
    rtl = is_rtl(locale)
    return Strings(locale, rtl, tuple(_bundles(dict.fromkeys((locale, _ENGLISH)), rtl)))


def _bundles(locales: dict[str, None], rtl: bool) -> Iterator[FluentBundle]:
    for locale in locales:
        # Isolation marks (U+2068, U+2069) keep a Latin name from tearing right-to-left text
        # apart. Elsewhere they would only be invisible characters in what people copy.
        bundle = FluentBundle([locale], use_isolating=rtl)
        text = _FOLDER.joinpath(f"{locale}.ftl").read_text(encoding="utf-8")
        bundle.add_resource(FluentResource(text))
        yield bundle


def _formatted(bundle: FluentBundle, key: str, args: dict[str, str | int]) -> str:
    pattern = bundle.get_message(key).value
    if pattern is None:
        return key
    text, errors = bundle.format_pattern(pattern, args)
    for error in errors:
        _log.warning("string %r in %s: %r", key, bundle.locales[0], error)
    return str(text)


def _babel(tag: str) -> Locale:
    return Locale.parse(tag, sep="-")
