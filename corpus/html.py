"""Help-centre pages to Markdown: what a page says, without what stands around it.

Of a page counts what its `main` (or `role="main"`, or its longest `article`) holds, else its body;
navigation, forms and the like are left out. Front matter says what the page says of itself: its
title, language (`lang`), address (`link rel="canonical"`) and date (`article:modified_time`, or the
first `time`).
"""

from __future__ import annotations

from typing import Any

import yaml
from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

_AROUND = (
    *("script", "style", "nav", "aside", "footer", "form", "button", "noscript", "template"),
    *("svg", "iframe", "[hidden]", '[aria-hidden="true"]', '[role="navigation"]', ".breadcrumbs"),
)
_NOTES = {
    "note": "NOTE",
    "info": "NOTE",
    "tip": "TIP",
    "important": "IMPORTANT",
    "warning": "WARNING",
    "caution": "CAUTION",
    "danger": "CAUTION",
}
# What the classes of boxes begin with, as in "alert-warning" or "callout--tip".
_BOXES = ("alert", "admonition", "callout", "note", "box", "panel", "message", "is")


def markdown_of_html(text: str) -> str:
    """The page as Markdown with front matter."""
    page = BeautifulSoup(text, "html.parser")
    known = {
        "title": _text(page.title),
        "lang": _attribute(page.html, "lang"),
        "url": _attribute(page.select_one('link[rel="canonical"]'), "href"),
        "updated": _date(page),
    }
    given = {key: value for key, value in known.items() if value}
    for part in page.select(", ".join(_AROUND)):
        part.decompose()
    body = _Converter(heading_style="ATX", bullets="-").convert_soup(_content(page))
    return f"---\n{yaml.safe_dump(given, allow_unicode=True)}---\n{body.strip()}\n"


class _Converter(MarkdownConverter):
    """Boxes become notes, as articles in Markdown have them."""

    def convert_div(self, element: Tag, text: str, parent_tags: Any) -> str:
        """A box or what any other `div` holds."""
        kind = _note_kind(element)
        if kind is None or "_inline" in parent_tags:
            return f"\n\n{text.strip()}\n\n"
        lines = [f"[!{kind}]", *text.strip().splitlines()]
        return "\n\n" + "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"


def _note_kind(element: Tag) -> str | None:
    for name in map(str, element.get_attribute_list("class")):
        words = name.lower().replace("_", "-").split("-")
        if words[-1] in _NOTES and (len(words) == 1 or words[0] in _BOXES):
            return _NOTES[words[-1]]
    return None


def _content(page: BeautifulSoup) -> Tag:
    main = page.select_one('main, [role="main"]')
    articles = sorted(page.select("article"), key=lambda article: len(article.get_text()))
    return main or (articles[-1] if articles else page.body or page)


def _date(page: BeautifulSoup) -> str:
    stated = page.select_one('meta[property="article:modified_time"], meta[name="last-modified"]')
    return _attribute(stated, "content") or _attribute(page.select_one("time"), "datetime")


def _attribute(element: Tag | None, name: str) -> str:
    value = element.get(name) if element else None
    return value.strip() if isinstance(value, str) else ""


def _text(element: Tag | None) -> str:
    return " ".join(element.get_text().split()) if element else ""
