"""Answers as Adaptive Cards, version 1.5 (https://adaptivecards.io): pure functions.

An article is shown in its own language and direction; what the bot itself says around it (the
notice, the footer, the buttons) in the reader's, which may run the other way.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from bot.answer import Answer, Suggestion
from bot.elements import Element, container, elements, text_block
from bot.markdown import card_markdown, card_text
from bot.plaintext import block_text
from bot.strings import Strings, is_rtl, strings_for
from corpus.article import Article, Block
from corpus.inline import plain

Card = dict[str, Any]

# Teams takes 100 KB a message, counted in UTF-16; the rest is for what goes around the card.
_MOST_BYTES = 80_000


def card_for(answer: Answer, strings: Strings) -> Card:
    """The card of any outcome. `strings` are those of the asker's language."""
    match answer.outcome:
        case "answer":
            return answer_card(answer, strings)
        case "suggest":
            return suggest_card(answer, strings)
        case "none":
            return none_card(strings)


def answer_card(answer: Answer, strings: Strings) -> Card:
    """The article, its blocks from the beginning as far as a message can hold them.

    Raises ValueError for an answer without an article.
    """
    article = _article(answer)
    blocks = _below_title(article)
    whole = _article_card(answer, article, blocks, strings)
    if _fits(whole):
        return whole

    def too_big(count: int) -> bool:
        return not _fits(_article_card(answer, article, blocks[:count], strings))

    count = bisect.bisect_left(range(len(blocks)), True, key=too_big) - 1
    return _article_card(answer, article, blocks[: max(count, 0)], strings)


def suggest_card(answer: Answer, strings: Strings) -> Card:
    """A box to press for each suggestion; its data name the article, so that nothing is searched.

    No buttons: Teams cuts what stands on them, to a few words on a phone, and titles that are
    alike differ at their ends.
    """
    body = [_title(strings.get("suggest-title")), *map(_choice, answer.suggestions)]
    return _card(strings, body, fallback_text(answer, strings))


def none_card(strings: Strings) -> Card:
    """Nothing fits; how to ask so that it may."""
    return _message_card(strings, strings.get("none-title"), strings.get("none-body"))


def welcome_card(strings: Strings) -> Card:
    """What a newcomer sees first."""
    return _message_card(strings, strings.get("welcome-title"), strings.get("welcome-body"))


def vanished_card(strings: Strings) -> Card:
    """For a button of an article that has gone since."""
    text = strings.get("vanished")
    return _card(strings, [text_block(card_text(text))], text)


def fallback_text(answer: Answer, strings: Strings) -> str:
    """The answer as plain text in lines, for where no card can be shown."""
    match answer.outcome:
        case "answer":
            article = _article(answer)
            return _article_text(answer, article, _below_title(article), strings)
        case "suggest":
            titles = (f"• {suggestion.title}" for suggestion in answer.suggestions)
            return "\n".join([strings.get("suggest-title"), *titles])
        case "none":
            return f"{strings.get('none-title')}\n{strings.get('none-body')}"


def _article(answer: Answer) -> Article:
    if answer.article is None:
        raise ValueError(f"an answer with outcome {answer.outcome!r} has no article to show")
    return answer.article


def _below_title(article: Article) -> tuple[Block, ...]:
    """The blocks without the heading that says what the title says."""
    first = article.blocks[0] if article.blocks else None
    repeated = first and (first.kind, first.level) == ("heading", 1)
    if first and repeated and plain(first.text) == article.title:
        return article.blocks[1:]
    return article.blocks


def _article_card(
    answer: Answer, article: Article, blocks: Sequence[Block], strings: Strings
) -> Card:
    body = [
        *_notice(answer, strings),
        _title(article.title),
        *elements(blocks, strings_for(article.locale)),
        *_too_long(article, blocks, strings),
        _footer(article, strings),
    ]
    return {
        **_card(
            strings, body, _article_text(answer, article, blocks, strings), _link(article, strings)
        ),
        "lang": article.locale.split("-")[0],
        "rtl": is_rtl(article.locale),
        "speak": ". ".join([*_notice_texts(answer, strings), article.title]),
    }


def _notice_texts(answer: Answer, strings: Strings) -> list[str]:
    return [strings.get("notice-english-instead")] if answer.in_english_instead else []


def _notice(answer: Answer, strings: Strings) -> Iterator[Element]:
    for text in _notice_texts(answer, strings):
        yield container([text_block(card_text(text))], style="accent", rtl=strings.rtl)


def _too_long(article: Article, blocks: Sequence[Block], strings: Strings) -> Iterator[Element]:
    if len(blocks) < len(_below_title(article)):
        text = text_block(card_text(strings.get("too-long-notice")), isSubtle=True)
        yield container([text], rtl=strings.rtl)


def _footer(article: Article, strings: Strings) -> Element:
    facts = [strings.get("answered-in", language=strings.language(article.locale))]
    if article.updated:
        facts.append(strings.get("updated", date=strings.date(article.updated)))
    lines = [card_text(" · ".join(facts))]
    if article.attribution:
        lines.append(card_markdown([article.attribution]))
    small = [text_block(line, size="Small", isSubtle=True, spacing="Small") for line in lines]
    return container(small, separator=True, rtl=strings.rtl)


def _link(article: Article, strings: Strings) -> list[Element]:
    if article.url is None or urlsplit(article.url).scheme not in ("http", "https"):
        return []
    return [{"type": "Action.OpenUrl", "title": strings.get("source-link"), "url": article.url}]


def _choice(suggestion: Suggestion) -> Element:
    data = {
        "babeldesk": 1,
        "action": "open",
        "article": suggestion.article_id,
        "locale": suggestion.locale,
    }
    return container(
        [text_block(card_text(suggestion.title), color="Accent", weight="Bolder")],
        style="emphasis",
        spacing="Small",
        rtl=is_rtl(suggestion.locale),
        selectAction={"type": "Action.Submit", "title": suggestion.title, "data": data},
    )


def _message_card(strings: Strings, title: str, text: str) -> Card:
    return _card(strings, [_title(title), text_block(card_text(text))], f"{title}\n{text}")


def _title(text: str) -> Element:
    return text_block(card_text(text), size="Large", weight="Bolder", style="heading")


def _card(
    strings: Strings, body: list[Element], text: str, actions: Sequence[Element] = ()
) -> Card:
    card: Card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "msteams": {"width": "Full"},
        # The schema wants ISO 639-1 here, not a whole tag.
        "lang": strings.locale.split("-")[0],
        "rtl": strings.rtl,
        "speak": text,
        "fallbackText": text,
        "body": body,
    }
    return card | {"actions": list(actions)} if actions else card


def _fits(card: Card) -> bool:
    return len(json.dumps(card, ensure_ascii=False).encode("utf-16-le")) <= _MOST_BYTES


def _article_text(
    answer: Answer, article: Article, blocks: Sequence[Block], strings: Strings
) -> str:
    lines = [*_notice_texts(answer, strings), article.title]
    own = strings_for(article.locale)
    lines += [block_text(block, own) for block in blocks]
    return "\n".join([*lines, article.url] if article.url else lines)
