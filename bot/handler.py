"""What the bot does with each activity: translate it, delegate, reply with a card."""

from __future__ import annotations

import asyncio
import html
import json
import logging
import re
from collections.abc import Callable
from concurrent.futures import Executor
from http import HTTPStatus
from typing import Any

from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.core.teams import TeamsActivityHandler
from botbuilder.schema import Activity, ActivityTypes, Attachment

from bot.adapter import ADAPTIVE_CARD, expects_replies, invoke_card, invoke_error
from bot.answer import MAX_QUESTION, Answer, Answerer, Asker
from bot.buttons import ChangeLanguage, ChooseLanguage, OpenArticle, pressed
from bot.cards import (
    Card,
    card_for,
    language_card,
    language_set_text,
    notice_card,
    vanished_card,
    welcome_card,
    with_notice,
)
from bot.language.negotiation import negotiate
from bot.memory import Memory, Shown, Turn
from bot.phrases import locales_of
from bot.strings import strings_for
from corpus.article import ENGLISH

# What says nothing, and the command that the app's manifest offers.
_ASKING_HOW = frozenset({"", "help", "/help", "?"})
_CHOOSING_LANGUAGE = "/language"
# What picks one of the articles to choose from, as the strings name it.
_ORDINALS = ("first", "second", "third")
_MENTION = re.compile(r"<at\b[^>]*>.*?</at>", re.DOTALL | re.IGNORECASE)
_LOG = logging.getLogger(__name__)


class HelpdeskBot(TeamsActivityHandler):  # type: ignore[misc]
    """Answers messages and buttons with cards.

    What `answerer` does may block: it runs in `executor`, so that the event loop goes on serving.
    """

    def __init__(self, answerer: Answerer, memory: Memory, executor: Executor) -> None:
        super().__init__()
        self._answerer = answerer
        self._memory = memory
        self._executor = executor

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        """A typing indicator, then one card: an article, suggestions, or how to ask."""
        activity = turn_context.activity
        question = plain_question(activity.text or "")
        button = pressed(activity.value)
        if button is None and question.lower() in _ASKING_HOW:
            await self._send_welcome(turn_context)
            return
        # Replies that travel together have nothing to bridge.
        if not expects_replies(activity):
            await turn_context.send_activity(Activity(type=ActivityTypes.typing))
        match button:
            case OpenArticle() as wanted:
                await _send(turn_context, *await self._opened(activity, wanted))
            case ChangeLanguage(article_id):
                await self._offer_languages(turn_context, self._spoken(activity), article_id)
            case ChooseLanguage(locale, article_id):
                await self._change_language(turn_context, locale, article_id)
            case None if meant := self._follow_up(activity, question):
                await _send(turn_context, *await self._opened(activity, meant))
            case None if locales := _language_asked_for(question):
                spoken = negotiate(self._spoken(activity), locales) or locales[0]
                await self._offer_languages(turn_context, spoken, None)
            case None:
                await _send(turn_context, *await self._answered(activity, question))

    async def on_conversation_update_activity(self, turn_context: TurnContext) -> None:
        """Welcome where the bot itself was added, not whoever else comes."""
        activity = turn_context.activity
        if _has_bot(activity.members_removed, activity):
            self._memory.part(activity.conversation.id)
        elif _has_bot(activity.members_added, activity):
            await self._welcome_once(turn_context)

    async def on_installation_update(self, turn_context: TurnContext) -> None:
        """Welcome on an installation, which Teams reports beside the conversation update or,
        where the conversation is older than the installation, alone.
        """
        activity = turn_context.activity
        if (activity.action or "").startswith("remove"):
            self._memory.part(activity.conversation.id)
        elif (activity.action or "").startswith("add"):
            await self._welcome_once(turn_context)

    async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
        """Open an article in place of the card whose button was pressed, or take feedback."""
        match turn_context.activity.name:
            case "adaptiveCard/action":
                return await self._opened_in_place(turn_context.activity)
            case "message/submitAction":
                return _feedback_taken(turn_context.activity)
            case _:
                return InvokeResponse(status=HTTPStatus.NOT_IMPLEMENTED)

    async def _opened_in_place(self, activity: Activity) -> InvokeResponse:
        value = activity.value
        action = value.get("action") if isinstance(value, dict) else None
        match pressed(action.get("data") if isinstance(action, dict) else None):
            case OpenArticle() as wanted:
                card, _ = await self._opened(activity, wanted)
                return invoke_card(card)
            case _:
                return invoke_error(400, "BadRequest", "This button is not one of this bot's.")

    def _follow_up(self, activity: Activity, question: str) -> OpenArticle | None:
        """The article that is meant by "in English, please" or "the second one" after a reply."""
        shown = self._memory.shown(*_who(activity))
        if shown is None:
            return None
        if shown.article and locales_of(question, "english-words"):
            return OpenArticle(shown.article, ENGLISH, shown.reader)
        for ordinal, choice in zip(_ORDINALS, shown.choices, strict=False):
            if locales_of(question, f"{ordinal}-words"):
                return OpenArticle(*choice, shown.reader)
        return None

    async def _opened(self, activity: Activity, wanted: OpenArticle) -> tuple[Card, str]:
        """The card of an article, and the language around it."""
        answer = await self._run(
            self._answerer.open_article, wanted.article_id, wanted.locale, wanted.reader
        )
        if answer is None:
            reader = wanted.reader or wanted.locale
            return vanished_card(strings_for(reader)), reader
        self._memory.show(*_who(activity), _shown(answer))
        return card_for(answer, strings_for(answer.language)), answer.language

    async def _answered(self, activity: Activity, question: str) -> tuple[Card, str]:
        """The card for a question, and the language around it, which is kept in mind."""
        conversation, user = _who(activity)
        last = self._memory.last_turn(conversation, user)
        asker = Asker(
            chosen=self._memory.chosen_language(user),
            history=(last.language,) if last else (),
            client=activity.locale,
        )
        answer: Answer = await self._run(self._answerer.answer, question, asker)
        asked = (last.question if last else "") if answer.talk else question
        self._memory.remember(conversation, user, Turn(asked, answer.language))
        if not answer.talk:
            self._memory.show(conversation, user, _shown(answer))
        return card_for(answer, strings_for(answer.language)), answer.language

    def _spoken(self, activity: Activity) -> str:
        """The language to talk to a user in, before they have said anything in this message."""
        conversation, user = _who(activity)
        last = self._memory.last_turn(conversation, user)
        known = (self._memory.chosen_language(user), last and last.language, activity.locale)
        return next(filter(None, known), ENGLISH)

    async def _offer_languages(
        self, turn_context: TurnContext, spoken: str, article_id: str | None
    ) -> None:
        chosen = self._memory.chosen_language(_who(turn_context.activity)[1])
        locales = self._answerer.languages()
        card = language_card(strings_for(spoken), locales, chosen, article_id)
        await _send(turn_context, card, spoken)

    async def _change_language(
        self, turn_context: TurnContext, locale: str | None, article_id: str | None
    ) -> None:
        """Keep a user's choice, and say again in that language what was said last."""
        activity = turn_context.activity
        conversation, user = _who(activity)
        chosen = negotiate(locale, self._answerer.languages()) if locale else None
        if locale and chosen is None:  # not in this index (any more)
            await self._offer_languages(turn_context, self._spoken(activity), article_id)
            return
        self._memory.choose_language(user, chosen)
        last = self._memory.last_turn(conversation, user)
        spoken = self._spoken(activity)
        shown = None
        if article_id is not None:
            shown = await self._opened(activity, OpenArticle(article_id, spoken))
        elif last and last.question:
            shown = await self._answered(activity, last.question)
        strings = strings_for(shown[1] if shown else spoken)
        text = language_set_text(strings, chosen)
        card = with_notice(shown[0], text, strings) if shown else notice_card(strings, text)
        await _send(turn_context, card, strings.locale)

    async def _run(self, function: Callable[..., Any], *arguments: object) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, function, *arguments)

    async def _welcome_once(self, turn_context: TurnContext) -> None:
        if self._memory.welcome(turn_context.activity.conversation.id):
            await self._send_welcome(turn_context)

    async def _send_welcome(self, turn_context: TurnContext) -> None:
        spoken = self._spoken(turn_context.activity)
        await _send(turn_context, welcome_card(strings_for(spoken)), spoken)


