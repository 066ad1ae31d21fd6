"""Fits how much each kind of evidence counts.

Every question is asked of an index; the weights are those with which a softmax over the
candidates' fused scores gives the right articles the greatest share (`index.training.listwise`).
What the fit reaches is said of questions that it has not seen: the articles are dealt into five
parts, and each part's questions are ordered with weights fitted on the other four.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from index.evaluation import Question
from index.fusion import Weights
from index.search import Searcher
from index.training import listwise
from index.training.listwise import Choice

SEED = 0
FOLDS = 5
RIDGE = 1e-4
_KINDS = [field.name for field in fields(Weights)]


@dataclass(frozen=True, slots=True)
class Ranking:
    """One question's candidates: what is known of each (n, kinds), and which are right (n,)."""

    evidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    group: str


def rankings(searcher: Searcher, questions: Sequence[Question]) -> list[Ranking]:
    """The candidates of every question that has an answer."""
    return [_ranking(searcher, question) for question in questions if question.right]


def _ranking(searcher: Searcher, question: Question) -> Ranking:
    found = searcher.find(question.text, question.locale)
    columns = [getattr(found.evidence, kind) for kind in _KINDS]
    missing = np.zeros(len(found.article_ids))
    evidence = np.stack([missing if c is None else c for c in columns], axis=1)
    right = np.array([found.article_ids[i] in question.right for i in found.candidates])
    return Ranking(evidence[found.candidates], right, min(question.right))


def fit(ranked: Sequence[Ranking]) -> Weights:
    """The weights for all questions."""
    return Weights(*(float(weight) for weight in _fitted(ranked)))


def _fitted(ranked: Sequence[Ranking]) -> NDArray[np.float64]:
    """One weight for each kind of evidence, none below 0: (kinds,)."""
    choices = [Choice(r.evidence, r.right) for r in ranked if r.right.any()]
    return listwise.fit(choices, len(_KINDS), RIDGE)


def held_out(ranked: Sequence[Ranking]) -> list[int]:
    """The rank of the first right article of each question, by weights fitted without it; 0 is
    the first, and a large number stands for none.
    """
    groups = np.random.default_rng(SEED).permutation(sorted({r.group for r in ranked}))
    fold = {group: place % FOLDS for place, group in enumerate(groups)}
    weights = [_fitted([r for r in ranked if fold[r.group] != part]) for part in range(FOLDS)]
    return [_rank(ranking, weights[fold[ranking.group]]) for ranking in ranked]


def _rank(ranking: Ranking, weights: NDArray[np.float64]) -> int:
    order = np.argsort(-(ranking.evidence @ weights), kind="stable")
    (right,) = np.nonzero(ranking.right[order])
    return int(right[0]) if len(right) else len(order)
