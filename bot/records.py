"""What people tell the bot, kept: their language, what was said last, their questions, feedback.

By default in a SQLite file beside the index, through SQLAlchemy; see `bot.tables`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cachetools import TTLCache
from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from bot.report import Report, make_report
from bot.tables import (
    Base,
    FeedbackRow,
    PersonRow,
    QuestionRow,
    TurnRow,
    WelcomeRow,
    open_database,
)

# "The second one" means what was offered in the last half hour.
RECENT_S = 30 * 60
_TURNS_IN_MEMORY = 10_000

# What of a turn is kept as what was shown.
_SHOWN = ("article", "more", "choices", "others", "reply")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """The last thing said to a user: the question it answered, "" where that was none, the
    language (BCP 47) that they were talked to in, and what they have before them.

    `article` is the id of the one that is shown, `more` what the button carries that shows more of
    it; `choices` are the articles to choose from, in order, `others` those that come next, each as
    its id and the locale to show it in; `reply` is the id of the reply to the question. `recent` is
    false where that was more than half an hour ago.
    """

    question: str
    language: str
    article: str | None = None
    more: dict[str, Any] | None = None
    choices: tuple[tuple[str, str], ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    reply: str | None = None
    recent: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What the records hold of a user in a conversation: the locale that they chose to be
    answered in, if any, and their last turn.
    """

    chosen: str | None = None
    last: Turn | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what came of it. `id` is that of its reply; asked again, it takes the place
    of what was asked before.
    """

    id: str
    text: str
    language: str
    outcome: str
    article: str | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a user thinks of a reply that showed an article, in a language."""

    reply: str
    user: str
    article: str
    language: str
    helpful: bool
    reason: str | None = None


class Records:
    """The database of one bot.

    What only makes the bot forgetful when it can't be written or read (what was said last, who
    was welcomed, the questions) is logged and gone without, as an answer is worth more.
    """

    def __init__(
        self, engine: AsyncEngine, *, keep_questions: bool, clock: Callable[[], float] = time.time
    ) -> None:
        """Use `open`."""
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._clock = clock
        self._keep_questions = keep_questions
        # Questions that must not be written are needed for as long as one can refer to them.
        self._unwritten: TTLCache[tuple[str, str], str] = TTLCache(_TURNS_IN_MEMORY, RECENT_S)
        # SQLite has one writer; two that read first and then write would get in each other's way.
        self._writing = asyncio.Lock()

    @classmethod
    async def open(
        cls, path: Path, *, keep_questions: bool = True, clock: Callable[[], float] = time.time
    ) -> Self:
        """The records in a file, which is made or brought up to date. Raises RecordsError."""
        return cls(await open_database(path), keep_questions=keep_questions, clock=clock)

    async def close(self) -> None:
        """Close the database."""
        await self._engine.dispose()

    async def known(self, conversation: str, user: str) -> Known:
        """What is known of a user in a conversation."""
        person, row = None, None
        with _going_without():
            async with self._sessions() as session:
                person = await session.get(PersonRow, user)
                row = await session.get(TurnRow, (conversation, user))
        last = self._turn(row, conversation, user) if row else None
        return Known(person.language if person else None, last)

    async def remember(
        self, conversation: str, user: str, turn: Turn, asked: Asked | None = None
    ) -> None:
        """A turn has been taken; `asked` where it was a question that was looked up."""
        self._unwritten[conversation, user] = turn.question
        shown = {name: getattr(turn, name) for name in _SHOWN}
        rows: list[Base] = [
            TurnRow(
                conversation=conversation,
                user=user,
                question=turn.question if self._keep_questions else "",
                language=turn.language,
                shown=shown,
                at=self._now(),
            )
        ]
        if asked and self._keep_questions:
            rows.append(QuestionRow(**dataclasses.asdict(asked), at=self._now()))
        with _going_without():
            await self._merge(*rows)

    async def choose_language(self, user: str, locale: str | None) -> None:
        """From now on a user wants answers in a locale, or in the language of each question."""
        await self._merge(PersonRow(id=user, language=locale))

    async def rate(self, feedback: Feedback) -> None:
        """A user has said whether a reply helped; the last word counts."""
        await self._merge(FeedbackRow(**dataclasses.asdict(feedback), at=self._now()))

    async def welcome(self, subject: str) -> bool:
        """Whether a user or a conversation is still to be welcomed; from then on it is not."""
        known = False
        with _going_without():
            async with self._writing, self._sessions.begin() as session:
                known = await session.get(WelcomeRow, subject) is not None
                if not known:
                    session.add(WelcomeRow(subject=subject, at=self._now()))
        return not known

    async def part(self, subject: str) -> None:
        """The bot has left a conversation: should it come back, it says hello again."""
        with _going_without():
            async with self._writing, self._sessions.begin() as session:
                await session.execute(delete(WelcomeRow).where(WelcomeRow.subject == subject))

    async def report(self, seconds: float | None = None) -> Report:
        """What happened in the last so many seconds, or ever."""
        return await make_report(self._engine, 0 if seconds is None else self._now() - int(seconds))

    def _turn(self, row: TurnRow, conversation: str, user: str) -> Turn:
        shown = row.shown
        return Turn(
            question=row.question or self._unwritten.get((conversation, user), ""),
            language=row.language,
            article=shown["article"],
            more=shown["more"],
            choices=tuple((article, locale) for article, locale in shown["choices"]),
            others=tuple((article, locale) for article, locale in shown["others"]),
            reply=shown["reply"],
            recent=self._now() - row.at < RECENT_S,
        )

    async def _merge(self, *rows: Base) -> None:
        async with self._writing, self._sessions.begin() as session:
            for row in rows:
                await session.merge(row)

    def _now(self) -> int:
        return int(self._clock())


@contextmanager
def _going_without() -> Iterator[None]:
    """Log a database that fails, and go on."""
    try:
        yield
    except SQLAlchemyError:
        _log.exception("the records could not be used")
