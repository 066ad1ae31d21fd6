"""What the bot does with each activity: translates it for the conversation, sends the replies."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from typing import Any

from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.core.teams import TeamsActivityHandler
from botbuilder.schema import (
    Activity,
    ActivityTypes,
    Attachment,
    CardAction,
    RoleTypes,
    SuggestedActions,
)
from cachetools import LRUCache, TTLCache

from bot.adapter import ADAPTIVE_CARD, expects_replies, invoke_card, invoke_message, not_implemented
from bot.answer import MAX_QUESTION
from bot.buttons import is_button, pressed
from bot.conversation import Helpdesk, Message, Reply, Speaker
from bot.strings import is_rtl

_MENTION = re.compile(r"<at\b[^>]*>.*?</at>", re.DOTALL | re.IGNORECASE)
# How the channel's ids of bots begin.
_BOT_ID = "28:"
# What Teams adds to a message of its own: the same text as HTML.
_TEXT_AGAIN = "text/html"
# A second click on the same button within this time is a slip of the finger.
_SAME_CLICK_S = 2.0
_CLICKS_KEPT = 10_000
# Replies that can be changed when the message that they answer is edited.
_REPLIES_KEPT = 10_000


class HelpdeskBot(TeamsActivityHandler):  # type: ignore[misc]
    """Hands messages and buttons to the conversation, and its replies to the channel."""

    def __init__(self, helpdesk: Helpdesk) -> None:
        super().__init__()
        self._helpdesk = helpdesk
        self._clicks: TTLCache[tuple[str, ...], bool] = TTLCache(_CLICKS_KEPT, _SAME_CLICK_S)
        self._replies: LRUCache[tuple[str, str], str] = LRUCache(_REPLIES_KEPT)

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        """A typing indicator, then the reply to a message or to a button."""
        activity = turn_context.activity
        button = is_button(activity.value)
        if not _is_for_us(activity, button=button) or (button and self._clicked_again(activity)):
            return
        # Replies that travel together have nothing to bridge.
        if not expects_replies(activity):
            await turn_context.send_activity(Activity(type=ActivityTypes.typing))
        speaker = _speaker(activity)
        if button:
            await _send(
                turn_context, await self._helpdesk.pressed(speaker, pressed(activity.value))
            )
            return
        replies = await self._helpdesk.said(speaker, _message(activity))
        sent = [await _send(turn_context, reply) for reply in replies]
        if activity.id and sent[0]:
            self._replies[activity.conversation.id, activity.id] = sent[0]

    async def on_teams_message_edit(self, turn_context: TurnContext) -> None:
        """The reply to an edited message takes the place of the reply to what it was before."""
        activity = turn_context.activity
        if not _is_for_us(activity, button=False):
            return
        first, *others = await self._helpdesk.said(_speaker(activity), _message(activity))
        before = self._replies.get((activity.conversation.id, activity.id or ""))
        sent = await _send(turn_context, first, instead_of=before)
        if activity.id and sent:
            self._replies[activity.conversation.id, activity.id] = sent
        for reply in others if before is None else ():
            await _send(turn_context, reply)

    async def on_conversation_update_activity(self, turn_context: TurnContext) -> None:
        """Welcome where the bot itself was added, not whoever else comes."""
        activity = turn_context.activity
        if _has_bot(activity.members_removed, activity):
            await self._helpdesk.left(_speaker(activity))
        elif _has_bot(activity.members_added, activity):
            await self._arrived(turn_context)

    async def on_installation_update(self, turn_context: TurnContext) -> None:
        """Welcome on an installation, which Teams reports beside the conversation update or,
        where the conversation is older than the installation, alone.
        """
        activity = turn_context.activity
        if (activity.action or "").startswith("remove"):
            await self._helpdesk.left(_speaker(activity))
        elif (activity.action or "").startswith("add"):
            await self._arrived(turn_context)

    async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
        """Put another card in the place of the one whose button was pressed."""
        activity = turn_context.activity
        if activity.name != "adaptiveCard/action":
            return not_implemented()
        value = activity.value
        action = value.get("action") if isinstance(value, dict) else None
        button = pressed(action.get("data") if isinstance(action, dict) else None)
        reply = await self._helpdesk.pressed(_speaker(activity), button, in_place=True)
        if button is None or reply.card is None:
            # The card that was pressed stays: something of it may still be of use.
            return invoke_message(reply.card["speak"] if reply.card else reply.text)
        return invoke_card(reply.card)

    async def _arrived(self, turn_context: TurnContext) -> None:
        for reply in await self._helpdesk.arrived(_speaker(turn_context.activity)):
            await _send(turn_context, reply)

    def _clicked_again(self, activity: Activity) -> bool:
        data = json.dumps(activity.value, sort_keys=True)
        speaker = _speaker(activity)
        click = (speaker.conversation, speaker.user, activity.reply_to_id or "", data)
        again = click in self._clicks
        self._clicks[click] = True
        return again


def plain_question(text: str) -> str:
    """The words of a message: mentions and outer white space off, at most 2,000 characters.

    Teams writes a mention as `<at>Name</at>` into the text and escapes the rest as HTML. The SDK
    would cut the bot's name wherever it stands, out of the question itself, too.
    """
    words = html.unescape(_MENTION.sub(" ", text)).split()
    return " ".join(words)[:MAX_QUESTION].strip()


def _is_for_us(activity: Activity, *, button: bool) -> bool:
    """Whether to react: to people, not to bots; among several people, only when spoken to."""
    sender = activity.from_property
    if sender and (sender.role == RoleTypes.bot or (sender.id or "").startswith(_BOT_ID)):
        return False
    return button or not _is_group(activity) or _mentions_us(activity)


def _is_group(activity: Activity) -> bool:
    kind = activity.conversation.conversation_type
    return kind in ("channel", "groupChat") or bool(kind is None and activity.conversation.is_group)


def _mentions_us(activity: Activity) -> bool:
    mentioned = (
        (entity.additional_properties or {}).get("mentioned")
        for entity in activity.entities or ()
        if entity.type == "mention"
    )
    ours = activity.recipient.id if activity.recipient else None
    return any(isinstance(who, dict) and who.get("id") == ours for who in mentioned)


def _speaker(activity: Activity) -> Speaker:
    sender = activity.from_property
    user = (sender.aad_object_id or sender.id or "") if sender else ""
    name = activity.recipient.name if activity.recipient else None
    mention = f"@{name or 'Babeldesk'}" if _is_group(activity) else None
    return Speaker(activity.conversation.id, user, activity.locale, mention)


def _message(activity: Activity) -> Message:
    attachments: Sequence[Attachment] = activity.attachments or ()
    foreign = any(attachment.content_type != _TEXT_AGAIN for attachment in attachments)
    return Message(activity.id or "", plain_question(activity.text or ""), foreign)


async def _send(
    turn_context: TurnContext, reply: Reply, instead_of: str | None = None
) -> str | None:
    """A message, new or in place of the one with an id: its own id, if the channel gives one."""
    # The SDK stamps every reply with the locale of the activity that it answers.
    turn_context.activity.locale = reply.language
    message = _card_message(reply.card) if reply.card else _text_message(reply)
    if instead_of is None:
        sent = await turn_context.send_activity(message)
        return sent.id if sent else None
    message.id = instead_of
    await turn_context.update_activity(message)
    return instead_of


def _card_message(card: dict[str, Any]) -> Activity:
    """A message that is a card: what it says in short is for notifications and screen readers."""
    return Activity(
        type=ActivityTypes.message,
        summary=card["speak"],
        speak=card["speak"],
        attachments=[Attachment(content_type=ADAPTIVE_CARD, content=card)],
    )


def _text_message(reply: Reply) -> Activity:
    """A text with questions to pick from, which Teams shows beside texts alone."""
    actions = [CardAction(type="imBack", title=text, value=text) for text in reply.examples]
    text = f"\N{RIGHT-TO-LEFT MARK}{reply.text}" if is_rtl(reply.language) else reply.text
    return Activity(
        type=ActivityTypes.message,
        text=text,
        suggested_actions=SuggestedActions(actions=actions) if actions else None,
    )


def _has_bot(members: list[Any] | None, activity: Activity) -> bool:
    return activity.recipient is not None and any(
        member.id == activity.recipient.id for member in members or ()
    )
