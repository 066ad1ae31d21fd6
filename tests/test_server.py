from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from botbuilder.schema import Activity
from pytest_aiohttp import AiohttpClient, AiohttpServer

from bot.answer import Answer, Answerer, Asker, Suggestion
from bot.app import create_app
from bot.buttons import ChangeLanguage, ChooseLanguage, OpenArticle, Rate
from bot.cards import (
    card_for,
    language_card,
    language_set_text,
    notice_card,
    vanished_card,
    welcome_card,
    with_notice,
)
from bot.config import Config, ConfigError
from bot.conversation import Message, Speaker, reply_id
from bot.frame import View
from bot.records import Records
from bot.strings import strings_for
from corpus.article import Article, Block, Segment
from tests.fake_connector import APP_ID, Connector, activity

LOCAL = Config(local=True, port=0)
ADAPTIVE_CARD = "application/vnd.microsoft.card.adaptive"

Client = TestClient[web.Request, web.Application]
Say = Callable[..., Awaitable[ClientResponse]]


def article(locale: str, title: str, *steps: str) -> Article:
    numbered = enumerate(steps, 1)
    blocks = tuple(Block("step", 0, (Segment(str(n), text),), str(n)) for n, text in numbered)
    url = f"https://support.example/{locale}/picture"
    return Article("account/picture", locale, title, blocks, url, "2026-01-20")


TURKISH = article("tr-TR", "Profil resmini değiştirme", "Resminizi seçin.", "**Kaydet**'i seçin.")
ARABIC = article("ar-SA", "تغيير صورة الملف الشخصي", "اختر صورتك.", "حدد **حفظ**.")
ENGLISH = article(
    "en-US", "Change your profile picture", "Select your picture.", "Select **Save**."
)
ARTICLES = {shown.locale: shown for shown in (TURKISH, ARABIC, ENGLISH)}
NOBODY = Asker()
SUGGESTION = Suggestion("account/picture", "tr-TR", TURKISH.title)

asked: list[tuple[str, Asker, str]] = []


class Scripted(Answerer):
    """Answers in the language of a few known words, or in the one that was chosen; else as little
    as it can.
    """

    def __init__(self) -> None:
        super().__init__(NotImplemented)

    def answer(self, text: str, asker: Asker = NOBODY, looked_up: str | None = None) -> Answer:
        asked.append((text, asker, threading.current_thread().name))
        match looked_up or text:
            case "Profil resmimi nasıl değiştiririm?" if asker.chosen:
                return Answer(text, asker.chosen, "answer", ARTICLES[asker.chosen], ())
            case "Profil resmimi nasıl değiştiririm?":
                return Answer(text, "tr-TR", "answer", TURKISH, ())
            case "كيف أغير صورتي؟":
                return Answer(text, "ar-SA", "answer", ARABIC, ())
            case "Comment changer ma photo ?":
                return Answer(text, "fr", "answer", ENGLISH, ())
            case "resim":
                return Answer(text, "tr-TR", "suggest", None, (), (SUGGESTION,))
            case "fail":
                raise LookupError("the secret of the index")
            case "teşekkürler":
                return Answer(text, "tr-TR", "none", None, (), talk="thanks")
        return Answer(text, "en-US", "none", None, ())

    def open_article(
        self, article_id: str, wanted: str, reader: str | None = None, section: int | None = None
    ) -> Answer | None:
        if article_id != "account/picture" or wanted not in ARTICLES:
            return None
        found = Answer("", reader or wanted, "answer", ARTICLES[wanted], (), also_in=reader)
        return replace(found, section=section)

    def offer(self, articles: Sequence[tuple[str, str]], language: str, question: str) -> Answer:
        titles = tuple(Suggestion(name, locale, name.title()) for name, locale in articles)
        return Answer(question, language, "suggest", None, (), titles)

    def examples(self, tag: str) -> tuple[Suggestion, ...]:
        return (SUGGESTION,) if tag.startswith("tr") else ()

    def languages(self) -> tuple[str, ...]:
        return tuple(sorted(ARTICLES))


ANSWERER = Scripted()


def opening(article_id: str = "account/picture", locale: str = "tr-TR") -> dict[str, Any]:
    return {"babeldesk": 1, "action": "open", "article": article_id, "locale": locale}