def plain_question(text: str) -> str:
    """The words of a message: mentions and outer white space off, at most 2,000 characters.

    Teams writes a mention as `<at>Name</at>` into the text and escapes the rest as HTML. The SDK
    would cut the bot's name wherever it stands, out of the question itself, too.
    """
    words = html.unescape(_MENTION.sub(" ", text)).split()
    return " ".join(words)[:MAX_QUESTION].strip()


def _language_asked_for(question: str) -> tuple[str, ...]:
    """The locales of the word with which a user asks to choose a language; () for other words."""
    word = question.lower().strip(" .!?")
    return (ENGLISH,) if word == _CHOOSING_LANGUAGE else locales_of(question, "language-word")


def _shown(answer: Answer) -> Shown:
    article = answer.article.id if answer.article else None
    choices = tuple((choice.article_id, choice.locale) for choice in answer.suggestions)
    return Shown(answer.language, article, choices)


def _who(activity: Activity) -> tuple[str, str]:
    """The conversation and the user of an activity, by the channel's ids."""
    sender = activity.from_property
    return activity.conversation.id, (sender.aad_object_id or sender.id or "") if sender else ""


async def _send(turn_context: TurnContext, card: Card, language: str) -> None:
    """A message that is a card: what it says in short is for notifications and screen readers."""
    # The SDK stamps every reply with the locale of the activity that it answers.
    turn_context.activity.locale = language
    await turn_context.send_activity(
        Activity(
            type=ActivityTypes.message,
            summary=card["speak"],
            speak=card["speak"],
            attachments=[Attachment(content_type=ADAPTIVE_CARD, content=card)],
        )
    )


def _has_bot(members: list[Any] | None, activity: Activity) -> bool:
    return activity.recipient is not None and any(
        member.id == activity.recipient.id for member in members or ()
    )


def _feedback_taken(activity: Activity) -> InvokeResponse:
    _LOG.info("feedback %r on %r", _reaction(activity.value), activity.reply_to_id)
    return InvokeResponse(status=HTTPStatus.OK)


def _reaction(value: object) -> str | None:
    """The thumb of `{"actionValue": {"reaction": "like", ...}}`, which may come as JSON text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    match value:
        case {"actionValue": {"reaction": str(reaction)}}:
            return reaction[:20]
    return None
