"""What the bot makes of messages and buttons, with a real index and real records."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.answer import Answer, Answerer
from bot.buttons import Explain, OpenArticle, Rate, pressed
from bot.conversation import Helpdesk, Message, Reply, Speaker
from bot.frame import Card
from bot.records import Records
from bot.report import Complaint, LanguageReport
from bot.strings import strings_for
from corpus.article import Article
from index.build import build
from index.embedding import Embedder
from index.search import Searcher
from tests.conftest import copy_starters
from tests.corpora import write_long_article

DENIZ = Speaker("a:1", "deniz", "tr-TR")
TURKISH = strings_for("tr-TR")
PICTURE = "sync-profile-picture"
PICTURE_QUESTION = "Profil resmim SharePoint'te neden güncellenmiyor?"

Starters = dict[tuple[str, str], Article]


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Answerer:
    """Answers from the starter articles and from a long one about badges, in English alone."""
    folder = tmp_path_factory.mktemp("long")
    starters = copy_starters(folder / "starters")
    build([starters, write_long_article(folder / "articles")], folder / "index", embedder)
    searcher = Searcher(folder / "index", embedder)
    return Answerer(lambda: searcher)


@pytest.fixture
def helpdesk(answerer: Answerer, records: Records) -> Iterator[Helpdesk]:
    with ThreadPoolExecutor(1) as executor:
        yield Helpdesk(answerer, records, executor)


async def say(helpdesk: Helpdesk, text: str, number: int = 1, speaker: Speaker = DENIZ) -> Card:
    [reply] = await helpdesk.said(speaker, Message(str(number), text))
    assert reply.card
    return reply.card


def title(card: Card) -> str:
    headings = [element for element in card["body"] if element.get("style") == "heading"]
    return str(headings[0]["text"])


def button(card: Card, label: str) -> Any:
    [data] = [action["data"] for action in card["actions"] if action["title"] == label]
    return pressed(data)


def thumbs(card: Card) -> list[Any]:
    columns = card["body"][-2]["items"][0]["columns"]
    return [pressed(column["selectAction"]["data"]) for column in columns[1:]]


# One's way through a long article.


async def test_a_long_article_opens_at_the_section_that_fits(helpdesk: Helpdesk) -> None:
    card = await say(helpdesk, "I lost my badge, how do I replace it?")
    assert "Report the lost badge to security" in card["fallbackText"]
    assert "Register visitors" not in card["fallbackText"]
    whole = button(card, strings_for("en-US").get("show-all-steps"))
    opened = (await helpdesk.pressed(DENIZ, whole, in_place=True)).card
    assert opened
    for sentence in ("Ask at the reception", "Report the lost badge", "Register visitors"):
        assert sentence in opened["fallbackText"]


async def test_more_shows_the_rest_of_the_article_then_what_comes_next(helpdesk: Helpdesk) -> None:
    await say(helpdesk, "I lost my badge, how do I replace it?")
    whole = await say(helpdesk, "show more", 2)
    assert "Register visitors" in whole["fallbackText"]
    offers = [await say(helpdesk, "more", number) for number in range(3, 9)]
    english = strings_for("en-US")
    assert title(offers[0]) == english.get("more-title")
    assert offers[-1]["speak"] == english.get("more-none")
    offered = [
        pressed(e["selectAction"]["data"]) for c in offers for e in c["body"] if "selectAction" in e
    ]
    names = [each.article_id for each in offered if isinstance(each, OpenArticle)]
    assert len(names) == len(set(names)) >= 6
    assert "badge" not in names


async def test_more_after_a_whole_article_offers_the_next_ones(
    helpdesk: Helpdesk, starters: Starters
) -> None:
    await say(helpdesk, PICTURE_QUESTION)
    card = await say(helpdesk, "devamı", 2)
    assert title(card) == TURKISH.get("more-title")
    offered = [pressed(e["selectAction"]["data"]) for e in card["body"] if "selectAction" in e]
    assert len(offered) == 3
    assert PICTURE not in [each.article_id for each in offered if isinstance(each, OpenArticle)]
    second = await say(helpdesk, "ikincisi", 3)
    assert isinstance(offered[1], OpenArticle)
    assert title(second) == starters["tr-TR", offered[1].article_id].title


async def test_more_without_anything_before_is_a_question(
    helpdesk: Helpdesk, records: Records
) -> None:
    await say(helpdesk, "devamı")
    assert (await records.report()).languages["tr-TR"].outcomes.keys() <= {"none", "suggest"}


async def test_a_few_words_after_an_answer_mean_its_question(helpdesk: Helpdesk) -> None:
    alone = await say(helpdesk, "peki resmim?", 1, Speaker("other", "other", "tr-TR"))
    assert title(alone) != "Kullanıcının profil resmi eşitleme"
    await say(helpdesk, "SharePoint'te eski fotoğrafım görünüyor")
    card = await say(helpdesk, "peki Teams'de?", 2)
    assert "SharePoint" in card["fallbackText"]


async def test_a_question_of_its_own_is_not_taken_for_a_follow_up(
    helpdesk: Helpdesk, starters: Starters
) -> None:
    await say(helpdesk, PICTURE_QUESTION)
    card = await say(
        helpdesk, "peki şifremi unuttum, parolamı nasıl sıfırlarım ve değiştiririm?", 2
    )
    assert title(card) == starters["tr-TR", "reset-password"].title


# Feedback.


async def test_a_thumb_is_kept_and_thanked_for_in_place(
    helpdesk: Helpdesk, records: Records
) -> None:
    card = await say(helpdesk, PICTURE_QUESTION)
    up, down = thumbs(card)
    reply = await helpdesk.pressed(DENIZ, up, in_place=True)
    assert reply.card
    assert TURKISH.get("helpful-thanks") in str(reply.card)
    assert title(reply.card) == title(card)
    assert (await records.report()).languages == {"tr-TR": LanguageReport({"answer": 1}, helpful=1)}
    again = await helpdesk.pressed(DENIZ, up, in_place=True)
    assert again == reply
    await helpdesk.pressed(DENIZ, down, in_place=True)
    assert (await records.report()).languages["tr-TR"] == LanguageReport({"answer": 1}, unhelpful=1)


async def test_who_was_not_helped_is_asked_why(helpdesk: Helpdesk, records: Records) -> None:
    _, down = thumbs(await say(helpdesk, PICTURE_QUESTION))
    card = (await helpdesk.pressed(DENIZ, down, in_place=True)).card
    assert card
    field, sending = card["body"][-2]["items"]
    data = sending["actions"][0]["data"] | {field["id"]: "Mac için adım yok"}
    card = (await helpdesk.pressed(DENIZ, pressed(data), in_place=True)).card
    assert TURKISH.get("helpful-thanks") in str(card)
    report = await records.report()
    assert report.complaints == (Complaint(PICTURE, "tr-TR", "Mac için adım yok"),)
    assert report.languages["tr-TR"].unhelpful == 1


async def test_where_cards_cannot_be_replaced_thanks_come_below(
    helpdesk: Helpdesk, records: Records
) -> None:
    shown = OpenArticle(PICTURE, "tr-TR", reply="r")
    thanks = (await helpdesk.pressed(DENIZ, Rate(shown, helpful=True))).card
    assert thanks
    assert thanks["speak"] == TURKISH.get("helpful-thanks")
    why = (await helpdesk.pressed(DENIZ, Rate(shown, helpful=False))).card
    assert why
    assert why["speak"] == TURKISH.get("helpful-reason")
    thanks = (await helpdesk.pressed(DENIZ, Explain(shown, "Eksik"))).card
    assert thanks
    assert thanks["speak"] == TURKISH.get("helpful-thanks")
    assert (await records.report()).complaints == (Complaint(PICTURE, "tr-TR", "Eksik"),)


async def test_a_thumb_on_an_article_that_is_gone_counts_all_the_same(
    helpdesk: Helpdesk, records: Records
) -> None:
    shown = OpenArticle("gone", "tr-TR", reply="r")
    reply = await helpdesk.pressed(DENIZ, Rate(shown, helpful=True), in_place=True)
    assert reply.card
    assert reply.card["speak"] == TURKISH.get("vanished")
    assert (await records.report()).languages["tr-TR"].helpful == 1


async def test_the_thumbs_stay_with_the_reply_in_english_and_by_follow_ups(
    helpdesk: Helpdesk,
) -> None:
    card = await say(helpdesk, PICTURE_QUESTION)
    [up, _] = thumbs(card)
    english = button(card, TURKISH.get("show-in-english"))
    in_english = (await helpdesk.pressed(DENIZ, english, in_place=True)).card
    asked_for = await say(helpdesk, "İngilizce lütfen", 2)
    for shown in (in_english, asked_for):
        assert shown
        assert thumbs(shown)[0].shown.reply == up.shown.reply is not None


# Records.


async def test_questions_are_kept_with_language_and_outcome(
    helpdesk: Helpdesk, records: Records
) -> None:
    await say(helpdesk, PICTURE_QUESTION, 1)
    await say(helpdesk, "zxcv qwrt", 2)
    await say(helpdesk, "teşekkürler", 3)
    report = await records.report()
    assert sum(sum(row.outcomes.values()) for row in report.languages.values()) == 2
    assert report.languages["tr-TR"].outcomes["answer"] == 1
    assert [question.text for question in report.unanswered] == ["zxcv qwrt"]


async def test_an_edited_question_takes_the_place_of_what_it_was(
    helpdesk: Helpdesk, records: Records
) -> None:
    await say(helpdesk, "zxcv qwrt", 1)
    before = await records.report()
    assert len(before.unanswered) == 1
    await say(helpdesk, PICTURE_QUESTION, 1)
    assert (await records.report()).languages == {"tr-TR": LanguageReport({"answer": 1})}


async def test_a_restart_forgets_nothing(
    answerer: Answerer, tmp_path: Path, starters: Starters
) -> None:
    with ThreadPoolExecutor(1) as executor:
        for number, text in enumerate([PICTURE_QUESTION, "in english please"]):
            records = await Records.open(tmp_path / "records.db")
            card = await say(Helpdesk(answerer, records, executor), text, number)
            await records.close()
    assert title(card) == starters["en-US", PICTURE].title


# Coming and going.


async def test_a_newcomer_gets_three_questions_to_try(
    helpdesk: Helpdesk, starters: Starters
) -> None:
    welcome, examples = await helpdesk.arrived(DENIZ)
    assert welcome.card
    assert title(welcome.card) == TURKISH.get("welcome-title")
    assert (examples.card, examples.text) == (None, TURKISH.get("welcome-examples"))
    titles = {each.title: each for each in starters.values() if each.locale == "tr-TR"}
    assert len(examples.examples) == 3
    for number, example in enumerate(examples.examples):
        assert title(await say(helpdesk, example, number)) == titles[example].title
    assert await helpdesk.arrived(DENIZ) == []


async def test_a_group_gets_them_on_the_card_with_how_to_ask(helpdesk: Helpdesk) -> None:
    group = Speaker("19:team", "deniz", "de-DE", "@Babeldesk")
    [welcome] = await helpdesk.arrived(group)
    assert welcome.card
    german = strings_for("de-DE")
    assert german.get("welcome-group", bot="@Babeldesk") in welcome.card["fallbackText"]
    assert sum("selectAction" in element for element in welcome.card["body"]) == 3
    assert await helpdesk.arrived(group) == []
    assert len(await helpdesk.arrived(DENIZ)) == 2
    await helpdesk.left(group)
    assert len(await helpdesk.arrived(group)) == 1


@pytest.mark.parametrize("text", ["", "help", "HELP!", "?", "/help", "/unknown"])
async def test_who_asks_how_or_uses_an_unknown_command_is_told_how(
    helpdesk: Helpdesk, text: str
) -> None:
    replies: list[Reply] = await helpdesk.said(DENIZ, Message("1", text))
    assert replies[0].card
    assert title(replies[0].card) == TURKISH.get("welcome-title")
    assert len(replies) == 2


async def test_pictures_and_files_alone_are_declined(helpdesk: Helpdesk) -> None:
    [reply] = await helpdesk.said(DENIZ, Message("1", "", has_attachments=True))
    assert reply.card
    assert reply.card["speak"] == TURKISH.get("attachments-only")
    [reply] = await helpdesk.said(DENIZ, Message("2", PICTURE_QUESTION, has_attachments=True))
    assert reply.card
    assert PICTURE in str(reply.card["actions"])


async def test_a_button_of_nobody_is_declined(helpdesk: Helpdesk) -> None:
    reply = await helpdesk.pressed(DENIZ, None)
    assert reply.card
    assert reply.card["speak"] == TURKISH.get("button-unknown")


def test_examples_are_the_same_every_time(answerer: Answerer) -> None:
    assert answerer.examples("tr-TR") == answerer.examples("tr")
    french: list[Any] = [example.locale for example in answerer.examples("fr-FR")]
    assert french == ["en-US"] * 3


def test_offered_articles_that_are_gone_are_left_out(answerer: Answerer) -> None:
    pairs = (("gone", "tr-TR"), (PICTURE, "tr-TR"), (PICTURE, "xx-XX"))
    offered: Answer = answerer.offer(pairs, "tr-TR", "q")
    assert [each.article_id for each in offered.suggestions] == [PICTURE]
