from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from bot.records import (
    RECENT_S,
    Asked,
    Feedback,
    Known,
    Records,
    Turn,
)
from bot.report import Complaint, LanguageReport, Unanswered
from bot.tables import Base, RecordsError


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "records.db"


@pytest.fixture
async def records(path: Path, clock: Clock) -> AsyncIterator[Records]:
    opened = await Records.open(path, clock=clock)
    yield opened
    await opened.close()


def asked(number: int, language: str = "tr-TR", outcome: str = "none", text: str = "") -> Asked:
    return Asked(str(number), text or f"soru {number}", language, outcome)


TURN = Turn(
    "şifre",
    "tr-TR",
    "account/password",
    more={"babeldesk": 1, "action": "open"},
    choices=(("a", "tr-TR"),),
    others=(("b", "en-US"), ("c", "tr-TR")),
)


async def test_what_was_kept_is_there_after_a_restart(
    records: Records, path: Path, clock: Clock
) -> None:
    await records.choose_language("u", "ar-SA")
    await records.remember("c", "u", TURN, asked(1))
    assert await records.welcome("u")
    again = await Records.open(path, clock=clock)
    assert await again.known("c", "u") == Known("ar-SA", TURN)
    assert await again.known("other", "u") == Known("ar-SA", None)
    assert await again.known("c", "somebody") == Known(None, None)
    assert not await again.welcome("u")
    await again.close()


async def test_a_choice_of_language_is_taken_back(records: Records) -> None:
    await records.choose_language("u", "ar-SA")
    await records.choose_language("u", None)
    assert await records.known("c", "u") == Known()


async def test_a_turn_is_recent_for_half_an_hour(records: Records, clock: Clock) -> None:
    await records.remember("c", "u", TURN)
    clock.now += RECENT_S - 1
    last = (await records.known("c", "u")).last
    assert last
    assert last.recent
    clock.now += 1
    last = (await records.known("c", "u")).last
    assert last
    assert (last.recent, last.question) == (False, "şifre")


async def test_a_conversation_that_the_bot_left_is_welcomed_again(records: Records) -> None:
    assert [await records.welcome("c") for _ in range(2)] == [True, False]
    await records.part("c")
    assert await records.welcome("c")


async def test_no_question_is_written_where_none_is_to_be_kept(path: Path, clock: Clock) -> None:
    records = await Records.open(path, keep_questions=False, clock=clock)
    await records.remember("c", "u", TURN, asked(1, text="gizli"))
    assert (await records.known("c", "u")).last == TURN  # held in mind, for follow-ups
    assert (await records.report()).languages == {}
    await records.close()
    assert all("şifre".encode() not in file.read_bytes() for file in path.parent.iterdir())
    again = await Records.open(path, keep_questions=False, clock=clock)
    last = (await again.known("c", "u")).last
    assert last
    assert (last.question, last.article) == ("", "account/password")
    await again.close()


async def test_the_report_counts_by_language(records: Records) -> None:
    for number, (language, outcome) in enumerate(
        [("tr-TR", "answer"), ("tr-TR", "answer"), ("tr-TR", "none"), ("de-DE", "suggest")]
    ):
        await records.remember("c", "u", TURN, asked(number, language, outcome))
    await records.rate(Feedback("0", "u", "a", "tr-TR", helpful=True))
    await records.rate(Feedback("0", "v", "a", "tr-TR", helpful=False))
    await records.rate(Feedback("1", "u", "a", "tr-TR", helpful=True))
    await records.rate(Feedback("9", "u", "a", "fr-FR", helpful=False))
    report = await records.report()
    assert report.languages == {
        "de-DE": LanguageReport({"suggest": 1}),
        "fr-FR": LanguageReport({}, unhelpful=1),
        "tr-TR": LanguageReport({"answer": 2, "none": 1}, helpful=2, unhelpful=1),
    }


async def test_the_report_lists_what_was_not_answered_most_frequent_first(
    records: Records, clock: Clock
) -> None:
    for number, text in enumerate(["tek", "sık", "yeni", "sık", "cevaplı"]):
        clock.now += 1
        outcome = "answer" if text == "cevaplı" else "none"
        await records.remember("c", "u", TURN, asked(number, "tr-TR", outcome, text))
    assert (await records.report()).unanswered == (
        Unanswered("sık", "tr-TR", "none", 2),
        Unanswered("yeni", "tr-TR", "none", 1),
        Unanswered("tek", "tr-TR", "none", 1),
    )


async def test_a_question_asked_anew_takes_the_place_of_the_old_one(records: Records) -> None:
    await records.remember("c", "u", TURN, asked(1, outcome="none", text="sifr"))
    await records.remember("c", "u", TURN, asked(1, outcome="answer", text="şifre"))
    report = await records.report()
    assert report.languages["tr-TR"].outcomes == {"answer": 1}
    assert report.unanswered == ()


async def test_the_last_word_on_a_reply_counts(records: Records) -> None:
    await records.rate(Feedback("1", "u", "a", "tr-TR", helpful=True))
    await records.rate(Feedback("1", "u", "a", "tr-TR", helpful=False))
    await records.rate(Feedback("1", "u", "a", "tr-TR", helpful=False, reason="Mac yok"))
    report = await records.report()
    assert report.languages == {"tr-TR": LanguageReport({}, unhelpful=1)}
    assert report.complaints == (Complaint("a", "tr-TR", "Mac yok"),)


async def test_the_report_of_some_days_leaves_out_what_is_older(
    records: Records, clock: Clock
) -> None:
    await records.remember("c", "u", TURN, asked(1))
    await records.rate(Feedback("1", "u", "a", "tr-TR", helpful=True))
    clock.now += 86_400
    await records.remember("c", "u", TURN, asked(2, "de-DE"))
    report = await records.report(86_399)
    assert report.languages == {"de-DE": LanguageReport({"none": 1})}
    assert [question.text for question in report.unanswered] == ["soru 2"]


@pytest.mark.usefixtures("records")
async def test_the_tables_are_what_the_migrations_make(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


async def test_nobody_else_on_the_machine_reads_the_records(records: Records, path: Path) -> None:
    await records.choose_language("u", "ar-SA")
    modes = [file.stat().st_mode & 0o077 for file in path.parent.iterdir()]
    assert len(modes) >= 2  # the newest writings stand in a file of their own
    assert set(modes) == {0}


async def test_the_database_is_read_while_it_is_written(records: Records, path: Path) -> None:
    await records.choose_language("u", "ar-SA")
    reader = sqlite3.connect(path)
    assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    cursor = reader.execute("SELECT language FROM people")
    assert cursor.fetchone() == ("ar-SA",)
    await records.choose_language("v", "tr-TR")
    cursor.close()
    reader.close()


async def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    path.write_bytes(b"something else, long enough to be taken for a header of its own" * 40)
    with pytest.raises(RecordsError, match=r"records\.db can't be opened \(file is not a database"):
        await Records.open(path)


@pytest.mark.usefixtures("records")
async def test_records_of_a_newer_version_are_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(RecordsError, match=r"can't be opened .*9999"):
        await Records.open(path)


async def test_an_answer_goes_without_records_that_fail(
    records: Records, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE turns")
    database.close()
    await records.remember("c", "u", TURN, asked(1))
    assert await records.known("c", "u") == Known()
    assert "the records could not be used" in caplog.text
