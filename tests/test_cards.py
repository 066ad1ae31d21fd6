from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.answer import Answer, Suggestion
from bot.article_card import article_card
from bot.buttons import Explain, OpenArticle, Rate, pressed
from bot.cards import (
    card_for,
    fallback_text,
    language_card,
    none_card,
    reason_card,
    suggest_card,
    vanished_card,
    welcome_card,
    with_notice,
)
from bot.frame import View
from bot.strings import Strings, strings_for
from corpus.article import Article, Block, BlockKind, Segment
from corpus.reader import read_corpus
from index.confidence import Outcome

SEEDS = Path(__file__).parents[2] / "shared" / "seeds"

# The version of Adaptive Cards that brought each element and property (adaptivecards.io/explorer).
ELEMENTS = {
    "AdaptiveCard": "1.0",
    "TextBlock": "1.0",
    "Container": "1.0",
    "ColumnSet": "1.0",
    "Column": "1.0",
    "Image": "1.0",
    "RichTextBlock": "1.2",
    "TextRun": "1.2",
    "Table": "1.5",
    "TableRow": "1.5",
    "TableCell": "1.5",
    "Action.OpenUrl": "1.0",
    "Action.Submit": "1.0",
    "Action.Execute": "1.4",
    "ActionSet": "1.2",
    "Input.Text": "1.0",
    "Input.ChoiceSet": "1.0",
}
PROPERTIES = {
    "actions": "1.0",
    "altText": "1.0",
    "body": "1.0",
    "cells": "1.5",
    "choices": "1.0",
    "color": "1.0",
    "columns": "1.0",
    "data": "1.0",
    "fallback": "1.2",
    "fallbackText": "1.0",
    "firstRowAsHeaders": "1.5",
    "fontType": "1.2",
    "id": "1.0",
    "inlines": "1.2",
    "isMultiline": "1.0",
    "isSubtle": "1.0",
    "items": "1.0",
    "label": "1.3",
    "maxLength": "1.0",
    "lang": "1.1",
    "rows": "1.5",
    "rtl": "1.5",
    "selectAction": "1.1",
    "separator": "1.0",
    "size": "1.0",
    "spacing": "1.0",
    "speak": "1.0",
    "style": "1.5",  # of a TextBlock; 1.0 of a Container
    "text": "1.0",
    "title": "1.0",
    "tooltip": "1.5",
    "type": "1.0",
    "url": "1.0",
    "value": "1.0",
    "verb": "1.4",
    "verticalContentAlignment": "1.1",
    "version": "1.0",
    "weight": "1.0",
    "width": "1.0",
    "wrap": "1.0",
}
NOT_VERSIONED = {"$schema", "msteams"}


def block(kind: BlockKind, *texts: str, level: int = 0, label: str = "", **more: Any) -> Block:
    segments = tuple(Segment(f"s{place}", text) for place, text in enumerate(texts))
    return Block(kind, level, segments, label, **more)


def article(*blocks: Block, locale: str = "en-US", **more: Any) -> Article:
    return Article("printing", locale, "Printing", blocks, **more)


def answer(shown: Article | None, language: str = "en-US", outcome: Outcome = "answer") -> Answer:
    return Answer("printer?", language, outcome, shown, ())


def card_of(*blocks: Block, locale: str = "en-US", **more: Any) -> dict[str, Any]:
    shown = article(*blocks, locale=locale, **more)
    return article_card(answer(shown, locale), strings_for(locale))


def content(card: dict[str, Any]) -> list[dict[str, Any]]:
    """What stands between the title and the footer."""
    body: list[dict[str, Any]] = card["body"]
    return body[1:-1]


def text(markdown: str, **more: object) -> dict[str, Any]:
    return {"type": "TextBlock", "text": markdown, "wrap": True, **more}


