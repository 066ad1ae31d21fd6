"""What a message or a button means in a conversation, and the reply to it. Knows no SDK."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.answer import SUGGESTIONS, Answer, Answerer, Asker
from bot.buttons import Button, ChangeLanguage, ChooseLanguage, Explain, OpenArticle, Rate, pressed
from bot.cards import (
    card_for,
    language_card,
    language_set_text,
    more_card,
    notice_card,
    reason_card,
    vanished_card,
    welcome_card,
    with_notice,
)
from bot.frame import Card, Rated, View
from bot.language.negotiation import negotiate
from bot.phrases import follows_up, locales_of
from bot.records import Asked, Feedback, Known, Records, Turn
from bot.strings import strings_for
from corpus.article import ENGLISH

T = TypeVar("T")

_COMMAND = "/"
# What picks one of the articles to choose from, as the strings name it.
_ORDINALS = ("first", "second", "third")
# The ids of replies: as the same message comes again when it is edited, so does its reply's id.
_REPLIES = uuid.UUID("6f1c3b52-52a5-4c0e-9a1c-1f9f0d1a7f0e")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says something and where, by the channel's ids; the locale (BCP 47) of their client, if
    told; and how to mention the bot where several people talk.
    """

    conversation: str
    user: str
    client: str | None = None
    mention: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody said: its id in the conversation, its words without mentions, and whether
    pictures or files came with it.
    """

    id: str
    text: str
    has_attachments: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A card in a language (BCP 47), or a text with questions to pick from."""

    language: str
    card: Card | None = None
    text: str = ""
    examples: tuple[str, ...] = ()


