"""What every card has: its shell, its title, its footer, its buttons."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot.buttons import ChangeLanguage
from bot.elements import Element, container, text_block
from bot.markdown import card_text
from bot.strings import Strings

Card = dict[str, Any]

# Teams takes 100 KB a message, counted in UTF-16; the rest is for what goes around the card.
MOST_BYTES = 80_000


# What was said to whether a reply helped.
Rated = Literal["helpful", "unhelpful", "explained"]


@dataclass(frozen=True, slots=True)
class View:
    """What a reply has besides its answer.

    `help_desk` is the address of the people to ask, if any. `reply` is the id by which the reply
    is known, without which nobody is asked whether it helped; `rated` is what was said to that.
    `part` counts the cards of an article that is too big for one, from 0.
    """

    help_desk: str | None = None
    reply: str | None = None
    rated: Rated | None = None
    part: int = 0


PLAIN = View()


def card(
    strings: Strings, body: Sequence[Element], text: str, actions: Sequence[Element] = ()
) -> Card:
    """A card, version 1.5, in the language of `strings`. `text` is what it says in plain text."""
    shell: Card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "msteams": {"width": "Full"},
        # The schema wants ISO 639-1 here, not a whole tag.
        "lang": strings.locale.split("-")[0],
        "rtl": strings.rtl,
        "speak": text,
        "fallbackText": text,
        "body": list(body),
    }
    return shell | {"actions": list(actions)} if actions else shell


def fits(shown: Card) -> bool:
    """Whether a message can hold a card."""
    return size_in_bytes(shown) <= MOST_BYTES


def size_in_bytes(part: object) -> int:
    """The size of a card or of a part of it, as Teams counts."""
    return len(json.dumps(part, ensure_ascii=False).encode("utf-16-le"))


def title(text: str) -> Element:
    """The heading of a card, from plain text."""
    return text_block(card_text(text), size="Large", weight="Bolder", style="heading")


def remark(text: str, strings: Strings) -> Element:
    """A sentence of the bot's among those of an article, from plain text."""
    return container([text_block(card_text(text), isSubtle=True)], rtl=strings.rtl)


def notice_box(text: str, strings: Strings) -> Element:
    """A sentence of the bot's that must not be missed, from plain text."""
    return container([text_block(card_text(text))], style="accent", rtl=strings.rtl)


def footer(lines: Sequence[str], strings: Strings) -> Element:
    """The small print, from Markdown."""
    small = [text_block(line, size="Small", isSubtle=True, spacing="Small") for line in lines]
    return container(small, separator=True, rtl=strings.rtl)


def answered_in(locale: str, strings: Strings) -> str:
    """Which language a reply is in."""
    return strings.get("answered-in", language=strings.language(locale))


def submit(label: str, data: dict[str, Any]) -> Element:
    """A button that is answered with a new message."""
    return {"type": "Action.Submit", "title": label, "data": data}


def in_place(label: str, data: dict[str, Any]) -> Element:
    """A button whose card takes the place of the one that it stands on; in clients that can't do
    that, it comes below.
    """
    return {
        "type": "Action.Execute",
        "title": label,
        "verb": str(data["action"]),
        "data": data,
        "fallback": submit(label, data),
    }


def change_language(strings: Strings, article_id: str | None = None) -> Element:
    """The button to choose the language of the answers."""
    return submit(strings.get("change-language"), ChangeLanguage(article_id).data())


def ask_person(strings: Strings, view: View) -> list[Element]:
    """The way to the people of the help desk, where there is one."""
    if view.help_desk is None:
        return []
    return [{"type": "Action.OpenUrl", "title": strings.get("ask-person"), "url": view.help_desk}]
