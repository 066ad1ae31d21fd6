"""What the buttons of our cards carry: never a text to search again, always the format's version.

`{"babeldesk": 1, "action": ACTION, ...}`, in which ACTION is `open` (with `article` and `locale`,
and with `reader`, the language around it, where that is another),
`languages` (opens the choice of a language; with `article` where one is shown) or `language` (the
choice: `language`, a BCP 47 tag or "" for that of each question; with `article` likewise).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_VERSION = 1
# The field that the choice of a language fills in.
LANGUAGE_FIELD = "language"


@dataclass(frozen=True, slots=True)
class OpenArticle:
    """Show an article in a locale; `reader` is the language to talk in around it, if another."""

    article_id: str
    locale: str
    reader: str | None = None

    def data(self) -> dict[str, Any]:
        """What the button carries."""
        around = {} if self.reader is None else {"reader": self.reader}
        return _data("open", article=self.article_id, locale=self.locale, **around)


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


Button = OpenArticle | ChangeLanguage | ChooseLanguage


def pressed(data: object) -> Button | None:
    """The button that data came from; None where they are not of one of our cards."""
    match data:
        case {"babeldesk": 1, "action": "open", "article": str(article), "locale": str(locale)}:
            return OpenArticle(article, locale, _string(data, "reader"))
        case {"babeldesk": 1, "action": "languages"}:
            return ChangeLanguage(_string(data, "article"))
        case {"babeldesk": 1, "action": "language", "language": str(language)}:
            return ChooseLanguage(language or None, _string(data, "article"))
    return None


def _data(action: str, **fields: str) -> dict[str, Any]:
    return {"babeldesk": _VERSION, "action": action, **fields}


def _article(article_id: str | None) -> dict[str, str]:
    return {} if article_id is None else {"article": article_id}


def _string(data: object, key: str) -> str | None:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else None