class Helpdesk:
    """Talks with every user. `help_desk` is the address of the people to ask, if any.

    What `answerer` does may block: it runs in `executor`, so that the event loop goes on serving.
    """

    def __init__(
        self,
        answerer: Answerer,
        records: Records,
        executor: Executor,
        help_desk: str | None = None,
    ) -> None:
        self._answerer = answerer
        self._records = records
        self._executor = executor
        self._help_desk = help_desk

    async def arrived(self, speaker: Speaker) -> list[Reply]:
        """The welcome, once for a user, or for a conversation of several people."""
        if not await self._records.welcome(_host(speaker)):
            return []
        known = await self._records.known(speaker.conversation, speaker.user)
        return await self._welcome(speaker, _spoken(known, speaker))

    async def left(self, speaker: Speaker) -> None:
        """The bot has been removed."""
        await self._records.part(_host(speaker))

    async def said(self, speaker: Speaker, message: Message) -> list[Reply]:
        """The reply to a message."""
        known = await self._records.known(speaker.conversation, speaker.user)
        spoken = _spoken(known, speaker)
        if message.has_attachments and not message.text:
            strings = strings_for(spoken)
            return [Reply(spoken, notice_card(strings, strings.get("attachments-only")))]
        if locales := _asks_for_language(message.text):
            # The command is English in every client, so it tells nothing of who uses it.
            wanted = spoken if ENGLISH in locales else negotiate(spoken, locales) or locales[0]
            return [self._languages(known, wanted, None)]
        if _is_command(message.text):
            return await self._welcome(speaker, spoken)
        recent = known.last if known.last and known.last.recent else None
        if recent and (meant := _meant(message.text, recent)):
            return [await self._opened(speaker, meant)]
        if recent and locales_of(message.text, "more-words"):
            return [await self._more(speaker, recent)]
        return [await self._answered(speaker, known, message, recent)]

    async def pressed(
        self, speaker: Speaker, button: Button | None, *, in_place: bool = False
    ) -> Reply:
        """The reply to a button; None is one that is not of these cards. `in_place` tells that its
        card takes the place of the one that was pressed.
        """
        match button:
            case OpenArticle() as wanted:
                return await self._opened(speaker, wanted)
            case Rate(shown, helpful):
                await self._rate(speaker, shown, helpful=helpful)
                if in_place:
                    return await self._opened(speaker, shown, "helpful" if helpful else "unhelpful")
                return self._thanked(shown, ask=not helpful)
            case Explain(shown, reason):
                await self._rate(speaker, shown, helpful=False, reason=reason or None)
                if in_place:
                    return await self._opened(speaker, shown, "explained")
                return self._thanked(shown, ask=False)
        known = await self._records.known(speaker.conversation, speaker.user)
        match button:
            case ChangeLanguage(article_id):
                return self._languages(known, _spoken(known, speaker), article_id)
            case ChooseLanguage(locale, article_id):
                return await self._language_chosen(speaker, known, locale, article_id)
        spoken = _spoken(known, speaker)
        strings = strings_for(spoken)
        return Reply(spoken, notice_card(strings, strings.get("button-unknown")))

    async def _welcome(self, speaker: Speaker, spoken: str) -> list[Reply]:
        examples = await self._run(self._answerer.examples, spoken)
        strings = strings_for(spoken)
        if speaker.mention:
            return [Reply(spoken, welcome_card(strings, speaker.mention, examples))]
        replies = [Reply(spoken, welcome_card(strings))]
        if examples:
            titles = tuple(example.title for example in examples)
            replies.append(Reply(spoken, None, strings.get("welcome-examples"), titles))
        return replies

    async def _opened(
        self, speaker: Speaker, wanted: OpenArticle, rated: Rated | None = None
    ) -> Reply:
        """The card of an article, which is what the user has before them from then on."""
        answer = await self._run(
            self._answerer.open_article,
            wanted.article_id,
            wanted.locale,
            wanted.reader,
            wanted.section,
        )
        if answer is None:
            return Reply(wanted.spoken, vanished_card(strings_for(wanted.spoken)))
        view = View(self._help_desk, wanted.reply, rated, wanted.part)
        card = card_for(answer, strings_for(answer.language), view)
        known = await self._records.known(speaker.conversation, speaker.user)
        last = known.last or Turn("", answer.language)
        turn = _turn(answer, card, last.question, wanted.reply)
        if wanted.reply == last.reply:
            opened = (wanted.article_id, answer.article.locale if answer.article else "")
            others = tuple(other for other in last.others if other != opened)
            turn = dataclasses.replace(turn, others=others)
        await self._records.remember(speaker.conversation, speaker.user, turn)
        return Reply(answer.language, card)

    async def _answered(
        self, speaker: Speaker, known: Known, message: Message, recent: Turn | None
    ) -> Reply:
        asker = _asker(known, speaker)
        answer = await self._followed_up(message.text, asker, recent, speaker.client)
        if answer is None:
            answer = await self._run(self._answerer.answer, message.text, asker)
        view = View(self._help_desk, reply_id(speaker, message))
        card = card_for(answer, strings_for(answer.language), view)
        await self._keep(speaker, known, answer, card, view.reply)
        return Reply(answer.language, card)

    async def _followed_up(
        self, text: str, asker: Asker, recent: Turn | None, client: str | None
    ) -> Answer | None:
        """The answer to a few words that mean the question before them, too; None where they are
        a question of their own.
        """
        if not (recent and recent.question and follows_up(text, (recent.language, client))):
            return None
        both = f"{recent.question} {text}"
        answer = await self._run(self._answerer.answer, text, asker, both)
        return answer if answer.outcome != "none" else None

    async def _keep(
        self,
        speaker: Speaker,
        known: Known,
        answer: Answer,
        card: Card,
        reply: str | None,
        *,
        new: bool = True,
    ) -> None:
        """The answer is what the user has before them from then on; small talk changes nothing."""
        asked = None
        turn = _turn(answer, card, answer.question, reply)
        if answer.talk:
            last = known.last or Turn("", answer.language)
            turn = dataclasses.replace(last, language=answer.language)
        elif new and reply:
            article = answer.article.id if answer.article else None
            asked = Asked(reply, answer.question, answer.language, answer.outcome, article)
        await self._records.remember(speaker.conversation, speaker.user, turn, asked)

    async def _more(self, speaker: Speaker, recent: Turn) -> Reply:
        """The rest of the article that is shown; else the articles that come after it."""
        rest = pressed(recent.more)
        if isinstance(rest, OpenArticle):
            return await self._opened(speaker, rest)
        strings = strings_for(recent.language)
        answer = await self._run(
            self._answerer.offer, recent.others[:SUGGESTIONS], recent.language, recent.question
        )
        if not answer.suggestions:
            return Reply(recent.language, notice_card(strings, strings.get("more-none")))
        card = more_card(answer, strings, View(self._help_desk, recent.reply))
        turn = Turn(
            recent.question,
            recent.language,
            choices=recent.others[:SUGGESTIONS],
            others=recent.others[SUGGESTIONS:],
            reply=recent.reply,
        )
        await self._records.remember(speaker.conversation, speaker.user, turn)
        return Reply(recent.language, card)

    async def _rate(
        self, speaker: Speaker, shown: OpenArticle, *, helpful: bool, reason: str | None = None
    ) -> None:
        if shown.reply is None:
            return
        await self._records.rate(
            Feedback(shown.reply, speaker.user, shown.article_id, shown.spoken, helpful, reason)
        )

    @staticmethod
    def _thanked(shown: OpenArticle, *, ask: bool) -> Reply:
        strings = strings_for(shown.spoken)
        if ask:
            return Reply(shown.spoken, reason_card(shown, strings))
        return Reply(shown.spoken, notice_card(strings, strings.get("helpful-thanks")))

    def _languages(self, known: Known, spoken: str, article_id: str | None) -> Reply:
        locales = self._answerer.languages()
        return Reply(spoken, language_card(strings_for(spoken), locales, known.chosen, article_id))

    async def _language_chosen(
        self, speaker: Speaker, known: Known, locale: str | None, article_id: str | None
    ) -> Reply:
        """Keep a user's choice, and say again in that language what was said last."""
        chosen = negotiate(locale, self._answerer.languages()) if locale else None
        if locale and chosen is None:  # not in this index (any more)
            return self._languages(known, _spoken(known, speaker), article_id)
        await self._records.choose_language(speaker.user, chosen)
        known = Known(chosen, known.last)
        spoken = _spoken(known, speaker)
        shown, last = None, known.last
        if article_id is not None:
            reply = last.reply if last and last.article == article_id else None
            shown = await self._opened(speaker, OpenArticle(article_id, spoken, reply=reply))
        elif last and last.question:
            shown = await self._asked_again(speaker, known, last)
        strings = strings_for(shown.language if shown else spoken)
        text = language_set_text(strings, chosen)
        if shown and shown.card:
            return Reply(shown.language, with_notice(shown.card, text, strings))
        return Reply(spoken, notice_card(strings, text))

    async def _asked_again(self, speaker: Speaker, known: Known, last: Turn) -> Reply:
        answer = await self._run(self._answerer.answer, last.question, _asker(known, speaker))
        card = card_for(answer, strings_for(answer.language), View(self._help_desk, last.reply))
        await self._keep(speaker, known, answer, card, last.reply, new=False)
        return Reply(answer.language, card)

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, function, *arguments)


