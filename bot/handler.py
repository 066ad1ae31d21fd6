"""What the bot does with each activity: translate it, delegate, reply with a card."""

from __future__ import annotations

import asyncio
import html
import json
import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from http import HTTPStatus
from typing import Any

from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.core.teams import TeamsActivityHandler
from botbuilder.schema import Activity, ActivityTypes, Attachment

from bot.adapter import ADAPTIVE_CARD, expects_replies, invoke_card, invoke_error
from bot.answer import MAX_QUESTION, Answer
from bot.cards import card_for, vanished_card, welcome_card
from bot.strings import strings_for
from corpus.article import ENGLISH

AnswerQuestion = Callable[[str, str | None], Answer]
OpenArticle = Callable[[str, str], Answer | None]

# What says nothing, and the command that the app's manifest offers.
_ASKING_HOW = frozenset({"", "help", "/help", "?"})
_CONVERSATIONS_KEPT = 10_000
_MENTION = re.compile(r"<at\b[^>]*>.*?</at>", re.DOTALL | re.IGNORECASE)
_LOG = logging.getLogger(__name__)


class HelpdeskBot(TeamsActivityHandler):  # type: ignore[misc]
    """Answers messages and buttons with cards.

    `answer` (text, client locale) and `open_article` (article id, locale) may block: they run in
    `executor`, so that the event loop goes on serving.
    """

    def __init__(
        self, answer: AnswerQuestion, open_article: OpenArticle, executor: Executor
    ) -> None:
        super().__init__()
        self._answer = answer
        self._open_article = open_article
        self._executor = executor
        self._welcomed: OrderedDict[str, None] = OrderedDict()

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        """A typing indicator, then one card: an article, suggestions, or how to ask."""
        activity = turn_context.activity
        wanted = article_wanted(activity.value)
        question = plain_question(activity.text or "")
        if wanted is None and question.lower() in _ASKING_HOW:
            await self._send_welcome(turn_context)
            return
        # Replies that travel together have nothing to bridge.
        if not expects_replies(activity):
            await turn_context.send_activity(Activity(type=ActivityTypes.typing))
        if wanted is None:
            answer = await self._run(self._answer, question, activity.locale)
        else:
            answer = await self._run(self._open_article, *wanted)
        language = answer.language if answer else (activity.locale or ENGLISH)
        await _send_card(turn_context, _card(answer, language), language)

    async def on_conversation_update_activity(self, turn_context: TurnContext) -> None:
        """Welcome where the bot itself was added, not whoever else comes."""
        activity = turn_context.activity
        if _has_bot(activity.members_removed, activity):
            self._welcomed.pop(activity.conversation.id, None)
        elif _has_bot(activity.members_added, activity):
            await self._welcome_once(turn_context)

    async def on_installation_update(self, turn_context: TurnContext) -> None:
        """Welcome on an installation, which Teams reports beside the conversation update or,
        where the conversation is older than the installation, alone.
        """
        activity = turn_context.activity
        if (activity.action or "").startswith("remove"):
            self._welcomed.pop(activity.conversation.id, None)
        elif (activity.action or "").startswith("add"):
            await self._welcome_once(turn_context)

    async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
        """Open an article in place of the card whose button was pressed, or take feedback."""
        match turn_context.activity.name:
            case "adaptiveCard/action":
                return await self._opened_in_place(turn_context.activity.value)
            case "message/submitAction":
                return _feedback_taken(turn_context.activity)
            case _:
                return InvokeResponse(status=HTTPStatus.NOT_IMPLEMENTED)

    async def _opened_in_place(self, value: object) -> InvokeResponse:
        action = value.get("action") if isinstance(value, dict) else None
        wanted = article_wanted(action.get("data") if isinstance(action, dict) else None)
        if wanted is None:
            return invoke_error(400, "BadRequest", "This button is not one of this bot's.")
        answer = await self._run(self._open_article, *wanted)
        return invoke_card(_card(answer, answer.language if answer else wanted[1]))

    async def _run(self, function: Callable[..., Any], *arguments: object) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, function, *arguments)

    async def _welcome_once(self, turn_context: TurnContext) -> None:
        conversation = turn_context.activity.conversation.id
        if conversation in self._welcomed:
            return
        self._welcomed[conversation] = None
        if len(self._welcomed) > _CONVERSATIONS_KEPT:
            self._welcomed.popitem(last=False)
        await self._send_welcome(turn_context)

    async def _send_welcome(self, turn_context: TurnContext) -> None:
        locale = turn_context.activity.locale or ENGLISH
        await _send_card(turn_context, welcome_card(strings_for(locale)), locale)


def plain_question(text: str) -> str:
    """The words of a message: mentions and outer white space off, at most 2,000 characters.

    Teams writes a mention as `<at>Name</at>` into the text and escapes the rest as HTML. The SDK
    would cut the bot's name wherever it stands, out of the question itself, too.
    """
    words = html.unescape(_MENTION.sub(" ", text)).split()
    return " ".join(words)[:MAX_QUESTION].strip()


def article_wanted(data: object) -> tuple[str, str] | None:
    """The (article id, locale) that a button of our cards asks for, or None for any other data."""
    match data:
        case {"babeldesk": 1, "action": "open", "article": str(article), "locale": str(locale)}:
            return article, locale
    return None


def _card(answer: Answer | None, language: str) -> dict[str, Any]:
    strings = strings_for(language)
    return card_for(answer, strings) if answer else vanished_card(strings)


async def _send_card(turn_context: TurnContext, card: dict[str, Any], language: str) -> None:
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