EDITED = {"type": "messageUpdate", "channelData": {"eventType": "editMessage"}}
CHANNEL = {"id": "19:c@thread.tacv2;messageid=1", "conversationType": "channel"}
MENTION = {
    "type": "mention",
    "text": "<at>Babeldesk</at>",
    "mentioned": {"id": "28:bot", "name": "Babeldesk"},
}
BOT_ADDED = {"type": "conversationUpdate", "membersAdded": [{"id": "28:bot"}, {"id": "29:user"}]}
INSTALLED = {"type": "installationUpdate", "action": "add"}
# Every message of these tests has the same id in the same conversation.
REPLY = reply_id(Speaker("a:1@unq", "a-b-c"), Message("1485983408511", ""))


def shown(answer: Answer, reply: str | None = REPLY) -> dict[str, Any]:
    return card_for(answer, strings_for(answer.language), View(reply=reply))


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, records: Records) -> Client:
    asked.clear()
    return await aiohttp_client(create_app(LOCAL, ANSWERER, records, lambda: True))


@pytest.fixture
def connector() -> Connector:
    return Connector()


@pytest.fixture
async def say(client: Client, connector: Connector, aiohttp_server: AiohttpServer) -> Say:
    """Sends an activity to the bot, with the connector as the service to reply to."""
    app = web.Application()
    connector.add_to(app.router)
    server = await aiohttp_server(app)

    async def send(text: str | None = None, **changes: object) -> ClientResponse:
        body = activity(text, **{"serviceUrl": str(server.make_url("/"))} | changes)
        return await client.post("/api/messages", json=body)

    return send


def card_of(message: dict[str, Any]) -> dict[str, Any]:
    [attachment] = message["attachments"]
    assert attachment["contentType"] == ADAPTIVE_CARD
    content: dict[str, Any] = attachment["content"]
    return content


# A message.


async def test_a_question_gets_a_typing_indicator_and_its_card(
    say: Say, connector: Connector
) -> None:
    response = await say("Profil resmimi nasıl değiştiririm?", locale="tr-TR")
    assert (response.status, await response.read()) == (200, b"")
    typing, message = connector.activities
    assert (typing["type"], message["type"]) == ("typing", "message")
    assert "Resminizi seçin." in str(message)
    assert card_of(message) == shown(Answer("", "tr-TR", "answer", TURKISH, ()))
    assert message["summary"] == message["speak"] == TURKISH.title
    assert (message["locale"], message.get("text")) == ("tr-TR", None)
    assert message["replyToId"] == "1485983408511"


async def test_the_answer_is_worked_out_off_the_event_loop(say: Say) -> None:
    await say("hello", locale="de-DE")
    [(text, asker, thread)] = asked
    assert (text, asker) == ("hello", Asker(client="de-DE"))
    assert thread.startswith("answer")


async def test_the_reply_is_in_the_language_of_the_answer(say: Say, connector: Connector) -> None:
    await say("Comment changer ma photo ?", locale="en-US")
    [message] = connector.messages
    card = card_of(message)
    notice = strings_for("fr").get("notice-english-instead")
    assert message["locale"] == "fr"
    assert message["speak"] == f"{notice}. {ENGLISH.title}"
    assert card == shown(Answer("", "fr", "answer", ENGLISH, ()))


async def test_arabic_runs_from_right_to_left(say: Say, connector: Connector) -> None:
    await say("كيف أغير صورتي؟")
    card = card_of(connector.messages[0])
    assert card["rtl"] is True
    assert "اختر صورتك." in str(card)


async def test_expected_replies_are_the_card_alone(say: Say, connector: Connector) -> None:
    response = await say("Profil resmimi nasıl değiştiririm?", deliveryMode="expectReplies")
    assert response.status == 200
    [message] = (await response.json())["activities"]
    assert card_of(message) == shown(Answer("", "tr-TR", "answer", TURKISH, ()))
    assert connector.requests == []


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("<at>Babeldesk</at> resim", "resim"),
        ("<at>Babeldesk</at>&nbsp;What is Babeldesk?\n", "What is Babeldesk?"),
        ('Hi <at id="0">Babel\ndesk</at>,  a\tb', "Hi , a b"),
        ("<AT>Babeldesk</AT> is 1 &lt; 2 &amp; 3?", "is 1 < 2 & 3?"),
        ("<attic> stays", "<attic> stays"),
        ("x" * 3000, "x" * 2000),
    ],
)
async def test_a_mention_is_no_part_of_the_question(say: Say, text: str, question: str) -> None:
    response = await say(text, entities=[MENTION], conversation=CHANNEL)
    assert response.status == 200
    assert [text for text, _, _ in asked] == [question]


@pytest.mark.parametrize("entity", [{"type": "mention"}, {}, {"type": "mention", "mentioned": {}}])
async def test_a_damaged_mention_does_no_harm(
    say: Say, connector: Connector, entity: dict[str, Any]
) -> None:
    await say("<at>Babeldesk</at> resim", entities=[entity])
    assert card_of(connector.messages[0]) == shown(ANSWERER.answer("resim"))


