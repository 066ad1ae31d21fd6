"""The cards as Microsoft's own renderer (adaptivecards, npm) draws them, one sheet a script.

`make client` installs it. The sheets are kept below `.cache/screenshots` for people to look at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from bot.answer import Answer, Suggestion
from bot.cards import (
    card_for,
    language_card,
    language_set_text,
    more_card,
    notice_card,
    vanished_card,
    welcome_card,
    with_notice,
)
from bot.frame import Card, View
from bot.strings import Strings, strings_for, supported_locales
from corpus.article import Article, Block, BlockKind, Segment
from tests.browser import SCREENSHOTS, chromium, local_page, needs_chromium

MODULES = Path(__file__).parent.parent / ".cache/playground/node_modules"
RENDERER = MODULES / "adaptivecards/dist/adaptivecards.min.js"
MARKDOWN = MODULES / "markdown-it/dist/markdown-it.min.js"

pytestmark = [
    pytest.mark.slow,
    needs_chromium,
    pytest.mark.skipif(
        not RENDERER.exists(), reason="the card renderer is not installed: run make client"
    ),
]

# One or two of each script.
LOCALES = [
    *("ar-SA", "he-IL", "zh-CN", "zh-TW", "ja-JP", "ko-KR", "th-TH"),
    *("el-GR", "ru-RU", "de-DE", "tr-TR", "vi-VN"),
]
# A phone in Teams shows a card this wide.
PHONE = 320
_RENDER = """([cards, width]) => {
    AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
        result.outputHtml = new markdownit().render(text);
        result.didProcess = true;
    };
    const host = new AdaptiveCards.HostConfig({
        spacing: { small: 4, default: 8, medium: 12, large: 16, padding: 12 },
        fontFamily: "Noto Sans, sans-serif",
        actions: { maxActions: 6, actionsOrientation: "horizontal", buttonSpacing: 8 },
        supportsInteractivity: true,
        containerStyles: {
            emphasis: { backgroundColor: "#f3f2f1" },
            accent: { backgroundColor: "#e5e5f7" },
            good: { backgroundColor: "#e7f2da" },
            warning: { backgroundColor: "#fbf6d9" },
            attention: { backgroundColor: "#f9e5e5" },
        },
    });
    document.body.style.cssText =
        `margin: 8px; columns: ${width}px 4; column-gap: 16px; background: #ddd`;
    return cards.map(payload => {
        const card = new AdaptiveCards.AdaptiveCard();
        card.hostConfig = host;
        card.parse(payload);
        const problems = card.validateProperties().validationEvents.map(event => event.message);
        const element = card.render();
        element.style.cssText += "background: white; margin-bottom: 16px; break-inside: avoid";
        element.style.width = `${width}px`;
        document.body.append(element);
        return { problems, element };
    }).map(({ problems, element }) => ({
        problems,
        text: element.innerText,
        direction: element.dir || getComputedStyle(element).direction,
        width: element.scrollWidth,
        labels: [...element.querySelectorAll("[role=button],button,[aria-label]")]
            .map(button => button.getAttribute("aria-label") || button.innerText),
    }));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with local_page(browser, foreign=[], width=4 * (PHONE + 24)) as page:
        page.add_script_tag(path=RENDERER)
        page.add_script_tag(path=MARKDOWN)
        # As Teams has it.
        page.add_style_tag(content=".ac-actionSet { flex-wrap: wrap; row-gap: 8px }")
        yield page


def block(kind: BlockKind, text: str, level: int = 0, label: str = "", **more: Any) -> Block:
    return Block(kind, level, (Segment(text, text),), label, **more)


def article(strings: Strings) -> Article:
    """An article with blocks of every kind, made of sentences that the bot has in a language."""
    blocks = (
        block("heading", strings.get("suggest-title"), 2),
        block("paragraph", strings.get("talk-who")),
        block("step", f"**{strings.get('send')}**. {strings.get('none-body')}", label="1"),
        block("item", strings.get("welcome-body"), 1),
        block("step", f"{strings.get('show-all-steps')}: [Outlook](https://x.example).", label="2"),
        block("code", "Get-Mailbox -Identity $user |\n    Format-List", 1),
        block("step", strings.get("button-unknown"), label="10"),
        block("note", strings.get("attachments-only"), label="TIP"),
        Block("table", 0, (Segment("a", "Windows"), Segment("b", "Mac")), "head", (1, 1)),
        Block("table", 0, (Segment("c", "Ctrl+C"), Segment("d", strings.get("send"))), "", (1, 1)),
    )
    title = strings.get("welcome-title")
    return Article("a", strings.locale, title, blocks, "https://x.example", "2026-11-20", "CC BY")


def every_card(strings: Strings) -> list[Card]:
    locale = strings.locale
    titles = (strings.get("vanished"), strings.get("talk-greeting"), strings.get("talk-bye"))
    choices = tuple(Suggestion(title, locale, title) for title in titles)
    view = View("https://help.example.com", "r")
    shown = Answer("q", locale, "answer", article(strings), (), also_in="en-US")
    fallen = Answer("q", locale, "answer", article(strings_for("en-US")), ())
    some = Answer("q", locale, "suggest", None, (), choices)
    nothing = Answer("q", locale, "none", None, (), choices)
    chosen = language_set_text(strings, locale)
    return [
        card_for(shown, strings, view),
        card_for(shown, strings, View("https://help.example.com", "r", "unhelpful")),
        card_for(fallen, strings, View(reply="r", rated="explained")),
        card_for(some, strings, view),
        more_card(some, strings, view),
        card_for(nothing, strings, view),
        welcome_card(strings, "@Babeldesk", choices),
        language_card(strings, supported_locales(), locale),
        with_notice(notice_card(strings, strings.get("talk-thanks")), chosen, strings),
        vanished_card(strings),
    ]


def texts(part: object) -> Iterator[str]:
    """Every text that a card shows, without Markdown."""
    if isinstance(part, dict):
        if part.get("type") in ("TextBlock", "TextRun"):
            yield part["text"]
        for value in part.values():
            yield from texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from texts(value)


@pytest.mark.parametrize("locale", LOCALES)
def test_cards_show_all_they_say_and_fit_a_phone(page: Page, locale: str) -> None:
    strings = strings_for(locale)
    cards = every_card(strings)
    found = page.evaluate(_RENDER, [cards, PHONE])
    page.screenshot(path=SCREENSHOTS / f"sheet-{locale}.png", full_page=True)
    for card, drawn in zip(cards, found, strict=True):
        assert drawn["problems"] == []
        assert drawn["direction"] == ("rtl" if card["rtl"] else "ltr")
        assert drawn["width"] <= PHONE, card["speak"]
        seen = "".join(drawn["text"].split())
        for text in texts(card["body"]):
            if not any(mark in text for mark in "*[\\&"):
                assert "".join(text.split()) in seen, text
        for action in card.get("actions", ()):
            assert action["title"] in drawn["labels"]
    thumbs = found[0]["labels"]
    assert {strings.get("helpful-yes"), strings.get("helpful-no")} <= set(thumbs), json.dumps(
        thumbs
    )
