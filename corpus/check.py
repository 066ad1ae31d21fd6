"""What a corpus holds, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpus.article import Article
from corpus.parallel import read_all
from corpus.reader import Problem, corpus_files

UNREADABLE = "unreadable"


@dataclass(slots=True)
class LocaleCount:
    """What one locale holds."""

    articles: int = 0
    segments: int = 0
    steps: int = 0
    problems: int = 0


@dataclass(slots=True)
class CheckReport:
    """Counts per locale, and every problem. Files that gave no article count as `UNREADABLE`.

    `fragments` counts files that are only there to be included in articles, and
    `fragment_segments` what they hold; an article that includes one counts its segments too.
    """

    locales: dict[str, LocaleCount] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    fragments: int = 0
    fragment_segments: int = 0


def check(
    roots: Sequence[Path],
    base_url: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CheckReport:
    """Read everything below `roots` and count it. Raises FileNotFoundError for a missing root."""
    report = CheckReport()
    sources = list(corpus_files(roots))
    first: dict[tuple[str, str], Path] = {}
    for done, reading in enumerate(read_all(sources, base_url), 1):
        problems = list(reading.problems)
        article = reading.article
        if progress:
            progress(done, len(sources))
        if reading.source.is_fragment and reading.file_hash:
            report.fragments += 1
            report.fragment_segments += sum(1 for _ in article.segments) if article else 0
            continue
        if article:
            path = first.setdefault((article.locale, article.id), reading.source.path)
            if path != reading.source.path:
                message = f"says what {path} says (same id {article.id}, same locale)."
                problems.append(Problem(reading.source.path, 1, message))
        report.problems.extend(problems)
        _count(report.locales, article, len(problems))
    return report


def _count(locales: dict[str, LocaleCount], article: Article | None, problems: int) -> None:
    count = locales.setdefault(article.locale if article else UNREADABLE, LocaleCount())
    count.problems += problems
    if article:
        count.articles += 1
        count.segments += sum(1 for _ in article.segments)
        count.steps += article.steps
