"""The database: its tables, and how it is opened.

| table | a row for each | holds |
|---|---|---|
| `people` | user | the language that they chose |
| `welcomes` | user or conversation | when it was welcomed |
| `turns` | user in a conversation | the last question, and what was shown for it |
| `questions` | question | its text, language and outcome; none where questions are not kept |
| `feedback` | reply and user | whether it helped, and what they said to that |

Users and conversations are known by the channel's ids; times are seconds since 1970 (UTC). The
schema's history stands in `bot/migrations`; a database of an older version is brought up to date
when it is opened.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as Migrations
from alembic.util import CommandError
from sqlalchemy import JSON, BigInteger, Connection, String, Text, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_MIGRATIONS = Path(__file__).with_name("migrations")


class RecordsError(ValueError):
    """The records can't be opened; the message names the database and the mend."""


class Base(DeclarativeBase):
    """The tables, as the newest migration leaves them."""


class PersonRow(Base):
    """A user, and the locale that they chose, if any."""

    __tablename__ = "people"
    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    language: Mapped[str | None] = mapped_column(String(35))


class WelcomeRow(Base):
    """A user or a conversation that was welcomed."""

    __tablename__ = "welcomes"
    subject: Mapped[str] = mapped_column(String(500), primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)


class TurnRow(Base):
    """What was said last to a user in a conversation; `shown` is a `bot.records.Turn`."""

    __tablename__ = "turns"
    conversation: Mapped[str] = mapped_column(String(500), primary_key=True)
    user: Mapped[str] = mapped_column("person", String(200), primary_key=True)
    question: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(35))
    shown: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[int] = mapped_column(BigInteger)


class QuestionRow(Base):
    """A question, the language of its reply, its outcome, and the article that answered it."""

    __tablename__ = "questions"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(35))
    outcome: Mapped[str] = mapped_column(String(10))
    article: Mapped[str | None] = mapped_column(Text)
    at: Mapped[int] = mapped_column(BigInteger, index=True)


class FeedbackRow(Base):
    """What a user thinks of a reply."""

    __tablename__ = "feedback"
    reply: Mapped[str] = mapped_column(String(36), primary_key=True)
    user: Mapped[str] = mapped_column("person", String(200), primary_key=True)
    article: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(35))
    helpful: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[int] = mapped_column(BigInteger, index=True)


async def open_database(path: Path) -> AsyncEngine:
    """The database in a file, which is made or brought up to date. Raises RecordsError."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    event.listen(engine.sync_engine, "connect", _tune_sqlite)
    try:
        await asyncio.to_thread(_make_private, path)
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
    except (OSError, SQLAlchemyError, CommandError) as error:
        await engine.dispose()
        reason = str(getattr(error, "orig", error)).rstrip(".")
        raise RecordsError(
            f"The records in {path} can't be opened ({reason}): make the file writable, or "
            "move it away to begin with new ones."
        ) from error
    return engine


def _make_private(path: Path) -> None:
    """Make the file where there is none: what people ask is nobody else's business."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)


def _migrate(connection: Connection) -> None:
    migrations = Migrations()
    migrations.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    migrations.attributes["connection"] = connection
    command.upgrade(migrations, "head")


def _tune_sqlite(connection: Any, _: object) -> None:
    """Readers beside a writer; what was committed outlives the process, whatever ends it."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
