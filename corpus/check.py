"""What a corpus holds, what is wrong with it, and what an editor should look at."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpus.article import ENGLISH, Article
from corpus.parallel import read_all
from corpus.reader import Problem, Reading, corpus_files
from corpus.review import Finding, compare, missing_locales, near_duplicates, review

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
    `paths` are the files of the articles, by locale and id.
    """

    locales: dict[str, LocaleCount] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    fragments: int = 0
    fragment_segments: int = 0
    paths: dict[tuple[str, str], Path] = field(default_factory=dict)


def check(
    roots: Sequence[Path],
    base_url: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CheckReport:
    """Read everything below `roots` and look at it. Raises FileNotFoundError for a missing root."""
    report = CheckReport()
    sources = list(corpus_files(roots))
    english: dict[str, Article] = {}
    without_english: list[Article] = []
    for done, reading in enumerate(read_all(sources, base_url), 1):
        if progress:
            progress(done, len(sources))
        article = reading.article
        if reading.source.is_fragment and reading.file_hash:
            report.fragments += 1
            report.fragment_segments += sum(1 for _ in article.segments) if article else 0
            continue
        _add(report, reading)
        if article is None:
            continue
        if article.locale == ENGLISH:
            english[article.id] = article
        elif all(segment.source is None for segment in article.segments):
            without_english.append(article)
        elif article.id not in english and (source := article.english()):
            english[article.id] = source
    report.problems.extend(_across(report, english, without_english))
    return report


def _add(report: CheckReport, reading: Reading) -> None:
    """Count what came out of a file, and keep what is wrong with it."""
    article, path = reading.article, reading.source.path
    problems = list(reading.problems)
    if article:
        first = report.paths.setdefault((article.locale, article.id), path)
        if first != path:
            message = f"says what {first} says (same id {article.id}, same locale)."
            problems.append(Problem(path, 1, message))
        problems.extend(_located(path, review(article)))
    report.problems.extend(problems)
    count = report.locales.setdefault(article.locale if article else UNREADABLE, LocaleCount())
    count.problems += len(problems)
    if article:
        count.articles += 1
        count.segments += sum(1 for _ in article.segments)
        count.steps += article.steps


def _across(
    report: CheckReport, english: dict[str, Article], without_english: Sequence[Article]
) -> Iterator[Problem]:
    """What is seen only where articles stand beside each other."""
    for article in without_english:
        if other := english.get(article.id):
            path = report.paths[article.locale, article.id]
            yield from _located(path, compare(article, other))
    for one, other_id, share in near_duplicates(list(english.values())):
        message = f"says nearly what {other_id} says ({share:.0%} of the same runs of words)."
        yield Problem(_any_path(report, one), 1, message, "duplicate")
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for locale, article_id in report.paths:
        ids[locale].append(article_id)
    for article_id, lacking in missing_locales(ids):
        message = f"is missing in {', '.join(lacking)}."
        yield Problem(_any_path(report, article_id), 1, message, "missing")


def _any_path(report: CheckReport, article_id: str) -> Path:
    """The file of an article in English, else in the first locale that has it."""
    locales = (ENGLISH, *sorted(report.locales))
    return next(
        report.paths[locale, article_id]
        for locale in locales
        if (locale, article_id) in report.paths
    )


def _located(path: Path, findings: Iterator[Finding]) -> Iterator[Problem]:
    for finding in findings:
        line = _line(path, finding.segment) if finding.segment else 1
        yield Problem(path, line, finding.message, finding.kind)


def _line(path: Path, segment_id: str) -> int:
    """The line (from 1) on which a sentence pair stands; 1 where its file has none of that id."""
    text = _text(path)
    place = text.find(f'data-ttu-id="{segment_id}"')
    return text.count("\n", 0, max(place, 0)) + 1


@functools.lru_cache(maxsize=1)
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