@pytest.mark.parametrize(
    "text", [None, "", " \n", "<at>Babeldesk</at> ", "Help", "<at>Babeldesk</at> help"]
)
async def test_no_question_and_help_get_the_welcome(
    say: Say, connector: Connector, text: str | None
) -> None:
    await say(text, locale="el-GR")
    [message] = connector.messages
    assert card_of(message) == welcome_card(strings_for("el-GR"))
    assert asked == []


async def test_a_failing_answer_is_logged_and_excused_in_the_users_language(
    say: Say, connector: Connector, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await say("fail", locale="tr-TR")).status == 200
    assert [message["text"] for message in connector.messages] == [
        strings_for("tr-TR").get("error-turn")
    ]
    assert "the secret of the index" in caplog.text


# Buttons.


async def test_a_button_opens_its_article_and_asks_nothing(say: Say, connector: Connector) -> None:
    await say("resim")
    button = card_of(connector.messages[0])["body"][1]["selectAction"]
    asked.clear()
    await say(None, value=button["data"])
    assert card_of(connector.messages[1]) == shown(Answer("", "tr-TR", "answer", TURKISH, ()))
    assert asked == []


async def test_a_button_of_an_article_that_is_gone_says_so(say: Say, connector: Connector) -> None:
    await say(None, value=opening("account/gone"), locale="tr-TR")
    assert card_of(connector.messages[0]) == vanished_card(strings_for("tr-TR"))


@pytest.mark.parametrize(
    "value",
    [
        {"babeldesk": 2, "action": "open", "article": "account/picture", "locale": "tr-TR"},
        opening() | {"article": 5},
        opening() | {"action": "format"},
        Rate(OpenArticle("account/picture", "tr-TR"), helpful=True).data() | {"helpful": "yes"},
    ],
)
async def test_a_button_of_another_version_or_a_forged_one_is_refused_politely(
    say: Say, connector: Connector, value: object
) -> None:
    turkish = strings_for("tr-TR")
    sorry = notice_card(turkish, turkish.get("button-unknown"))
    await say("resim", value=value, locale="tr-TR")
    assert [card_of(message) for message in connector.messages] == [sorry]
    action = {"type": "Action.Execute", "verb": "open", "data": value}
    response = await say(
        type="invoke", name="adaptiveCard/action", value={"action": action}, locale="tr-TR"
    )
    assert await response.json() == {
        "statusCode": 200,
        "type": "application/vnd.microsoft.activity.message",
        "value": turkish.get("button-unknown"),
    }
    assert asked == []


@pytest.mark.parametrize("value", [{"other": 2}, "x", [1]])
async def test_a_foreign_value_leaves_the_question_a_question(say: Say, value: object) -> None:
    await say("resim", value=value)
    assert [text for text, _, _ in asked] == ["resim"]


async def test_an_execute_button_puts_the_article_in_place(say: Say, connector: Connector) -> None:
    action = {"type": "Action.Execute", "verb": "open", "data": opening(locale="ar-SA")}
    value = {"action": action, "trigger": "manual"}
    response = await say(type="invoke", name="adaptiveCard/action", value=value)
    assert response.status == 200
    assert await response.json() == {
        "statusCode": 200,
        "type": ADAPTIVE_CARD,
        "value": shown(Answer("", "ar-SA", "answer", ARABIC, ()), None),
    }
    assert connector.requests == []


async def test_an_article_is_shown_in_english_and_back_around_the_readers_language(
    say: Say,
) -> None:
    data = OpenArticle("account/picture", "en-US", "tr-TR").data()
    value = {"action": {"type": "Action.Execute", "verb": "open", "data": data}}
    response = await say(type="invoke", name="adaptiveCard/action", value=value)
    card = (await response.json())["value"]
    assert card == shown(Answer("", "tr-TR", "answer", ENGLISH, (), also_in="tr-TR"), None)
    [back] = [a for a in card["actions"] if a["type"] == "Action.Execute"]
    assert back["title"] == strings_for("tr-TR").get("show-in-language", language="Türkçe")
    assert back["data"] == OpenArticle("account/picture", "tr-TR", "tr-TR").data()
    assert back["fallback"]["data"] == back["data"]


async def test_an_execute_button_of_an_article_that_is_gone_says_so(say: Say) -> None:
    value = {"action": {"type": "Action.Execute", "data": opening("account/gone")}}
    response = await say(type="invoke", name="adaptiveCard/action", value=value)
    assert (await response.json())["value"] == vanished_card(strings_for("tr-TR"))


