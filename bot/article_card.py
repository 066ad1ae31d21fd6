"""The card of an article: its steps word for word, and what one can do with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.answer import Answer
from bot.buttons import LONGEST_REASON, REASON_FIELD, Explain, OpenArticle, Rate
from bot.elements import Element, container, elements, text_block
from bot.frame import (
    MOST_BYTES,
    PLAIN,
    Card,
    View,
    answered_in,
    ask_person,
    card,
    change_language,
    fits,
    footer,
    in_place,
    notice_box,
    remark,
    size_in_bytes,
    submit,
    title,
)
from bot.language.negotiation import is_english
from bot.markdown import card_markdown, card_text
from bot.plaintext import block_text
from bot.sections import below_title, divisible, sections
from bot.strings import Strings, is_rtl, strings_for
from corpus.article import Article, Block


@dataclass(frozen=True, slots=True)
class _Page:
    """What one card shows of an article: some of its blocks; which of how many parts these are
    (counted from 0), and whether they are of one section alone.
    """

    blocks: tuple[Block, ...]
    part: int = 0
    parts: int = 1
    cut: bool = False


def article_card(answer: Answer, strings: Strings, view: View = PLAIN) -> Card:
    """The card of an article, or of the section of it that was asked for.

    What is too big for a message is folded into parts, each with a button to the next: `view.part`
    is the one to show. Raises ValueError for an answer without an article.
    """
    article = shown_article(answer)
    blocks, cut = _wanted(article, answer.section)
    whole = _page_card(answer, article, _Page(blocks, cut=cut), strings, view)
    if fits(whole):
        return whole
    pages = _pages(answer, article, tuple(divisible(blocks)), strings)
    part = min(view.part, len(pages) - 1)
    page = _Page(pages[part], part, len(pages), cut)
    return _page_card(answer, article, page, strings, view)


def article_text(answer: Answer, strings: Strings) -> str:
    """The article as plain text in lines. Raises ValueError for an answer without one."""
    article = shown_article(answer)
    return _text(answer, article, below_title(article), strings)


def shown_article(answer: Answer) -> Article:
    """The article of an answer, sentences that lack a translation in English.

    Raises ValueError for an answer without one.
    """
    if answer.article is None:
        raise ValueError(f"an answer with outcome {answer.outcome!r} has no article to show")
    return answer.article.completed(strings_for(answer.article.locale).get("shown-in-english"))


def _wanted(article: Article, section: int | None) -> tuple[tuple[Block, ...], bool]:
    """The blocks to show, and whether there are more."""
    found = sections(article)
    if section is None or section >= len(found):
        return below_title(article), False
    return found[section], True


def _pages(
    answer: Answer, article: Article, blocks: tuple[Block, ...], strings: Strings
) -> list[tuple[Block, ...]]:
    """The blocks in few cards, each as full as can be told from the size of each block alone."""
    # Whatever a card may have besides its blocks: room is left for it.
    fullest = View("https://help.example/" + "x" * 500, "x" * 36, "unhelpful")
    frame = _page_card(answer, article, _Page((), 0, 99, cut=True), strings, fullest)
    room = MOST_BYTES - size_in_bytes(frame)
    own = strings_for(article.locale)
    pages: list[list[Block]] = [[]]
    left = room
    for block in blocks:
        size = size_in_bytes([*elements([block], own), f"{block_text(block, own)}\n"])
        if size > left and pages[-1]:
            pages.append([])
            left = room
        pages[-1].append(block)
        left -= size
    return [tuple(page) for page in pages]


def _page_card(answer: Answer, article: Article, page: _Page, strings: Strings, view: View) -> Card:
    shown = OpenArticle(
        article.id,
        article.locale,
        answer.language if answer.language != article.locale else None,
        answer.section if page.cut else None,
        page.part,
        view.reply,
    )
    body = [
        *(notice_box(text, strings) for text in _notices(answer, strings)),
        title(article.title),
        *_remarks(page, strings),
        *elements(page.blocks, strings_for(article.locale)),
        *_rating(shown, strings, view),
        footer(list(_facts(article, strings)), strings),
    ]
    actions = list(_actions(answer, article, page, shown, strings, view))
    text = _text(answer, article, page.blocks, strings)
    return {
        **card(strings, body, text, actions),
        "lang": article.locale.split("-")[0],
        "rtl": is_rtl(article.locale),
        "speak": ". ".join([*_notices(answer, strings), article.title]),
    }


def _notices(answer: Answer, strings: Strings) -> list[str]:
    return [strings.get("notice-english-instead")] if answer.in_english_instead else []


def _remarks(page: _Page, strings: Strings) -> Iterator[Element]:
    if page.cut:
        yield remark(strings.get("section-notice"), strings)
    if page.parts > 1:
        yield remark(strings.get("part", part=page.part + 1, parts=page.parts), strings)


def _facts(article: Article, strings: Strings) -> Iterator[str]:
    facts = [answered_in(article.locale, strings)]
    if article.updated:
        facts.append(strings.get("updated", date=strings.date(article.updated)))
    yield card_text(" · ".join(facts))
    if article.attribution:
        yield card_markdown([article.attribution])


def _actions(
    answer: Answer,
    article: Article,
    page: _Page,
    shown: OpenArticle,
    strings: Strings,
    view: View,
) -> Iterator[Element]:
    """At most six, as Teams hides the others."""
    if page.part + 1 < page.parts:
        following = dataclasses.replace(shown, part=page.part + 1)
        yield submit(strings.get("show-rest"), following.data())
    if page.cut:
        whole = dataclasses.replace(shown, section=None, part=0)
        yield in_place(strings.get("show-all-steps"), whole.data())
    yield from _link(article, strings)
    yield from _other_language(answer, shown, strings)
    yield from ask_person(strings, view)
    # The button to send a reason is one more.
    if view.rated != "unhelpful":
        yield change_language(strings, article.id)


def _link(article: Article, strings: Strings) -> Iterator[Element]:
    if article.url is not None and urlsplit(article.url).scheme in ("http", "https"):
        yield {"type": "Action.OpenUrl", "title": strings.get("source-link"), "url": article.url}


def _other_language(answer: Answer, shown: OpenArticle, strings: Strings) -> Iterator[Element]:
    """What shows the article in its other language in the same card."""
    if answer.also_in is None:
        return
    if is_english(answer.also_in):
        label = strings.get("show-in-english")
    else:
        label = strings.get("show-in-language", language=strings.language(answer.also_in))
    other = dataclasses.replace(shown, locale=answer.also_in, reader=answer.language, part=0)
    yield in_place(label, other.data())


def _rating(shown: OpenArticle, strings: Strings, view: View) -> Iterator[Element]:
    """Whether it helped; then why not, or thanks."""
    if view.reply is None:
        return
    match view.rated:
        case None:
            yield _thumbs(shown, strings)
        case "unhelpful":
            yield container(
                reason_fields(shown, strings), separator=True, spacing="Medium", rtl=strings.rtl
            )
        case _:
            thanks = remark(strings.get("helpful-thanks"), strings)
            yield thanks | {"separator": True, "spacing": "Medium"}


def reason_fields(shown: OpenArticle, strings: Strings) -> list[Element]:
    """Where to say why a reply has not helped."""
    question = strings.get("helpful-reason")
    field = {
        "type": "Input.Text",
        "id": REASON_FIELD,
        "label": question,
        "isMultiline": True,
        "maxLength": LONGEST_REASON,
    }
    send = in_place(strings.get("send"), Explain(shown).data())
    return [field, {"type": "ActionSet", "actions": [send]}]


def _thumbs(shown: OpenArticle, strings: Strings) -> Element:
    question = text_block(card_text(strings.get("helpful-question")), isSubtle=True)
    columns = [
        {"type": "Column", "width": "auto", "items": [question]},
        _thumb("👍", strings.get("helpful-yes"), Rate(shown, helpful=True)),
        _thumb("👎", strings.get("helpful-no"), Rate(shown, helpful=False)),
    ]
    row = {"type": "ColumnSet", "columns": columns}
    return container([row], separator=True, spacing="Medium", rtl=strings.rtl)


def _thumb(mark: str, label: str, pressed: Rate) -> Element:
    # Not a button: there is room for six, and these two would take as much as all others.
    action = in_place(label, pressed.data()) | {"tooltip": label}
    del action["fallback"]  # has no meaning here
    return {
        "type": "Column",
        "width": "auto",
        "verticalContentAlignment": "Center",
        "items": [{"type": "TextBlock", "text": mark}],
        "selectAction": action,
    }


def _text(answer: Answer, article: Article, blocks: Sequence[Block], strings: Strings) -> str:
    lines = [*_notices(answer, strings), article.title]
    own = strings_for(article.locale)
    lines += [block_text(block, own) for block in blocks]
    return "\n".join([*lines, article.url] if article.url else lines)