def column(width: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Column", "width": width, "spacing": "Small", "items": list(items)}


def columns(*columns: dict[str, Any]) -> dict[str, Any]:
    return {"type": "ColumnSet", "spacing": "Small", "columns": list(columns)}


def mark(mark: str) -> dict[str, Any]:
    return column("auto", {"type": "TextBlock", "text": mark})


def objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for key, inner in value.items():
            if key != "data":
                yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def test_the_whole_card() -> None:
    shown = article(
        block("heading", "Printing", level=1),
        block("step", "Open **Settings**.", label="1"),
        url="https://example.com/printing",
        updated="2021-08-03",
        attribution="By [us](https://example.com), CC BY 4.0",
    )
    assert article_card(answer(shown), strings_for("en-US")) == {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "msteams": {"width": "Full"},
        "lang": "en",
        "rtl": False,
        "speak": "Printing",
        "fallbackText": "Printing\n1. Open Settings.\nhttps://example.com/printing",
        "body": [
            text("Printing", size="Large", weight="Bolder", style="heading"),
            columns(mark("\u200b1."), column("stretch", text("Open **Settings**."))),
            {
                "type": "Container",
                "separator": True,
                "rtl": False,
                "items": [
                    text(line, size="Small", isSubtle=True, spacing="Small")
                    for line in (
                        "Answered in English · Updated Aug 3, 2021",
                        "By [us](https://example.com), CC BY 4.0",
                    )
                ],
            },
        ],
        "actions": [
            {
                "type": "Action.OpenUrl",
                "title": "Open the article",
                "url": "https://example.com/printing",
            },
            {
                "type": "Action.Submit",
                "title": "Change language",
                "data": {"babeldesk": 1, "action": "languages", "article": "printing"},
            },
        ],
    }


def test_a_title_that_is_not_the_first_heading_keeps_that_heading() -> None:
    card = card_of(block("heading", "How to print", level=1))
    assert content(card) == [text("How to print", size="Medium", weight="Bolder", style="heading")]


def test_an_article_without_an_address_has_no_link() -> None:
    for url in (None, "javascript:alert(1)"):
        actions = card_of(block("paragraph", "x"), url=url)["actions"]
        assert [action["type"] for action in actions] == ["Action.Submit"]


def test_the_choice_of_a_language() -> None:
    locales = ("tr-TR", "pt-BR", "en-US", "pt-PT")
    card = language_card(strings_for("de-DE"), locales, "pt-PT", "printing")
    [choice] = card["body"]
    assert choice["choices"] == [
        {"title": "Sprache meiner Frage", "value": "auto"},
        {"title": "English", "value": "en-US"},
        {"title": "português (Brasil)", "value": "pt-BR"},
        {"title": "português (Portugal)", "value": "pt-PT"},
        {"title": "Türkçe", "value": "tr-TR"},
    ]
    assert (choice["label"], choice["value"]) == ("In welcher Sprache soll ich antworten?", "pt-PT")
    assert [action["data"] for action in card["actions"]] == [
        {"babeldesk": 1, "action": "language", "article": "printing"}
    ]


def test_each_reply_says_its_language() -> None:
    french = strings_for("fr-FR")
    nothing = card_for(answer(None, "fr-FR", "none"), french)
    suggested = Answer("q", "fr-FR", "suggest", None, (), (Suggestion("a", "fr-FR", "A"),))
    for card in (nothing, card_for(suggested, french)):
        assert card["body"][-1]["items"][0]["text"] == "Langue de la réponse\u00a0: français"
        assert card["actions"][0]["data"] == {"babeldesk": 1, "action": "languages"}


def test_a_notice_stands_above_the_card() -> None:
    card = card_of(block("paragraph", "x"))
    noticed = with_notice(card, "From now on.", strings_for("en-US"))
    assert noticed["body"][1:] == card["body"]
    assert noticed["body"][0]["items"] == [text("From now on.")]
    assert noticed["speak"] == "From now on. Printing"


def test_an_untranslated_sentence_shows_its_english_and_says_so() -> None:
    half = Segment("s1", "", "Then select **Save**.")
    block_of_two = Block("step", 0, (Segment("s0", "Açın."), half), "1")
    shown = Article("printing", "tr-TR", "Yazdırma", (block_of_two,))
    card = article_card(answer(shown, "tr-TR"), strings_for("tr-TR"))
    assert content(card) == [
        columns(
            mark("\u200b1."),
            column("stretch", text("Açın. Then select **Save**. (İngilizce)")),
        )
    ]


def test_each_step_and_item_is_an_element() -> None:
    card = card_of(
        block("step", "One.", "More.", label="1"),
        block("paragraph", "Of one.", level=1),
        block("step", "Inner.", level=1, label="1"),
        block("item", "Deep.", level=2),
    )
    space = column("24px")
    assert content(card) == [
        columns(mark("\u200b1."), column("stretch", text("One. More."))),
        columns(space, column("stretch", text("Of one."))),
        columns(space, mark("\u200b1."), column("stretch", text("Inner."))),
        columns(space, space, mark("•"), column("stretch", text("Deep."))),
    ]


def test_notes_stand_apart_and_keep_their_paragraphs_together() -> None:
    card = card_of(
        block("note", "Wait.", label="WARNING"),
        block("note", "A minute.", label="WARNING"),
        block("note", "By the way.", label="NOTE"),
    )
    assert content(card) == [
        {
            "type": "Container",
            "style": "warning",
            "items": [
                text("Warning", weight="Bolder"),
                text("Wait.", spacing="Small"),
                text("A minute.", spacing="Small"),
            ],
        },
        {
            "type": "Container",
            "style": "emphasis",
            "items": [text("Note", weight="Bolder"), text("By the way.", spacing="Small")],
        },
    ]


def test_code_is_not_read_as_markdown_and_keeps_its_lines() -> None:
    card = card_of(block("code", "Get-Item **/*.log |\n\n    ForEach { $_ }"), locale="ar-SA")
    lines = ["Get-Item **/*.log |", "\u00a0", "\u00a0\u00a0\u00a0\u00a0ForEach { $_ }"]
    assert content(card) == [
        {
            "type": "Container",
            "style": "emphasis",
            "rtl": False,
            "items": [
                {
                    "type": "RichTextBlock",
                    "spacing": "None",
                    "inlines": [{"type": "TextRun", "text": line, "fontType": "Monospace"}],
                }
                for line in lines
            ],
        }
    ]


def test_tables() -> None:
    card = card_of(
        block("table", "Key", "Does", label="head", cells=(1, 1)),
        block("table", "**Ctrl**", "+ P", "Prints", cells=(2, 1)),
        block("table", "Esc", cells=(1,)),
        block("table", "Other", label="head", cells=(1,)),
    )
    first, second = content(card)
    shown = [[cell["items"][0]["text"] for cell in row["cells"]] for row in first["rows"]]
    assert shown == [["Key", "Does"], ["**Ctrl** + P", "Prints"], ["Esc", ""]]
    assert first["columns"] == [{"width": 1}, {"width": 1}]
    assert first["firstRowAsHeaders"]
    assert second == {
        "type": "Table",
        "firstRowAsHeaders": True,
        "columns": [{"width": 1}],
        "rows": [
            {"type": "TableRow", "cells": [{"type": "TableCell", "items": [text("Other")]}]},
        ],
    }


def test_images_are_shown_only_from_absolute_https_addresses() -> None:
    card = card_of(
        block("image", "The *tile*", label="https://example.com/tile.png"),
        block("image", label="https://example.com/tile.png"),
        block("image", "The tile", label="media/tile.png"),
        block("image", "The tile", label="http://example.com/tile.png"),
    )
    assert content(card) == [
        {"type": "Image", "url": "https://example.com/tile.png", "altText": "The tile"},
        {"type": "Image", "url": "https://example.com/tile.png", "altText": "Image"},
        text("*The tile*"),
        text("*The tile*"),
    ]


def test_damaged_markdown_shows_and_spares_the_rest() -> None:
    card = card_of(block("paragraph", "Klicken ** Sie.", "Dann **OK**."), locale="de-DE")
    assert content(card) == [text("Klicken \\*\\* Sie. Dann **OK**.")]


def test_the_english_notice_runs_in_the_readers_direction() -> None:
    shown = article(block("note", "Wait.", label="NOTE"))
    card = article_card(answer(shown, "ar-SA"), strings_for("ar-SA"))
    notice, _, note, footer = card["body"]
    told = "هذه المقالة غير متوفرة بلغتك، لذا تُعرض الخطوات باللغة الإنجليزية."
    assert notice == {"type": "Container", "style": "accent", "rtl": True, "items": [text(told)]}
    assert note["items"][0] == text("Note", weight="Bolder")  # in the article's own language
    assert footer["rtl"]
    assert footer["items"][0]["text"] == "لغة الإجابة: \u2068الإنجليزية\u2069"
    assert (card["rtl"], card["lang"]) == (False, "en")
    assert card["speak"] == f"{told}. Printing"
    assert card["fallbackText"] == f"{told}\nPrinting\n[Note] Wait."


def test_readers_of_english_get_no_notice() -> None:
    card = article_card(answer(article(block("paragraph", "x")), "en-GB"), strings_for("en-GB"))
    assert [element["type"] for element in card["body"]] == ["TextBlock", "TextBlock", "Container"]


@pytest.mark.parametrize(("locale", "rtl"), [("he-IL", True), ("fa-IR", True), ("tr-TR", False)])
def test_the_card_runs_in_the_articles_direction(locale: str, rtl: bool) -> None:
    assert card_of(block("paragraph", "x"), locale=locale)["rtl"] is rtl


def all_parts(shown: Article, strings: Strings) -> list[dict[str, Any]]:
    """The cards that one gets by going on from part to part."""
    cards = [article_card(answer(shown, strings.locale), strings)]
    while following := [a for a in cards[-1]["actions"] if a["title"] == strings.get("show-rest")]:
        button = pressed(following[0]["data"])
        assert isinstance(button, OpenArticle)
        assert button.part == len(cards)
        view = View(part=button.part)
        cards.append(article_card(answer(shown, strings.locale), strings, view))
    return cards


def test_a_huge_article_is_folded_into_parts_and_loses_no_step() -> None:
    steps = [block("step", "字" * 80, label=str(number)) for number in range(1, 1001)]
    chinese = strings_for("zh-CN")
    cards = all_parts(article(*steps, locale="zh-CN", url="https://example.com/"), chinese)
    sizes = [len(json.dumps(card, ensure_ascii=False).encode("utf-16-le")) for card in cards]
    assert max(sizes) <= 80_000
    assert all(size > 65_000 for size in sizes[:-1])
    labels = []
    for number, card in enumerate(cards, 1):
        part, *kept = content(card)
        assert part["items"][0]["text"] == f"第 {number} 部分，共 {len(cards)} 部分"
        labels += [step["columns"][0]["items"][0]["text"] for step in kept]
        assert card["actions"][-2]["url"] == "https://example.com/"
    assert labels == [f"\u200b{number}." for number in range(1, 1001)]


@pytest.mark.parametrize("kind", ["code", "paragraph", "step"])
def test_one_block_that_is_too_big_is_divided(kind: BlockKind) -> None:
    words = " ".join(str(number) for number in range(20_000))
    cards = all_parts(article(block(kind, words, label="1")), strings_for("en-US"))
    assert len(cards) > 1
    shown = " ".join(found for card in cards for found in re.findall(r"\d+", card["fallbackText"]))
    assert [n for n in shown.split() if n != "1"] == [n for n in words.split() if n != "1"]


def test_a_part_that_is_not_there_shows_the_last_one() -> None:
    steps = [block("step", "x" * 80, label=str(number)) for number in range(1, 1001)]
    last = all_parts(article(*steps), strings_for("en-US"))[-1]
    beyond = View(part=99)
    assert article_card(answer(article(*steps)), strings_for("en-US"), beyond) == last


def long_article(locale: str = "en-US") -> Article:
    parts = [
        block("heading" if n % 6 == 0 else "paragraph", f"{n}", level=2 if n % 6 == 0 else 0)
        for n in range(18)
    ]
    return article(*parts, locale=locale, url="https://example.com/")


def test_one_section_is_shown_with_a_way_to_all_steps() -> None:
    english = strings_for("en-US")
    found = Answer("q", "en-US", "answer", long_article(), (), section=1)
    card = article_card(found, english, View(reply="r"))
    notice, heading, *_ = content(card)
    assert notice["items"][0]["text"] == english.get("section-notice")
    assert heading["text"] == "6"
    assert card["fallbackText"].split() == [
        "Printing",
        *map(str, range(6, 12)),
        "https://example.com/",
    ]
    whole = card["actions"][0]
    assert (whole["type"], whole["title"]) == ("Action.Execute", english.get("show-all-steps"))
    assert pressed(whole["data"]) == OpenArticle("printing", "en-US", reply="r")
    unfolded = article_card(replace(found, section=None), english, View(reply="r"))
    assert unfolded["fallbackText"].split()[1:-1] == [str(n) for n in range(18)]
    assert english.get("show-all-steps") not in str(unfolded)


def test_the_english_of_a_section_is_that_section() -> None:
    turkish = strings_for("tr-TR")
    found = Answer("q", "tr-TR", "answer", long_article("tr-TR"), (), also_in="en-US", section=2)
    [english] = [
        action
        for action in article_card(found, turkish)["actions"]
        if action["title"] == turkish.get("show-in-english")
    ]
    assert pressed(english["data"]) == OpenArticle("printing", "en-US", "tr-TR", 2)


def test_a_section_that_is_gone_shows_the_whole_article() -> None:
    found = Answer("q", "en-US", "answer", long_article(), (), section=7)
    assert article_card(found, strings_for("en-US")) == article_card(
        replace(found, section=None), strings_for("en-US")
    )


def test_a_reply_asks_whether_it_helped() -> None:
    shown = article(block("step", "Open it.", label="1"), locale="tr-TR")
    turkish = strings_for("tr-TR")
    card = article_card(answer(shown, "tr-TR"), turkish, View(reply="r"))
    question, yes, no = card["body"][-2]["items"][0]["columns"]
    assert question["items"][0]["text"] == "Bu yanıt yardımcı oldu mu?"
    opened = OpenArticle("printing", "tr-TR", reply="r")
    for thumb, mark, label, button in (
        (yes, "👍", "helpful-yes", Rate(opened, helpful=True)),
        (no, "👎", "helpful-no", Rate(opened, helpful=False)),
    ):
        assert thumb["items"][0]["text"] == mark
        action = thumb["selectAction"]
        assert (action["type"], action["title"]) == ("Action.Execute", turkish.get(label))
        assert pressed(action["data"]) == button
    assert "👍" not in str(article_card(answer(shown, "tr-TR"), turkish))


def test_who_was_not_helped_may_say_why() -> None:
    english = strings_for("en-US")
    shown = answer(article(block("step", "Open it.", label="1")))
    card = article_card(shown, english, View(reply="r", rated="unhelpful"))
    field, sending = card["body"][-2]["items"]
    assert (field["type"], field["label"]) == ("Input.Text", english.get("helpful-reason"))
    [send] = sending["actions"]
    said = send["data"] | {field["id"]: " no Mac "}
    assert pressed(said) == Explain(OpenArticle("printing", "en-US", reply="r"), "no Mac")
    assert "👍" not in str(card)
    for rated in ("helpful", "explained"):
        thanked = article_card(shown, english, View(reply="r", rated=rated))
        assert thanked["body"][-2]["items"][0]["text"] == english.get("helpful-thanks")


def test_every_reply_leads_to_the_help_desk_where_there_is_one() -> None:
    turkish = strings_for("tr-TR")
    printing = article(block("step", "Open it.", label="1"), locale="tr-TR")
    for shown in (
        answer(printing, "tr-TR"),
        answer(None, "tr-TR", "none"),
        Answer("q", "tr-TR", "suggest", None, (), (Suggestion("a", "tr-TR", "A"),)),
    ):
        card = card_for(shown, turkish, View("mailto:help@example.com"))
        [person] = [action for action in card["actions"] if "url" in action]
        assert person == {
            "type": "Action.OpenUrl",
            "title": "Bir yetkiliye sor",
            "url": "mailto:help@example.com",
        }
        assert turkish.get("ask-person") not in str(card_for(shown, turkish))


def test_the_welcome_in_a_group_says_how_to_ask() -> None:
    german = strings_for("de-DE")
    examples = [Suggestion("a", "de-DE", "Drucker einrichten")]
    card = welcome_card(german, "@Babeldesk", examples)
    assert german.get("welcome-group", bot="@Babeldesk") in str(card)
    assert pressed(card["body"][-1]["selectAction"]["data"]) == OpenArticle("a", "de-DE")


def test_an_article_can_be_read_in_english_and_back() -> None:
    turkish, english = strings_for("tr-TR"), strings_for("en-US")
    printing = article(block("step", "Open it.", label="1"), locale="tr-TR")
    shown = Answer("q", "tr-TR", "answer", printing, (), also_in="en-US")
    to_english, change = article_card(shown, turkish)["actions"]
    assert to_english == {
        "type": "Action.Execute",
        "title": turkish.get("show-in-english"),
        "verb": "open",
        "data": OpenArticle("printing", "en-US", "tr-TR").data(),
        "fallback": {
            "type": "Action.Submit",
            "title": turkish.get("show-in-english"),
            "data": OpenArticle("printing", "en-US", "tr-TR").data(),
        },
    }
    assert change["title"] == turkish.get("change-language")
    source = article(block("step", "Open it.", label="1"))
    card = article_card(Answer("q", "tr-TR", "answer", source, (), also_in="tr-TR"), turkish)
    back, _ = card["actions"]
    assert back["title"] == turkish.get("show-in-language", language="Türkçe")
    assert back["data"] == OpenArticle("printing", "tr-TR", "tr-TR").data()
    assert turkish.get("notice-english-instead") not in str(card)
    (alone,) = article_card(Answer("q", "en-US", "answer", source, ()), english)["actions"]
    assert alone["title"] == english.get("change-language")


def test_where_nothing_fits_what_is_nearest_can_be_opened() -> None:
    nearest = (Suggestion("teams/mute", "tr-TR", "Sesi kapat"),)
    strings = strings_for("tr-TR")
    card = none_card(Answer("q", "tr-TR", "none", None, (), nearest), strings)
    _, _, example, heading, box, _ = card["body"]
    assert example["text"] == strings.get("none-example")
    assert heading["text"] == strings.get("none-nearest")
    assert box["selectAction"]["data"] == OpenArticle("teams/mute", "tr-TR").data()
    assert strings.get("none-nearest") not in str(none_card(answer(None, "tr-TR", "none"), strings))


def test_small_talk_is_a_sentence() -> None:
    strings = strings_for("de-DE")
    card = card_for(Answer("hallo", "de-DE", "none", None, (), talk="greeting"), strings)
    assert [item["text"] for item in card["body"]] == [strings.get("talk-greeting")]
    assert card["speak"] == card["fallbackText"] == strings.get("talk-greeting")


def test_suggestions_name_the_article_and_not_its_words() -> None:
    long = "Set up multifactor authentication for all the *users* of your organization"
    choices = (Suggestion("teams/mute", "ar-SA", "كتم الصوت"), Suggestion("mfa", "en-US", long))
    suggested = Answer("q", "ar-SA", "suggest", None, (), choices)
    card = suggest_card(suggested, strings_for("ar-SA"))
    title, *boxes, _ = card["body"]
    assert title["text"] == "هل تقصد إحدى هذه المقالات؟"
    assert [(box["rtl"], box["selectAction"]) for box in boxes] == [
        (
            True,
            {
                "type": "Action.Submit",
                "title": "كتم الصوت",
                "data": {
                    "babeldesk": 1,
                    "action": "open",
                    "article": "teams/mute",
                    "locale": "ar-SA",
                },
            },
        ),
        (
            False,
            {
                "type": "Action.Submit",
                "title": long,
                "data": {
                    "babeldesk": 1,
                    "action": "open",
                    "article": "mfa",
                    "locale": "en-US",
                    "reader": "ar-SA",
                },
            },
        ),
    ]
    assert boxes[1]["items"] == [
        text(
            "Set up multifactor authentication for all the \\*users\\* of your organization",
            color="Accent",
            weight="Bolder",
        )
    ]
    assert card["fallbackText"] == f"هل تقصد إحدى هذه المقالات؟\n• كتم الصوت\n• {long}"


def test_cards_that_only_say_something() -> None:
    hebrew = strings_for("he-IL")
    nothing = answer(None, "he-IL", "none")
    assert [element["text"] for element in none_card(nothing, hebrew)["body"][:2]] == [
        "לא נמצא מאמר מתאים",
        "כדאי לנסות מילים אחרות. מומלץ לציין את שם המוצר ולתאר מה קורה.",
    ]
    assert welcome_card(hebrew)["body"][0]["text"] == "איך אפשר לעזור?"
    assert vanished_card(hebrew)["body"] == [text("המאמר הזה כבר אינו זמין.")]
    for card in (none_card(nothing, hebrew), welcome_card(hebrew), vanished_card(hebrew)):
        assert (card["lang"], card["rtl"], card["version"]) == ("he", True, "1.5")


def test_each_outcome_has_its_card_and_its_text() -> None:
    french = strings_for("fr-FR")
    nothing = answer(None, "fr-FR", "none")
    assert card_for(nothing, french) == none_card(nothing, french)
    assert fallback_text(nothing, french) == none_card(nothing, french)["fallbackText"]
    found = answer(article(block("paragraph", "x"), locale="fr-FR"), "fr-FR")
    assert card_for(found, french) == article_card(found, french)
    suggested = Answer("q", "fr-FR", "suggest", None, (), (Suggestion("a", "fr-FR", "A"),))
    assert card_for(suggested, french) == suggest_card(suggested, french)


def test_an_answer_needs_its_article() -> None:
    with pytest.raises(ValueError, match="no article to show"):
        article_card(answer(None), strings_for("en"))


def test_every_kind_of_block_in_plain_text() -> None:
    shown = article(
        block("heading", "Steps", level=2),
        block("step", "Open [it](https://example.com).", label="1"),
        block("item", "**Deep**", level=1),
        block("note", "Wait.", label="TIP"),
        block("code", "a * b\n  c"),
        block("table", "Key", "Does", cells=(1, 1)),
        block("image", "The tile", label="a.png"),
        block("paragraph", "End."),
        locale="de-DE",
    )
    assert fallback_text(answer(shown, "de-DE"), strings_for("de-DE")) == (
        "Printing\n\nSteps\n1. Open it.\n   • Deep\n[Tipp] Wait.\na * b\n  c\nKey | Does\n"
        "[The tile]\nEnd."
    )


def every_card() -> Iterator[dict[str, Any]]:
    strings = strings_for("ar-SA")
    shown = article(
        block("heading", "H", level=3),
        block("paragraph", "p"),
        block("step", "s", label="1"),
        block("item", "i", level=1),
        *(block("note", "n", label=kind) for kind in ("NOTE", "TIP", "IMPORTANT", "CAUTION")),
        block("table", "a", label="head", cells=(1,)),
        block("code", "c"),
        block("image", "alt", label="https://example.com/a.png"),
        url="https://example.com",
        updated="2021-08-03",
        attribution="Us",
    )
    choices = tuple(Suggestion(str(number), "en-US", "long " * 20) for number in range(3))
    yield article_card(answer(shown, "ar-SA"), strings)
    long = replace(long_article(), url="https://example.com", attribution="Us")
    section = Answer("q", "ar-SA", "answer", long, (), also_in="ar-SA", section=1)
    yield article_card(section, strings, View("https://example.com/help", "r"))
    huge = article(*(block("step", "x" * 99, label="1") for _ in range(999)), url="https://x.com")
    huge_section = replace(
        section, article=replace(huge, blocks=long.blocks + huge.blocks), section=2
    )
    for rated in ("helpful", "unhelpful", "explained"):
        yield article_card(huge_section, strings, View("https://example.com/help", "r", rated))
    yield reason_card(OpenArticle("printing", "en-US", reply="r"), strings)
    yield welcome_card(strings, "@Babeldesk", choices)
    yield suggest_card(Answer("q", "ar-SA", "suggest", None, (), choices), strings)
    nothing = Answer("q", "ar-SA", "none", None, ())
    yield from (none_card(nothing, strings), welcome_card(strings), vanished_card(strings))
    yield language_card(strings, ("ar-SA", "en-US"), None)


def test_nothing_is_newer_than_version_1_5() -> None:
    for card in every_card():
        for part in objects(card):
            assert ELEMENTS.get(part.get("type", "AdaptiveCard"), "9") <= "1.5", part
            for name in part.keys() - NOT_VERSIONED:
                assert PROPERTIES[name] <= "1.5", name


def test_at_most_six_buttons() -> None:
    for card in every_card():
        buttons = list(card.get("actions", ()))
        buttons += [
            a for part in objects(card) for a in part.get("actions", ()) if part is not card
        ]
        assert len(buttons) <= 6


@pytest.mark.skipif(not SEEDS.exists(), reason="the seed articles are not beside this checkout")
def test_the_seed_article_in_turkish_and_in_arabic() -> None:
    found = {each.locale: each for each in read_corpus([SEEDS])}
    turkish = article_card(answer(found["tr-TR"], "tr-TR"), strings_for("tr-TR"))
    steps = [each["columns"] for each in content(turkish) if each["type"] == "ColumnSet"]
    assert [number["items"][0]["text"] for number, _ in steps] == ["\u200b1.", "\u200b2."]
    assert steps[1][1]["items"][0]["text"] == (
        "İş veya Okul hesapla oturum açın ve OneDrive veya SharePoint Döşe'yi tıklatın."
    )
    assert turkish["body"][0]["text"] == "Kullanıcının profil resmi eşitleme"
    assert content(turkish)[-1]["text"] == (
        "[Office 365'te profil resmi eşitleme hakkında bilgi]"
        "(https://go.microsoft.com/fwlink/?linkid=875586)"
    )
    arabic = article_card(answer(found["ar-SA"], "ar-SA"), strings_for("ar-SA"))
    assert arabic["rtl"]
    assert arabic["body"][0]["text"] == "مزامنة صورة ملف تعريف مستخدم"