@pytest.mark.parametrize("value", [None, "x", 5, [], {}, {"action": "x"}, {"action": {"data": 5}}])
async def test_an_unknown_execute_button_tells_its_user(say: Say, value: object) -> None:
    response = await say(type="invoke", name="adaptiveCard/action", value=value)
    body = await response.json()
    assert (response.status, body["statusCode"]) == (200, 200)
    assert body["value"] == strings_for("en-US").get("button-unknown")


@pytest.mark.parametrize("name", [None, "composeExtension/query", "task/fetch", "nonsense"])
async def test_other_invokes_are_not_implemented(say: Say, name: str | None) -> None:
    response = await say(type="invoke", name=name, value="garbage")
    assert response.status == 501


# Editing, and who is spoken to.


async def test_an_edited_message_changes_the_reply_in_its_place(
    say: Say, connector: Connector
) -> None:
    await say("resim")
    sent = f"sent-{len(connector.activities)}"
    await say("Profil resmimi nasıl değiştiririm?", **EDITED)
    [(place, message)] = connector.updates
    assert place == sent
    assert card_of(message) == shown(Answer("", "tr-TR", "answer", TURKISH, ()))
    await say("resim", **EDITED)
    assert [place for place, _ in connector.updates] == [sent, sent]
    assert len(connector.messages) == 1


async def test_an_edit_of_a_message_from_before_a_restart_is_answered_below(
    say: Say, connector: Connector
) -> None:
    await say("resim", **EDITED)
    [message] = connector.messages
    assert card_of(message) == shown(ANSWERER.answer("resim"))
    await say("Profil resmimi nasıl değiştiririm?", **EDITED)
    assert [place for place, _ in connector.updates] == ["sent-1"]


async def test_an_edit_among_others_needs_a_mention(say: Say, connector: Connector) -> None:
    await say("resim", **EDITED, conversation=CHANNEL)
    assert connector.requests == []


@pytest.mark.parametrize("kind", ["channel", "groupChat"])
async def test_among_several_people_only_a_mention_is_answered(
    say: Say, connector: Connector, kind: str
) -> None:
    conversation = CHANNEL | {"conversationType": kind}
    await say("resim", conversation=conversation, entities=[])
    somebody = MENTION | {"mentioned": {"id": "29:somebody", "name": "Babeldesk"}}
    await say("<at>Babeldesk</at> resim", conversation=conversation, entities=[somebody])
    assert connector.requests == []
    await say("<at>Babeldesk</at> resim", conversation=conversation, entities=[MENTION])
    assert [path for path, _ in connector.requests] == [
        "/v3/conversations/19:c@thread.tacv2;messageid=1/activities/1485983408511"
    ] * 2
    await say(value=opening(), conversation=conversation)
    assert len(connector.messages) == 2


@pytest.mark.parametrize("sender", [{"id": "28:other"}, {"id": "29:x", "role": "bot"}])
async def test_other_bots_are_not_answered(
    say: Say, connector: Connector, sender: dict[str, str]
) -> None:
    await say("resim", **{"from": sender})
    await say("resim", **EDITED, **{"from": sender})
    assert (connector.requests, asked) == ([], [])


async def test_a_second_click_within_a_moment_is_a_slip(say: Say, connector: Connector) -> None:
    for _ in range(3):
        await say(value=opening(), replyToId="sent-2")
    assert len(connector.messages) == 1
    await say(value=opening(), replyToId="sent-3")
    await say(value=opening(locale="ar-SA"), replyToId="sent-2")
    await say(value=opening(), replyToId="sent-2", **{"from": {"id": "29:somebody-else"}})
    assert len(connector.messages) == 4


async def test_a_picture_without_words_is_declined(say: Say, connector: Connector) -> None:
    picture = {"contentType": "image/png", "contentUrl": "https://x.example/a.png"}
    html = {"contentType": "text/html", "content": "<p></p>"}
    await say("", attachments=[picture, html], locale="de-DE")
    german = strings_for("de-DE")
    assert card_of(connector.messages[0]) == notice_card(german, german.get("attachments-only"))
    await say("resim", attachments=[picture, html])
    assert [text for text, _, _ in asked] == ["resim"]


async def test_a_novel_is_cut_and_answered(say: Say, connector: Connector) -> None:
    await say("resim " * 9000)
    assert [len(text) for text, _, _ in asked] == [2000]
    assert len(connector.messages) == 1


