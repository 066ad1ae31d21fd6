"""How answers, checks and measurements look in a terminal: pure functions."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Column, Table

from bot.answer import Answer
from bot.plaintext import block_text
from bot.strings import Strings, strings_for
from corpus.article import Article
from corpus.check import UNREADABLE, CheckReport
from index.evaluation import Evaluation


def answer_text(answer: Answer) -> str:
    """An answer as a person likes to read it: title, steps, source."""
    strings = strings_for(answer.language)
    if answer.article:
        notice = [strings.get("notice-english-instead"), ""] if answer.in_english_instead else []
        return "\n".join([*notice, *_article_lines(answer.article, strings)])
    if answer.outcome == "suggest":
        titles = [
            f"  {n}. {s.title}  ({s.article_id})" for n, s in enumerate(answer.suggestions, 1)
        ]
        return "\n".join([f"{strings.get('suggest-title')}:", *titles])
    return f"{strings.get('none-title')}\n{strings.get('none-body')}"


def _article_lines(article: Article, strings: Strings) -> Iterator[str]:
    yield article.title
    yield "=" * min(len(article.title), 72)
    own = strings_for(article.locale)
    for number, block in enumerate(article.blocks):
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


def evaluation_table(evaluation: Evaluation) -> Table:
    """One row for each group of questions."""
    table = Table(
        Column("questions", no_wrap=True),
        *_right("n", "hit@1", "hit@3", "hit@10", "MRR", "language", "answer", "suggest", "none"),
    )
    for name, rates in evaluation.rates.items():
        ranked = (rates.hit1, rates.hit3, rates.hit10, rates.mrr, rates.language)
        outcomes = (rates.answer, rates.suggest, rates.none)
        shown = ["–"] * len(ranked) if name == "unanswerable" else [f"{r:.3f}" for r in ranked]
        table.add_row(name, str(rates.questions), *shown, *(f"{r:.3f}" for r in outcomes))
    table.caption = (
        f"milliseconds a question: p50 {evaluation.p50:.1f}, "
        f"p95 {evaluation.p95:.1f}, p99 {evaluation.p99:.1f}"
    )
    return table


def _right(*names: str) -> Iterator[Column]:
    return (Column(name, justify="right") for name in names)
