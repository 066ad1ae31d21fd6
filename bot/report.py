"""What the records say of a time: who asked in which language, and whether it helped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bot.tables import FeedbackRow, QuestionRow


@dataclass(slots=True)
class LanguageReport:
    """The questions of one language: by outcome, and how many replies helped or did not."""

    outcomes: dict[str, int] = field(default_factory=dict)
    helpful: int = 0
    unhelpful: int = 0


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question without an answer: its text, language, outcome, and how often it was asked."""

    text: str
    language: str
    outcome: str
    times: int


@dataclass(frozen=True, slots=True)
class Complaint:
    """What somebody missed in an article, in their words."""

    article: str
    language: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the records say of a time: by language (BCP 47), what was not answered, most frequent
    first, and what people said of the articles that did not help, latest first.
    """

    languages: Mapping[str, LanguageReport]
    unanswered: tuple[Unanswered, ...]
    complaints: tuple[Complaint, ...]

    @property
    def total(self) -> LanguageReport:
        """The sum of all languages."""
        total = LanguageReport()
        for row in self.languages.values():
            total.helpful += row.helpful
            total.unhelpful += row.unhelpful
            for outcome, count in row.outcomes.items():
                total.outcomes[outcome] = total.outcomes.get(outcome, 0) + count
        return total


async def make_report(engine: AsyncEngine, since: int) -> Report:
    """What happened since a time, in seconds since 1970."""
    async with AsyncSession(engine) as session:
        languages = await _languages(session, since)
        unanswered = await _unanswered(session, since)
        complaints = await _complaints(session, since)
    return Report(dict(sorted(languages.items())), unanswered, complaints)


async def _languages(session: AsyncSession, since: int) -> dict[str, LanguageReport]:
    found: dict[str, LanguageReport] = {}
    outcomes = (
        select(QuestionRow.language, QuestionRow.outcome, func.count())
        .where(QuestionRow.at >= since)
        .group_by(QuestionRow.language, QuestionRow.outcome)
    )
    for language, outcome, count in await session.execute(outcomes):
        found.setdefault(language, LanguageReport()).outcomes[outcome] = count
    rated = (
        select(FeedbackRow.language, FeedbackRow.helpful, func.count())
        .where(FeedbackRow.at >= since)
        .group_by(FeedbackRow.language, FeedbackRow.helpful)
    )
    for language, helpful, count in await session.execute(rated):
        row = found.setdefault(language, LanguageReport())
        if helpful:
            row.helpful = count
        else:
            row.unhelpful = count
    return found


async def _unanswered(session: AsyncSession, since: int) -> tuple[Unanswered, ...]:
    times = func.count().label("times")
    rows = await session.execute(
        select(QuestionRow.text, QuestionRow.language, QuestionRow.outcome, times)
        .where(QuestionRow.at >= since, QuestionRow.outcome != "answer")
        .group_by(QuestionRow.text, QuestionRow.language, QuestionRow.outcome)
        .order_by(times.desc(), func.max(QuestionRow.at).desc())
    )
    return tuple(Unanswered(*row) for row in rows)


async def _complaints(session: AsyncSession, since: int) -> tuple[Complaint, ...]:
    rows = await session.execute(
        select(FeedbackRow.article, FeedbackRow.language, FeedbackRow.reason)
        .where(FeedbackRow.at >= since, FeedbackRow.reason.is_not(None))
        .order_by(FeedbackRow.at.desc())
    )
    return tuple(Complaint(article, language, reason or "") for article, language, reason in rows)