async def test_feedback_is_kept_for_the_report(say: Say, records: Records) -> None:
    await say("Profil resmimi nasıl değiştiririm?")
    data = Rate(OpenArticle("account/picture", "tr-TR", reply=REPLY), helpful=True).data()
    value = {"action": {"type": "Action.Execute", "verb": "rate", "data": data}}
    for _ in range(2):
        response = await say(type="invoke", name="adaptiveCard/action", value=value)
        card = (await response.json())["value"]
        assert strings_for("tr-TR").get("helpful-thanks") in str(card)
    report = await records.report()
    assert (report.total.helpful, report.total.outcomes) == (1, {"answer": 1})


# Coming and going.


async def test_a_newcomer_gets_questions_to_pick_from(say: Say, connector: Connector) -> None:
    await say(**BOT_ADDED, locale="tr-TR")
    welcome, examples = connector.messages
    assert card_of(welcome) == welcome_card(strings_for("tr-TR"))
    assert examples["text"] == strings_for("tr-TR").get("welcome-examples")
    # Teams shows them beside texts alone.
    assert "attachments" not in examples
    assert examples["suggestedActions"]["actions"] == [
        {"type": "imBack", "title": TURKISH.title, "value": TURKISH.title}
    ]


@pytest.mark.parametrize(
    "events",
    [[BOT_ADDED], [INSTALLED], [BOT_ADDED, INSTALLED], [INSTALLED, BOT_ADDED, BOT_ADDED]],
)
async def test_an_installation_is_welcomed_once(
    say: Say, connector: Connector, events: list[dict[str, Any]]
) -> None:
    for event in events:
        assert (await say(**event, locale="bg-BG")).status == 200
    [message] = connector.activities
    assert card_of(message) == welcome_card(strings_for("bg-BG"))


async def test_each_conversation_is_welcomed(say: Say, connector: Connector) -> None:
    await say(**BOT_ADDED)
    await say(**BOT_ADDED, conversation={"id": "19:team", "conversationType": "channel"})
    await say(type="installationUpdate", action="remove")
    await say(**INSTALLED)
    assert len(connector.messages) == 3


