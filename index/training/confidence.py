"""Fits how sure to be: `python -m index.training.confidence INDEX QUESTIONS... --out index/model`.

Every question is asked of the whole index and of random parts of it, of one article to a
thousand; a part holds a right article in some cases and none in the others. So the fit knows
indexes of all sizes, and questions that can't be answered. The thresholds are the lowest with
which, on the whole index, at most `WRONGLY_ANSWERED` of the questions that have no answer get one
and at most `WRONGLY_SUGGESTED` more get suggestions.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from index.confidence import Confidence, features
from index.evaluation import Question, read_questions
from index.fusion import fuse
from index.search import Found, Searcher

SEED = 0
SIZES = (1, 3, 6, 30, 100, 300, 1000)
HOLDS_RIGHT_ONE = 0.6
WRONGLY_ANSWERED = 0.05
WRONGLY_SUGGESTED = 0.20


@dataclass(frozen=True, slots=True)
class Sample:
    """One search: what `features` gave, whether the best hit was right, whether the whole index
    was searched, and whether the question has an answer at all.
    """

    features: tuple[float, ...]
    right: bool
    whole: bool
    answerable: bool


def samples(searcher: Searcher, questions: Sequence[Question]) -> Iterator[Sample]:
    """Searches in the whole index and in random parts of it, for every question."""
    rng = np.random.default_rng(SEED)
    for question in questions:
        found = searcher.find(question.text, question.locale)
        right = np.array([i for i, a in enumerate(found.article_ids) if a in question.right], int)
        everything = np.arange(len(found.article_ids))
        for size in SIZES:
            part = rng.choice(everything, size, replace=False)
            if len(right) and rng.random() < HOLDS_RIGHT_ONE:
                part[0] = rng.choice(right)
            yield _sample(found, part, right, question)
        yield _sample(found, everything, right, question)


def _sample(
    found: Found, part: NDArray[np.int64], right: NDArray[np.int64], question: Question
) -> Sample:
    scores = fuse(found.evidence, len(found.article_ids), np.unique(part))
    best = np.argsort(-scores)[:2]
    known = [float(scores[i]) for i in best if np.isfinite(scores[i])]
    return Sample(
        features(known, len(part)),
        bool(best[0] in right),
        len(part) == len(found.article_ids),
        bool(question.right),
    )


def fit(found: Sequence[Sample]) -> Confidence:
    """The model and its thresholds."""
    inputs = np.array([sample.features for sample in found])
    model = LogisticRegression(C=100, max_iter=1000).fit(inputs, [s.right for s in found])
    hopeless = inputs[[s.whole and not s.answerable for s in found]]
    probabilities = model.predict_proba(hopeless)[:, 1]
    answer_from = float(np.quantile(probabilities, 1 - WRONGLY_ANSWERED))
    suggest_from = float(np.quantile(probabilities, 1 - WRONGLY_ANSWERED - WRONGLY_SUGGESTED))
    score, gap, articles, alone = (float(weight) for weight in model.coef_[0])
    intercept = float(model.intercept_[0])
    return Confidence(intercept, score, gap, articles, alone, answer_from, suggest_from)


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("index", type=Path, help="index folder of a large corpus")
    parser.add_argument("questions", type=Path, nargs="+", help="with and without an answer")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write to")
    arguments = parser.parse_args()
    questions = [q for path in arguments.questions for q in read_questions(path)]
    fit(list(samples(Searcher(arguments.index), questions))).save(arguments.out)


if __name__ == "__main__":
    main()
