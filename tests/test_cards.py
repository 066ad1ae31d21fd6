from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.answer import Answer, Suggestion
from bot.buttons import OpenArticle
from bot.cards import (
    answer_card,
    card_for,
    fallback_text,
    language_card,
    none_card,
    suggest_card,
    vanished_card,
    welcome_card,
    with_notice,
)
from bot.strings import strings_for
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
    "isSubtle": "1.0",
    "items": "1.0",
    "label": "1.3",
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
    "type": "1.0",
    "url": "1.0",
    "value": "1.0",
    "verb": "1.4",
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
    return answer_card(answer(shown, locale), strings_for(locale))


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
    assert answer_card(answer(shown), strings_for("en-US")) == {
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
        {"title": "Sprache meiner Frage", "value": ""},
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
    card = answer_card(answer(shown, "tr-TR"), strings_for("tr-TR"))
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
    card = answer_card(answer(shown, "ar-SA"), strings_for("ar-SA"))
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
    card = answer_card(answer(article(block("paragraph", "x")), "en-GB"), strings_for("en-GB"))
    assert [element["type"] for element in card["body"]] == ["TextBlock", "TextBlock", "Container"]


@pytest.mark.parametrize(("locale", "rtl"), [("he-IL", True), ("fa-IR", True), ("tr-TR", False)])
def test_the_card_runs_in_the_articles_direction(locale: str, rtl: bool) -> None:
    assert card_of(block("paragraph", "x"), locale=locale)["rtl"] is rtl


def test_a_huge_article_is_cut_at_a_block_and_says_so() -> None:
    steps = [block("step", "字" * 80, label=str(number)) for number in range(1, 1001)]
    card = card_of(*steps, locale="zh-CN", url="https://example.com/printing")
    size = len(json.dumps(card, ensure_ascii=False).encode("utf-16-le"))
    assert 79_000 < size <= 80_000
    *kept, last = content(card)
    assert last["items"][0]["text"] == "文章较长，无法在此处全部显示。"
    labels = [step["columns"][0]["items"][0]["text"] for step in kept]
    assert labels == [f"\u200b{number}." for number in range(1, len(kept) + 1)]
    assert card["fallbackText"].splitlines()[-2] == f"{len(kept)}. {'字' * 80}"
    assert card["actions"][0]["url"] == "https://example.com/printing"


def test_one_block_that_is_too_big_leaves_the_title_and_the_link() -> None:
    card = card_of(block("code", "x" * 50_000), url="https://example.com/printing")
    (notice,) = content(card)
    assert notice["items"][0]["text"] == "The article is too long to be shown here in full."
    assert card["body"][0]["text"] == "Printing"


def test_an_article_can_be_read_in_english_and_back() -> None:
    turkish, english = strings_for("tr-TR"), strings_for("en-US")
    printing = article(block("step", "Open it.", label="1"), locale="tr-TR")
    shown = Answer("q", "tr-TR", "answer", printing, (), also_in="en-US")
    to_english, change = answer_card(shown, turkish)["actions"]
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
    card = answer_card(Answer("q", "tr-TR", "answer", source, (), also_in="tr-TR"), turkish)
    back, _ = card["actions"]
    assert back["title"] == turkish.get("show-in-language", language="Türkçe")
    assert back["data"] == OpenArticle("printing", "tr-TR", "tr-TR").data()
    assert turkish.get("notice-english-instead") not in str(card)
    (alone,) = answer_card(Answer("q", "en-US", "answer", source, ()), english)["actions"]
    assert alone["title"] == english.get("change-language")


def test_where_nothing_fits_what_is_nearest_can_be_opened() -> None:
    nearest = (Suggestion("teams/mute", "tr-TR", "Sesi kapat"),)
    strings = strings_for("tr-TR")
    card = none_card(Answer("q", "tr-TR", "none", None, (), nearest), strings)
    _, _, heading, box, _ = card["body"]
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
    assert card_for(found, french) == answer_card(found, french)
    suggested = Answer("q", "fr-FR", "suggest", None, (), (Suggestion("a", "fr-FR", "A"),))
    assert card_for(suggested, french) == suggest_card(suggested, french)


def test_an_answer_needs_its_article() -> None:
    with pytest.raises(ValueError, match="no article to show"):
        answer_card(answer(None), strings_for("en"))


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
    yield answer_card(answer(shown, "ar-SA"), strings)
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
        kinds = [part.get("type", "") for part in objects(card)]
        assert sum(kind.startswith("Action.") for kind in kinds) <= 6


@pytest.mark.skipif(not SEEDS.exists(), reason="the seed articles are not beside this checkout")
def test_the_seed_article_in_turkish_and_in_arabic() -> None:
    found = {each.locale: each for each in read_corpus([SEEDS])}
    turkish = answer_card(answer(found["tr-TR"], "tr-TR"), strings_for("tr-TR"))
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
    arabic = answer_card(answer(found["ar-SA"], "ar-SA"), strings_for("ar-SA"))
    assert arabic["rtl"]
    assert arabic["body"][0]["text"] == "مزامنة صورة ملف تعريف مستخدم"