@pytest.mark.parametrize(
    "event",
    [
        {"type": "conversationUpdate", "membersAdded": [{"id": "29:someone"}]},
        {"type": "conversationUpdate", "membersRemoved": [{"id": "28:bot"}]},
        {"type": "conversationUpdate", "channelData": {"eventType": "channelRenamed"}},
        {"type": "installationUpdate", "action": "remove"},
        {"type": "messageReaction", "reactionsAdded": [{"type": "like"}]},
        {"type": "messageUpdate", "channelData": {"eventType": "undeleteMessage"}},
        {"type": "messageDelete", "channelData": {"eventType": "softDeleteMessage"}},
        {"type": "typing"},
        {"type": "event", "name": "application/vnd.microsoft.meetingStart", "value": {}},
        {"type": "endOfConversation"},
        {"type": "somethingNew"},
    ],
)
async def test_other_events_pass_in_silence(
    say: Say, connector: Connector, event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert (await say(**event)).status == 200
    assert connector.requests == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


WRONG: tuple[object, ...] = (5, "x", True, [], {}, [5], [{}], {"a": [1]}, [["x"]])


@pytest.mark.parametrize("kind", ["message", "conversationUpdate", "invoke", "installationUpdate"])
async def test_no_field_of_any_type_is_a_fault_of_the_server(
    say: Say, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each field of the SDK's model in turn holds each wrong thing."""
    event: dict[str, Any] = {"type": kind, "deliveryMode": "expectReplies", "text": "hello"}
    fields = {mapped["key"] for mapped in Activity._attribute_map.values()} - {"type"}
    changes = [{name: wrong} for name in sorted(fields) for wrong in WRONG]
    for name in ("name", "role", "tenantId", "isGroup", "properties", "aadObjectId", "surplus"):
        account = [{"id": "28:bot", name: wrong} for wrong in WRONG]
        changes += [{key: a} for key in ("from", "recipient", "conversation") for a in account]
        changes += [{key: [a]} for key in ("membersAdded", "entities") for a in account]
    statuses = Counter[int]()
    for change in changes:
        response = await say(**event | change)
        await response.read()
        assert response.status in (200, 400, 501), change
        assert caplog.records == [], change
        statuses[response.status] += 1
    assert statuses[400] > 100
    assert statuses[501 if kind == "invoke" else 200] > 100


# The choice of a language.


async def test_a_choice_of_language_shows_the_article_again_and_is_kept(
    say: Say, connector: Connector
) -> None:
    await say("Profil resmimi nasıl değiştiririm?")
    [change] = [action for action in card_of(connector.messages[0])["actions"] if "data" in action]
    assert change["data"] == ChangeLanguage("account/picture").data()
    await say(value=change["data"])
    offered = card_of(connector.messages[1])
    turkish, arabic = strings_for("tr-TR"), strings_for("ar-SA")
    assert offered == language_card(turkish, tuple(sorted(ARTICLES)), None, "account/picture")
    [submit] = offered["actions"]
    await say(value={**submit["data"], "language": "ar-SA"})
    article = shown(Answer("", "ar-SA", "answer", ARABIC, ()))
    notice = language_set_text(arabic, "ar-SA")
    assert "العربية" in notice
    assert card_of(connector.messages[2]) == with_notice(article, notice, arabic)
    await say("Profil resmimi nasıl değiştiririm?")
    assert asked[-1][1] == Asker("ar-SA", ("ar-SA",), "en-US")
    assert card_of(connector.messages[3]) == article


async def test_without_an_article_the_last_question_is_answered_again(say: Say) -> None:
    await say("resim")
    await say(value={**ChooseLanguage(None).data(), "language": "en-US"})
    assert [(text, asker.chosen) for text, asker, _ in asked] == [
        ("resim", None),
        ("resim", "en-US"),
    ]


async def test_small_talk_is_not_the_question_that_is_answered_again(
    say: Say, connector: Connector
) -> None:
    await say("resim")
    await say("teşekkürler")
    assert card_of(connector.messages[1])["speak"] == strings_for("tr-TR").get("talk-thanks")
    await say(value={**ChooseLanguage(None).data(), "language": "en-US"})
    assert [text for text, _, _ in asked] == ["resim", "teşekkürler", "resim"]


async def test_after_small_talk_alone_there_is_nothing_to_answer_again(
    say: Say, connector: Connector
) -> None:
    await say("teşekkürler")
    await say(value={**ChooseLanguage(None).data(), "language": "en-US"})
    english = strings_for("en-US")
    assert card_of(connector.messages[1]) == notice_card(
        english, language_set_text(english, "en-US")
    )


@pytest.mark.parametrize("text", ["İngilizce lütfen", "in English please", "english please!"])
async def test_in_english_please_shows_the_last_article_in_english(
    say: Say, connector: Connector, text: str
) -> None:
    await say("Profil resmimi nasıl değiştiririm?")
    await say(text)
    assert len(asked) == 1
    expected = Answer("", "tr-TR", "answer", ENGLISH, (), also_in="tr-TR")
    assert card_of(connector.messages[1]) == shown(expected)


async def test_the_first_one_opens_the_first_suggestion(say: Say, connector: Connector) -> None:
    await say("birincisi")
    await say("resim")
    await say("birincisi")
    await say("ikincisi")
    assert [text for text, _, _ in asked] == ["birincisi", "resim", "ikincisi"]
    expected = Answer("", "tr-TR", "answer", TURKISH, (), also_in="tr-TR")
    assert card_of(connector.messages[2]) == shown(expected)


async def test_what_somebody_else_was_shown_is_not_meant(say: Say) -> None:
    await say("Profil resmimi nasıl değiştiririm?")
    await say("in english please", **{"from": {"id": "29:somebody-else"}})
    assert [text for text, _, _ in asked][1:] == ["in english please"]


async def test_the_choice_is_each_users_own_and_can_be_undone(
    say: Say, connector: Connector
) -> None:
    choose = ChooseLanguage(None).data()
    await say(value={**choose, "language": "ar-SA"})
    arabic = strings_for("ar-SA")
    card = notice_card(arabic, language_set_text(arabic, "ar-SA"))
    assert card_of(connector.messages[0]) == card
    await say("hello", **{"from": {"id": "29:somebody-else"}})
    await say("hello")
    await say(value={**choose, "language": "auto"})
    await say("hello")
    assert [asker.chosen for _, asker, _ in asked] == [None, "ar-SA", None, None]
    assert language_set_text(strings_for("en-US"), None) in str(connector.messages[3])


@pytest.mark.parametrize(
    ("text", "client_locale", "spoken"),
    [
        ("/language", "tr-TR", "tr-TR"),
        ("Dil", "en-US", "tr-TR"),
        ("لغة", "en-US", "ar-SA"),
        ("jezik", "sl-SI", "sl-SI"),
        ("jezik", "en-US", "hr-HR"),
        ("språk!", "sv-SE", "sv-SE"),
        ("language?", "tr-TR", "tr-TR"),
        ("/dil", "en-US", "tr-TR"),
    ],
)
async def test_the_word_for_language_offers_them(
    say: Say, connector: Connector, text: str, client_locale: str, spoken: str
) -> None:
    await say(text, locale=client_locale)
    assert asked == []
    card = language_card(strings_for(spoken), tuple(sorted(ARTICLES)), None)
    assert card_of(connector.messages[0]) == card


async def test_a_language_that_is_not_there_is_not_chosen(say: Say, connector: Connector) -> None:
    await say(value={**ChooseLanguage(None).data(), "language": "sw-KE"})
    card = language_card(strings_for("en-US"), tuple(sorted(ARTICLES)), None)
    assert card_of(connector.messages[0]) == card
    await say("hello")
    assert asked[0][1].chosen is None


def test_what_a_button_carries_is_read_back() -> None:
    assert OpenArticle("account/picture", "tr-TR").data() == opening()


# Health.


async def test_health_and_readiness(aiohttp_client: AiohttpClient, records: Records) -> None:
    ready = asyncio.Event()
    client = await aiohttp_client(create_app(LOCAL, ANSWERER, records, ready.is_set))
    response = await client.get("/healthz")
    assert (response.status, await response.text()) == (200, "ok")
    assert (await client.get("/readyz")).status == 503
    ready.set()
    assert (await client.get("/readyz")).status == 200


async def test_threads_and_connections_end_with_the_server(
    aiohttp_client: AiohttpClient, records: Records
) -> None:
    client = await aiohttp_client(create_app(LOCAL, ANSWERER, records, lambda: True))
    await client.post("/ask", json={"q": "resim"})
    assert [t for t in threading.enumerate() if t.name.startswith("answer")] != []
    await client.close()
    assert [t for t in threading.enumerate() if t.name.startswith("answer")] == []


# The chat page of a local trial.


async def test_asking_gives_what_was_found_and_its_card(client: Client) -> None:
    response = await client.post("/ask", json={"q": " كيف أغير صورتي؟ ", "locale": "en-GB"})
    assert response.status == 200
    assert await response.json() == {
        "language": "ar-SA",
        "outcome": "answer",
        "in_english_instead": False,
        "rtl": True,
        "article": {
            "id": "account/picture",
            "locale": "ar-SA",
            "title": ARABIC.title,
            "url": "https://support.example/ar-SA/picture",
            "updated": "2026-01-20",
        },
        "card": shown(Answer("", "ar-SA", "answer", ARABIC, ()), None),
        "suggestions": [],
    }
    assert [text for text, _, _ in asked] == ["كيف أغير صورتي؟"]
    assert asked[0][1] == Asker(client="en-GB")


async def test_asking_may_end_in_suggestions_english_or_nothing(client: Client) -> None:
    found = await (await client.post("/ask", json={"q": "resim"})).json()
    assert (found["outcome"], found["article"], found["language"]) == ("suggest", None, "tr-TR")
    assert found["suggestions"] == [
        {"article_id": "account/picture", "locale": "tr-TR", "title": TURKISH.title}
    ]
    found = await (await client.post("/ask", json={"q": "Comment changer ma photo ?"})).json()
    assert (found["in_english_instead"], found["language"]) == (True, "fr")
    found = await (await client.post("/ask", json={"q": "blah", "locale": None})).json()
    assert (found["outcome"], found["rtl"], found["suggestions"]) == ("none", False, [])


async def test_the_page_says_what_was_chosen_and_spoken_before(client: Client) -> None:
    body = {"q": "resim", "locale": "de-DE", "chosen": "tr-TR", "history": ["en-US", "ar-SA"]}
    assert (await client.post("/ask", json=body)).status == 200
    assert asked[0][1] == Asker("tr-TR", ("en-US", "ar-SA"), "de-DE")


async def test_the_page_offers_the_languages(client: Client) -> None:
    body = {"locale": "ar-SA", "chosen": "tr-TR", "article": "account/picture"}
    found = await (await client.post("/languages", json=body)).json()
    card = language_card(strings_for("ar-SA"), tuple(sorted(ARTICLES)), "tr-TR", "account/picture")
    assert found == {"language": "ar-SA", "rtl": True, "card": card}


async def test_opening_gives_the_article_or_says_that_it_is_gone(client: Client) -> None:
    found = await client.post("/open", json={"article": "account/picture", "locale": "tr-TR"})
    assert (await found.json())["article"]["title"] == TURKISH.title
    found = await client.post("/open", json={"article": "gone", "locale": "tr-TR"})
    assert found.status == 404
    assert await found.json() == {"error": strings_for("tr-TR").get("vanished")}


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/ask", {}, "'q'"),
        ("/ask", {"q": ""}, "'q'"),
        ("/ask", {"q": " \n"}, "'q'"),
        ("/ask", {"q": 5}, "'q'"),
        ("/ask", {"q": "x" * 2001}, "longer than 2000"),
        ("/ask", {"q": "resim", "locale": 5}, "'locale'"),
        ("/ask", {"q": "resim", "locale": "x" * 36}, "'locale'"),
        ("/ask", {"q": "resim", "chosen": 5}, "'chosen'"),
        ("/ask", {"q": "resim", "history": "tr"}, "'history'"),
        ("/ask", {"q": "resim", "history": [5]}, "'history'"),
        ("/ask", [], "a JSON object"),
        ("/languages", {"locale": 5}, "'locale'"),
        ("/open", {"article": "account/picture"}, "'locale'"),
        ("/open", {"locale": "tr-TR"}, "'article'"),
    ],
)
async def test_a_bad_question_is_refused_in_one_sentence(
    client: Client, path: str, body: object, named: str
) -> None:
    response = await client.post(path, json=body)
    assert response.status == 400
    refused = await response.json()
    assert list(refused) == ["error"]
    assert named in refused["error"]


