"""How answers, checks and measurements look in a terminal: pure functions."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.table import Column, Table

from bot.plaintext import block_text
from bot.strings import Strings, strings_for
from corpus.article import ENGLISH, Article
from corpus.check import UNREADABLE, CheckReport
from corpus.coverage import Coverage
from index.evaluation import Evaluation, Rates

if TYPE_CHECKING:
    from bot.answer import Answer
    from bot.language.detection import Detection
    from bot.report import LanguageReport, Report
    from index.training.adapt import Adaptation
    from index.training.calibrate import Calibration

# Articles with gaps that are listed.
_GAPS_SHOWN = 40
# Confusions of languages that are listed.
_SHOWN = 12


def answer_text(answer: Answer) -> str:
    """An answer as a person likes to read it: title, steps, source."""
    strings = strings_for(answer.language)
    if answer.article:
        notice = [strings.get("notice-english-instead"), ""] if answer.in_english_instead else []
        return "\n".join([*notice, *_article_lines(answer.article, strings)])
    if answer.talk:
        return strings.get(f"talk-{answer.talk}")
    titles = [f"  {n}. {s.title}  ({s.article_id})" for n, s in enumerate(answer.suggestions, 1)]
    if answer.outcome == "suggest":
        return "\n".join([f"{strings.get('suggest-title')}:", *titles])
    nothing = [strings.get("none-title"), strings.get("none-body")]
    return "\n".join([*nothing, strings.get("none-nearest"), *titles] if titles else nothing)


def _article_lines(article: Article, strings: Strings) -> Iterator[str]:
    yield article.title
    yield "=" * min(len(article.title), 72)
    own = strings_for(article.locale)
    whole = article.completed(own.get("shown-in-english"))
    for number, block in enumerate(whole.blocks):
        title_again = number == 0 and block.kind == "heading" and block.level == 1
        if not title_again:
            yield block_text(block, own)
    yield ""
    facts = [article.url or f"{article.id} ({article.locale})"]
    if article.updated:
        facts.append(strings.get("updated", date=strings.date(article.updated)))
    if article.attribution:
        facts.append(article.attribution)
    yield " · ".join(facts)


def detection_text(found: Detection, *, explain: bool) -> str:
    """A language, how sure that is, and what speaks for it."""
    lines = [f"{found.locale} ({found.confidence:.2f})"]
    for clue in found.evidence if explain else ():
        said = ", ".join(f"{label} {share:.2f}" for label, share in clue.likeliest)
        lines.append(f"  {clue.source}: {said or 'nothing'}")
    return "\n".join(lines)


def check_table(report: CheckReport) -> Table:
    """One row for each locale, and their sum."""
    table = Table(
        Column("locale", no_wrap=True), *_right("articles", "segments", "steps", "problems")
    )
    rows = sorted(report.locales.items())
    locales = report.locales.keys() - {UNREADABLE}
    for locale, count in rows:
        table.add_row(
            locale, *map(str, (count.articles, count.segments, count.steps, count.problems))
        )
    table.add_section()
    counts = [count for _, count in rows]
    table.add_row(
        f"{len(locales)} in all",
        str(sum(c.articles for c in counts)),
        str(sum(c.segments for c in counts)),
        str(sum(c.steps for c in counts)),
        str(sum(c.problems for c in counts)),
    )
    return table


def coverage_tables(coverage: Coverage) -> Iterator[Table]:
    """How much each locale has; then the articles that some locale lacks, in whole or in part."""
    table = Table(Column("locale", no_wrap=True), *_right("articles", "translated"))
    for locale in coverage.locales:
        held = sum(locale in shares for shares in coverage.shares.values())
        table.add_row(locale, str(held), f"{coverage.of_locale(locale):.1%}")
    yield table
    gaps = {
        article_id: shares
        for article_id, shares in sorted(coverage.shares.items())
        if any(shares.get(locale, 0) < 1 for locale in coverage.locales)
    }
    if not gaps:
        return
    columns = (Column(locale, justify="center", no_wrap=True) for locale in coverage.locales)
    matrix = Table(Column("article", overflow="fold", min_width=20), *columns)
    for article_id, shares in list(gaps.items())[:_GAPS_SHOWN]:
        matrix.add_row(article_id, *(_mark(shares.get(locale)) for locale in coverage.locales))
    if len(gaps) > _GAPS_SHOWN:
        matrix.caption = f"and {len(gaps) - _GAPS_SHOWN} more articles: --html shows all"
    yield matrix


def _mark(share: float | None) -> str:
    if share is None:
        return "·"
    return "●" if share == 1 else f"{min(share, 0.99):.0%}"


def evaluation_table(evaluation: Evaluation) -> Table:
    """One row for each group of questions."""
    table = Table(
        Column("questions", no_wrap=True),
        *_right(
            "n", "hit@1", "hit@3", "hit@10", "MRR", "language", "answer", "right", "suggest", "none"
        ),
    )
    for name, rates in evaluation.rates.items():
        ranked = (rates.hit1, rates.hit3, rates.hit10, rates.mrr, rates.language)
        outcomes = (rates.answer, rates.answers_right, rates.suggest, rates.none)
        shown = ["–"] * len(ranked) if name == "unanswerable" else [f"{r:.3f}" for r in ranked]
        table.add_row(name, str(rates.questions), *shown, *(f"{r:.3f}" for r in outcomes))
    confused = (
        f"{confusion} ({count})"
        for confusion, count in list(evaluation.confusions.items())[:_SHOWN]
    )
    table.caption = (
        f"milliseconds a question: p50 {evaluation.p50:.1f}, "
        f"p95 {evaluation.p95:.1f}, p99 {evaluation.p99:.1f}\n"
        f"languages: {', '.join(confused) or 'all right'}"
    )
    return table


def ablation_table(found: dict[str, dict[str, Rates]]) -> Table:
    """One row for the whole search, and one without each kind of evidence."""
    table = Table(
        Column("evidence", no_wrap=True),
        *_right("hit@1", "hit@3", "MRR", "English hit@1", "English hit@3"),
    )
    for name, rates in found.items():
        others, english = rates.get("non-English"), rates.get(ENGLISH)
        ranks = [others.hit1, others.hit3, others.mrr] if others else []
        own = [english.hit1, english.hit3] if english else []
        shown = [*_cells(ranks, 3), *_cells(own, 2)]
        table.add_row(name, *shown)
    return table


def _cells(rates: Sequence[float], columns: int) -> list[str]:
    return [f"{rate:.3f}" for rate in rates] or ["–"] * columns


def calibration_text(calibration: Calibration) -> str:
    """What a fit gives on questions that it has not seen."""
    found = calibration.outcomes
    lines = [
        f"Fitted to {calibration.questions} questions; on those that a fit has not seen:",
        f"  with an answer: answered {found.answer:.3f} (right {found.right:.3f}), "
        f"suggestions {found.suggest:.3f}, neither {found.none:.3f}",
        f"  without: answered {found.wrongly_answer:.3f}, suggestions {found.wrongly_suggest:.3f}",
    ]
    if calibration.hit1 is not None:
        lines.append(f"  the right article first: {calibration.hit1:.3f}")
    return "\n".join(lines)


def adaptation_table(adaptation: Adaptation) -> Table:
    """How often the English of a held-out sentence was found, before and after."""
    table = Table(
        Column("held-out sentences", no_wrap=True), *_right("n", "before", "after", "gain")
    )
    for name, rate in [*adaptation.locales.items(), ("all", adaptation.total)]:
        shown = (rate.before, rate.after)
        table.add_row(
            name,
            str(rate.sentences),
            *(f"{share:.3f}" for share in shown),
            f"{rate.after - rate.before:+.3f}",
        )
    table.caption = f"trained on {adaptation.trained_on} sentences"
    return table


def report_table(report: Report) -> Table:
    """One row for each language, and their sum."""
    table = Table(
        Column("language", no_wrap=True),
        *_right("questions", "answer", "suggest", "none", "helped", "did not", "helpful"),
    )
    for language, row in report.languages.items():
        table.add_row(language, *_report_cells(row))
    table.add_section()
    table.add_row(f"{len(report.languages)} in all", *_report_cells(report.total))
    return table


def _report_cells(row: LanguageReport) -> Iterator[str]:
    questions = sum(row.outcomes.values())
    yield str(questions)
    for outcome in ("answer", "suggest", "none"):
        count = row.outcomes.get(outcome, 0)
        yield f"{count} ({count / questions:.0%})" if questions else "–"
    yield str(row.helpful)
    yield str(row.unhelpful)
    rated = row.helpful + row.unhelpful
    yield f"{row.helpful / rated:.0%}" if rated else "–"


def report_lines(report: Report, limit: int) -> Iterator[str]:
    """The questions without an answer, most frequent first, and what people missed."""
    if report.unanswered:
        yield f"\nWithout an answer ({len(report.unanswered)} different):"
    for question in report.unanswered[:limit]:
        yield f"  {question.times} × {question.text}  ({question.language}, {question.outcome})"
    if report.complaints:
        yield f"\nWhat was missing ({len(report.complaints)}):"
    for complaint in report.complaints[:limit]:
        yield f"  {complaint.article} ({complaint.language}): {complaint.reason}"


def report_json(report: Report) -> str:
    """The report for programs."""
    return json.dumps(dataclasses.asdict(report), ensure_ascii=False, indent=2)


def _right(*names: str) -> Iterator[Column]:
    return (Column(name, justify="right") for name in names)
