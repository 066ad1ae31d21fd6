"""How good the answers are: rates over question files.

A question file holds one JSON object a line: `q`, `locale`, `article` (the right one's id), and
optionally `ok` (ids that answer as well), `style`, and `english` (the question in English, which
only training reads). Lines without `article` are questions that have no answer: only their
outcomes count.

hit@k is the share of questions with a right article among the first k; MRR the mean of 1/rank
of the first right one (0 beyond the tenth); Voorhees 1999, TREC-8 question answering.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.fusion import Weights

if TYPE_CHECKING:
    from index.search import Searcher

DEPTH = 10


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its right answers. `right` is empty where there is none; `english` is the
    question in English, where the file tells.
    """

    text: str
    locale: str
    right: frozenset[str]
    style: str
    english: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came back: the language it was taken for, the outcome, article ids best first, and
    how long it took in milliseconds.
    """

    language: str
    outcome: str
    articles: tuple[str, ...]
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares (0..1) over a group of questions; rates of rank only over those with an answer.

    `answers_right` is the share of the questions with the outcome "answer" whose first article is
    a right one.
    """

    questions: int
    hit1: float
    hit3: float
    hit10: float
    mrr: float
    language: float
    answer: float
    suggest: float
    none: float
    answers_right: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Rates of all groups, which language was taken for which how often, commonest first, and
    latency percentiles in milliseconds.
    """

    rates: dict[str, Rates]
    confusions: dict[str, int]
    p50: float
    p95: float
    p99: float

    def to_json(self) -> str:
        """A JSON object for programs."""
        return json.dumps(asdict(self), indent=2)


class QuestionFileError(ValueError):
    """A question file can't be read; the message names file and line."""


def read_questions(*paths: Path) -> list[Question]:
    """The questions of files. Raises QuestionFileError at the first bad line."""
    return [question for path in paths for question in _questions(path)]


def _questions(path: Path) -> list[Question]:
    questions = []
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            questions.append(_question(json.loads(line)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = f"{path}:{number}: not a question (JSON with q, locale, article): {error!r}"
            raise QuestionFileError(message) from None
    if not questions:
        raise QuestionFileError(f"{path} holds no questions.")
    return questions


def _question(fields: dict[str, Any]) -> Question:
    article, others = fields.get("article"), fields.get("ok", [])
    right = [] if article is None else [article, *others]
    style, english = fields.get("style", ""), fields.get("english")
    texts = (fields["q"], fields["locale"], style, english or "", *right)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("q, locale, style, english, article and ok must be texts")
    return Question(fields["q"], fields["locale"], frozenset(right), style, english or None)


def evaluate(questions: Sequence[Question], ask: Callable[[Question], Result]) -> Evaluation:
    """Ask every question, and rate what comes back."""
    results = [(question, ask(question)) for question in questions]
    times = np.array([result.milliseconds for _, result in results])
    p50, p95, p99 = (float(p) for p in np.percentile(times, [50, 95, 99]))
    confused = Counter(
        f"{question.locale} taken for {result.language}"
        for question, result in results
        if question.right and not same_language(question.locale, result.language)
    )
    return Evaluation(dict(_grouped(results)), dict(confused.most_common()), p50, p95, p99)


_Results = Sequence[tuple[Question, Result]]


def _grouped(results: _Results) -> Iterator[tuple[str, Rates]]:
    answerable = [pair for pair in results if pair[0].right]
    groups = {
        "all": answerable,
        "non-English": [p for p in answerable if not p[0].locale.startswith("en")],
        "unanswerable": [p for p in results if not p[0].right],
    }
    for style in sorted({question.style for question, _ in answerable if question.style}):
        groups[f"style {style}"] = [p for p in answerable if p[0].style == style]
    for locale in sorted({question.locale for question, _ in answerable}):
        groups[locale] = [p for p in answerable if p[0].locale == locale]
    return ((name, rate(group)) for name, group in groups.items() if group)


def ablations(
    searcher: Searcher, questions: Sequence[Question], tell: Callable[[int, int], None]
) -> dict[str, dict[str, Rates]]:
    """The rates of the search as it is, and without each kind of evidence.

    The asker's language is taken as known, so that the search alone is judged.
    """
    kinds = [field.name for field in fields(Weights)]
    variants = {"all": searcher.weights} | {
        f"without {kind}": replace(searcher.weights, **{kind: 0.0}) for kind in kinds
    }
    results: dict[str, list[tuple[Question, Result]]] = {name: [] for name in variants}
    for done, question in enumerate(questions, 1):
        looked = searcher.look(question.text, question.locale)
        for name, weights in variants.items():
            best = searcher.choose(looked, weights=weights).candidates[:DEPTH]
            articles = tuple(looked.article_ids[place] for place in best)
            results[name].append((question, Result(question.locale, "", articles, 0.0)))
        tell(done, len(questions))
    return {name: dict(_grouped(asked)) for name, asked in results.items()}


def rate(results: _Results) -> Rates:
    """The rates of one group of questions."""
    ranks = [_rank(question, result) for question, result in results]
    outcomes = Counter(result.outcome for _, result in results)
    languages = (same_language(question.locale, result.language) for question, result in results)
    return Rates(
        questions=len(results),
        hit1=share(rank <= 1 for rank in ranks),
        hit3=share(rank <= 3 for rank in ranks),
        hit10=share(rank <= DEPTH for rank in ranks),
        mrr=sum(1 / rank for rank in ranks if rank <= DEPTH) / len(ranks),
        language=share(languages),
        answer=outcomes["answer"] / len(results),
        suggest=outcomes["suggest"] / len(results),
        none=outcomes["none"] / len(results),
        answers_right=share(
            rank <= 1
            for rank, (_, result) in zip(ranks, results, strict=True)
            if result.outcome == "answer"
        ),
    )


def same_language(expected: str, found: str) -> bool:
    """Whether two locales are one language; only Serbian's script is more than a region."""
    return expected.split("-")[0] == found.split("-")[0]


def _rank(question: Question, result: Result) -> float:
    found = (n for n, article in enumerate(result.articles, 1) if article in question.right)
    return next(found, float("inf"))


def share(flags: Iterable[bool]) -> float:
    """The share of the flags that are set, 0..1; 0 of none."""
    values = list(flags)
    return sum(values) / len(values) if values else 0.0