async def test_a_question_that_is_not_json_is_refused(client: Client) -> None:
    assert (await client.post("/ask", data={"q": "resim"})).status == 415
    json_type = {"Content-Type": "application/json"}
    assert (await client.post("/ask", data=b"{", headers=json_type)).status == 400
    assert (await client.get("/ask")).status == 405


async def test_a_failing_question_shows_none_of_our_insides(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.post("/ask", json={"q": "fail"})
    assert response.status == 500
    assert await response.json() == {"error": "Something went wrong on our side."}
    assert "the secret of the index" in caplog.text


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Origin", "http://127.0.0.1:3978", 200),
        ("Origin", "http://localhost:3978", 200),
        ("Origin", "https://evil.example", 403),
        ("Origin", "https://localhost.evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", "", 403),
        ("Host", "localhost:3978", 200),
        ("Host", "[::1]:3978", 200),
        ("Host", "evil.example:3978", 403),
        ("Host", "127.0.0.1.evil.example", 403),
        ("Host", "evil.example@127.0.0.1", 403),
        ("Host", "[::1", 403),
    ],
)
@pytest.mark.parametrize("path", ["/ask", "/open", "/api/messages"])
async def test_other_sites_cannot_use_a_local_trial(
    client: Client, path: str, header: str, value: str, status: int
) -> None:
    bodies = {
        "/ask": {"q": "resim"},
        "/open": {"article": "account/picture", "locale": "tr-TR"},
        "/api/messages": activity("resim", deliveryMode="expectReplies"),
    }
    response = await client.post(path, json=bodies[path], headers={header: value})
    assert response.status == status