def _spoken(known: Known, speaker: Speaker) -> str:
    """The language to talk to a user in, before they have said anything in this message."""
    last = known.last.language if known.last else None
    return known.chosen or last or speaker.client or ENGLISH


def _asker(known: Known, speaker: Speaker) -> Asker:
    history = (known.last.language,) if known.last else ()
    return Asker(chosen=known.chosen, history=history, client=speaker.client)


def _host(speaker: Speaker) -> str:
    """Whom to welcome: a user alone, or everybody in a conversation."""
    return speaker.conversation if speaker.mention else speaker.user


def _is_command(text: str) -> bool:
    """Whether a message says nothing, asks for help, or is a command, be it an unknown one."""
    words = text.lower().rstrip(" .!").split()
    return words in ([], ["help"], ["?"]) or (len(words) == 1 and words[0].startswith(_COMMAND))


def _asks_for_language(text: str) -> tuple[str, ...]:
    """The locales of the word with which a user asks to choose a language; () for other words."""
    word = text.removeprefix(_COMMAND)
    return locales_of(word, "language-word")


def _meant(text: str, recent: Turn) -> OpenArticle | None:
    """The article that is meant by "in English, please" or "the second one" after a reply."""
    if recent.article and locales_of(text, "english-words"):
        return OpenArticle(recent.article, ENGLISH, recent.language, reply=recent.reply)
    for ordinal, choice in zip(_ORDINALS, recent.choices, strict=False):
        if locales_of(text, f"{ordinal}-words"):
            return OpenArticle(*choice, recent.language, reply=recent.reply)
    return None


def _turn(answer: Answer, card: Card, question: str, reply: str | None) -> Turn:
    hits = tuple((hit.article_id, hit.locale) for hit in answer.hits)
    if answer.article is None:
        choices = tuple((choice.article_id, choice.locale) for choice in answer.suggestions)
        others = tuple(hit for hit in hits if hit not in choices)
        return Turn(question, answer.language, choices=choices, others=others, reply=reply)
    more = _more_of(card, answer.article.locale)
    return Turn(question, answer.language, answer.article.id, more, others=hits[1:], reply=reply)


def _more_of(card: Card, locale: str) -> dict[str, Any] | None:
    """What the button carries that shows more of the article, where not all of it is shown."""
    for action in card.get("actions", ()):
        button = pressed(action.get("data"))
        if isinstance(button, OpenArticle) and button.locale == locale:
            return button.data()
    return None


def reply_id(speaker: Speaker, message: Message) -> str:
    """The id of the reply to a message, the same each time."""
    return str(uuid.uuid5(_REPLIES, f"{speaker.conversation}\n{message.id}"))
