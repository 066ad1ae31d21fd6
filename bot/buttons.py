"""What the buttons of our cards carry: never a text to search again, always the format's version.

`{"babeldesk": 1, "action": ACTION, ...}`, in which ACTION is

- `open`: shows an article: `article` and `locale`; with `reader`, the language around it, where
  that is another; `section`, the number of the one section to show, from 0; `part`, where an
  article is too big for one card; `reply`, the id of the reply that the card belongs to;
- `rate`: says whether that reply helped: `helpful`, and the fields of `open`;
- `explain`: says why it did not: the field `reason`, and those of `open`;
- `languages`: opens the choice of a language; with `article` where one is shown;
- `language`: the choice: `language`, a BCP 47 tag or "auto" for that of each question; with
  `article` likewise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_VERSION = 1
# The fields that the user fills in.
LANGUAGE_FIELD = "language"
REASON_FIELD = "reason"
# The choice to be answered in the language of each question. Teams shows none that is empty.
AUTOMATIC = "auto"
LONGEST_REASON = 1000
# No card has more of anything that is counted; a number beyond is not ours.
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class OpenArticle:
    """Show an article in a locale; `reader` is the language to talk in around it, if another.

    `section` counts its sections from 0, None shows all; `part` counts the cards that it takes.
    `reply` is the id of the reply to which all cards of one question belong.
    """

    article_id: str
    locale: str
    reader: str | None = None
    section: int | None = None
    part: int = 0
    reply: str | None = None

    @property
    def spoken(self) -> str:
        """The language around the article."""
        return self.reader or self.locale

    def data(self) -> dict[str, Any]:
        """What the button carries."""
        return _data("open", **self._fields())

    def _fields(self) -> dict[str, Any]:
        rest = {
            "reader": self.reader,
            "section": self.section,
            "part": self.part or None,
            "reply": self.reply,
        }
        given = {name: value for name, value in rest.items() if value is not None}
        return {"article": self.article_id, "locale": self.locale, **given}


@dataclass(frozen=True, slots=True)
class Rate:
    """The reply that shows an article has helped, or has not."""

    shown: OpenArticle
    helpful: bool

    def data(self) -> dict[str, Any]:
        """What the button carries."""
        return _data("rate", helpful=self.helpful, **self.shown._fields())


@dataclass(frozen=True, slots=True)
class Explain:
    """Why the reply that shows an article has not helped; "" where the user did not say."""

    shown: OpenArticle
    reason: str = ""

    def data(self) -> dict[str, Any]:
        """What the button carries; the card's field REASON_FIELD brings the rest."""
        return _data("explain", **self.shown._fields())


@dataclass(frozen=True, slots=True)
class ChangeLanguage:
    """Let the user choose the language of the answers; `article_id` is that of the one shown."""

    article_id: str | None = None

    def data(self) -> dict[str, Any]:
        """What the button carries."""
        return _data("languages", **_article(self.article_id))


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    """Answer in a language from now on, or in that of each question where it is None."""

    locale: str | None
    article_id: str | None = None

    def data(self) -> dict[str, Any]:
        """What the button carries; the card's field LANGUAGE_FIELD brings the rest."""
        return _data("language", **_article(self.article_id))


Button = OpenArticle | Rate | Explain | ChangeLanguage | ChooseLanguage


def pressed(data: object) -> Button | None:
    """The button that data came from; None where they are not of one of our cards."""
    match data:
        case {"babeldesk": 1, "action": "open"}:
            return _opened(data)
        case {"babeldesk": 1, "action": "rate", "helpful": bool(helpful)}:
            shown = _opened(data)
            return Rate(shown, helpful) if shown else None
        case {"babeldesk": 1, "action": "explain"}:
            shown = _opened(data)
            reason = (_string(data, REASON_FIELD) or "").strip()
            return Explain(shown, reason[:LONGEST_REASON]) if shown else None
        case {"babeldesk": 1, "action": "languages"}:
            return ChangeLanguage(_string(data, "article"))
        case {"babeldesk": 1, "action": "language", "language": str(language)}:
            locale = None if language in ("", AUTOMATIC) else language
            return ChooseLanguage(locale, _string(data, "article"))
    return None


def is_button(data: object) -> bool:
    """Whether data come from a button of ours, be it of a version that is not known here."""
    return isinstance(data, dict) and "babeldesk" in data


def _opened(data: object) -> OpenArticle | None:
    match data:
        case {"article": str(article), "locale": str(locale)}:
            return OpenArticle(
                article,
                locale,
                _string(data, "reader"),
                count_field(data, "section"),
                count_field(data, "part") or 0,
                (_string(data, "reply") or "")[:36] or None,
            )
    return None


def _data(action: str, **fields: Any) -> dict[str, Any]:
    return {"babeldesk": _VERSION, "action": action, **fields}


def _article(article_id: str | None) -> dict[str, str]:
    return {} if article_id is None else {"article": article_id}


def _string(data: object, key: str) -> str | None:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else None


def count_field(data: object, key: str) -> int | None:
    """A number of a section or a part; None for anything that is none."""
    value = data.get(key) if isinstance(data, dict) else None
    return value if type(value) is int and 0 <= value < _MOST else None