async def test_the_page_stands_alone(client: Client) -> None:
    response = await client.get("/")
    page = await response.text()
    assert (response.status, response.content_type) == (200, "text/html")
    [nonce] = set(re.findall(r'nonce="([^"]+)"', page))
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; script-src 'nonce-{nonce}'; ")
    addresses = re.findall(r"""(?:src|href|action)="([^"]*)|url\(([^)]*)|(@import)""", page)
    assert {address for match in addresses for address in match if address} == {"data:,", "${url}"}
    assert '<label class="unseen" for="q">' in page
    assert 'aria-live="polite"' in page
    assert nonce not in await (await client.get("/")).text()


# Production.


async def test_production_has_no_page_and_lets_no_stranger_in(
    aiohttp_client: AiohttpClient, records: Records
) -> None:
    config = replace(LOCAL, local=False, app_id=APP_ID, app_password="-", tenant_id="t")  # noqa: S106
    client = await aiohttp_client(create_app(config, ANSWERER, records, lambda: True))
    assert (await client.get("/")).status == 404
    assert (await client.post("/ask", json={"q": "resim"})).status == 404
    assert (await client.post("/open", json={})).status == 404
    assert (await client.get("/healthz", headers={"Host": "bot.example"})).status == 200
    body = activity("resim", deliveryMode="expectReplies")
    assert (await client.post("/api/messages", json=body)).status == 401
    refused = await client.post(
        "/api/messages", json=body, headers={"Authorization": "Bearer a.b.c"}
    )
    assert refused.status == 401


async def test_no_server_without_credentials_or_open_to_the_network(records: Records) -> None:
    with pytest.raises(ConfigError, match="BABELDESK_APP_ID"):
        create_app(Config(), ANSWERER, records, lambda: True)
    with pytest.raises(ConfigError, match="BABELDESK_HOST"):
        create_app(replace(LOCAL, host="0.0.0.0"), ANSWERER, records, lambda: True)  # noqa: S104
