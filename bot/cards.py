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
from bot.buttons import LANGUAGE_FIELD, ChangeLanguage, ChooseLanguage, OpenArticle
from bot.elements import Element, container, elements, text_block
from bot.language.negotiation import is_english
from bot.markdown import card_markdown, card_text
from bot.plaintext import block_text
from bot.strings import Strings, is_rtl, own_name, strings_for
from corpus.article import Article, Block
from corpus.inline import plain

Card = dict[str, Any]

# Teams takes 100 KB a message, counted in UTF-16; the rest is for what goes around the card.
_MOST_BYTES = 80_000


def card_for(answer: Answer, strings: Strings) -> Card:
    """The card of any outcome. `strings` are those of the asker's language."""
    if answer.talk:
        return notice_card(strings, fallback_text(answer, strings))
    match answer.outcome:
        case "answer":
            return answer_card(answer, strings)
        case "suggest":
            return suggest_card(answer, strings)
        case "none":
            return none_card(answer, strings)


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
    body = [
        _title(strings.get("suggest-title")),
        *_choices(answer),
    ]
    return _reply_card(answer, body, strings)


def none_card(answer: Answer, strings: Strings) -> Card:
    """Nothing fits; how to ask so that it may, and what comes nearest."""
    nearest = [text_block(card_text(strings.get("none-nearest")), spacing="Large")]
    body = [
        _title(strings.get("none-title")),
        text_block(card_text(strings.get("none-body"))),
        *(nearest if answer.suggestions else ()),
        *_choices(answer),
    ]
    return _reply_card(answer, body, strings)


def welcome_card(strings: Strings) -> Card:
    """What a newcomer sees first."""
    return _message_card(strings, strings.get("welcome-title"), strings.get("welcome-body"))


def language_card(
    strings: Strings, locales: Sequence[str], chosen: str | None, article_id: str | None = None
) -> Card:
    """Which language to answer in: that of each question, or one of the locales.

    `chosen` is what counts now; `article_id` that of the article to show in the new language.
    """
    title = strings.get("language-title")
    automatic = {"title": strings.get("language-automatic"), "value": ""}
    names = sorted(
        ((own_name(locale, locales), locale) for locale in locales),
        key=lambda name: name[0].casefold(),
    )
    choice = {
        "type": "Input.ChoiceSet",
        "id": LANGUAGE_FIELD,
        "label": title,
        "style": "compact",
        "value": chosen or "",
        "choices": [automatic, *({"title": name, "value": tag} for name, tag in names)],
    }
    data = ChooseLanguage(None, article_id).data()
    submit = {"type": "Action.Submit", "title": strings.get("change-language"), "data": data}
    return _card(strings, [choice], title, [submit])


def language_set_text(strings: Strings, chosen: str | None) -> str:
    """What confirms a choice of language, in the language that answers are in from then on."""
    if chosen is None:
        return strings.get("language-set-automatic")
    return strings.get("language-set", language=strings.language(chosen))


def notice_card(strings: Strings, text: str) -> Card:
    """One sentence of the bot."""
    return _card(strings, [text_block(card_text(text))], text)


def with_notice(card: Card, text: str, strings: Strings) -> Card:
    """The card with a sentence of the bot above it."""
    spoken = {key: f"{text} {card[key]}" for key in ("speak", "fallbackText")}
    return {**card, **spoken, "body": [_notice_box(text, strings), *card["body"]]}


def vanished_card(strings: Strings) -> Card:
    """For a button of an article that has gone since."""
    return notice_card(strings, strings.get("vanished"))


def fallback_text(answer: Answer, strings: Strings) -> str:
    """The answer as plain text in lines, for where no card can be shown."""
    if answer.talk:
        return strings.get(f"talk-{answer.talk}")
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
    return answer.article.completed(strings_for(answer.article.locale).get("shown-in-english"))


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
        _article_footer(article, strings),
    ]
    actions = [
        *_link(article, strings),
        *_other_language(answer, article, strings),
        _change_language(strings, article.id),
    ]
    return {
        **_card(strings, body, _article_text(answer, article, blocks, strings), actions),
        "lang": article.locale.split("-")[0],
        "rtl": is_rtl(article.locale),
        "speak": ". ".join([*_notice_texts(answer, strings), article.title]),
    }


def _notice_texts(answer: Answer, strings: Strings) -> list[str]:
    return [strings.get("notice-english-instead")] if answer.in_english_instead else []


def _notice(answer: Answer, strings: Strings) -> Iterator[Element]:
    for text in _notice_texts(answer, strings):
        yield _notice_box(text, strings)


def _notice_box(text: str, strings: Strings) -> Element:
    return container([text_block(card_text(text))], style="accent", rtl=strings.rtl)


def _too_long(article: Article, blocks: Sequence[Block], strings: Strings) -> Iterator[Element]:
    if len(blocks) < len(_below_title(article)):
        text = text_block(card_text(strings.get("too-long-notice")), isSubtle=True)
        yield container([text], rtl=strings.rtl)


def _article_footer(article: Article, strings: Strings) -> Element:
    facts = [_answered_in(article.locale, strings)]
    if article.updated:
        facts.append(strings.get("updated", date=strings.date(article.updated)))
    lines = [card_text(" · ".join(facts))]
    if article.attribution:
        lines.append(card_markdown([article.attribution]))
    return _footer(lines, strings)


def _footer(lines: Sequence[str], strings: Strings) -> Element:
    small = [text_block(line, size="Small", isSubtle=True, spacing="Small") for line in lines]
    return container(small, separator=True, rtl=strings.rtl)


def _answered_in(locale: str, strings: Strings) -> str:
    return strings.get("answered-in", language=strings.language(locale))


def _reply_card(answer: Answer, body: Sequence[Element], strings: Strings) -> Card:
    """The card of a reply that shows no article."""
    footer = _footer([card_text(_answered_in(answer.language, strings))], strings)
    text = fallback_text(answer, strings)
    return _card(strings, [*body, footer], text, [_change_language(strings)])


def _change_language(strings: Strings, article_id: str | None = None) -> Element:
    data = ChangeLanguage(article_id).data()
    return {"type": "Action.Submit", "title": strings.get("change-language"), "data": data}


def _other_language(answer: Answer, article: Article, strings: Strings) -> Iterator[Element]:
    """What shows the article in its other language in the same card."""
    if answer.also_in is None:
        return
    if is_english(answer.also_in):
        title = strings.get("show-in-english")
    else:
        title = strings.get("show-in-language", language=strings.language(answer.also_in))
    data = OpenArticle(article.id, answer.also_in, answer.language).data()
    yield _in_place(title, data)


def _in_place(title: str, data: dict[str, Any]) -> Element:
    """A button whose card takes the place of the one that it stands on; in clients that can't do
    that, it comes below.
    """
    below = {"type": "Action.Submit", "title": title, "data": data}
    return {
        "type": "Action.Execute",
        "title": title,
        "verb": str(data["action"]),
        "data": data,
        "fallback": below,
    }


def _link(article: Article, strings: Strings) -> list[Element]:
    if article.url is None or urlsplit(article.url).scheme not in ("http", "https"):
        return []
    return [{"type": "Action.OpenUrl", "title": strings.get("source-link"), "url": article.url}]


def _choices(answer: Answer) -> list[Element]:
    return [_choice(suggestion, answer.language) for suggestion in answer.suggestions]


def _choice(suggestion: Suggestion, reader: str) -> Element:
    around = reader if reader != suggestion.locale else None
    data = OpenArticle(suggestion.article_id, suggestion.locale, around).data()
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
