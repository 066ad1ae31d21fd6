"""Several kinds of evidence to one score per article."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.locale_index import Evidence

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence of one side counts."""

    segment: float
    article: float
    words: float

    @property
    def total(self) -> float:
        return self.segment + self.article + self.words


# Fitted on the development questions; index/model/README.md says how and what each part gives.
ASKERS_SIDE = Weights(segment=1.0, article=1.0, words=0.6)
ENGLISH_SIDE = Weights(segment=1.0, article=1.0, words=0.2)


@dataclass(frozen=True, slots=True)
class Side:
    """What one locale knows of a question: evidence for each of its articles, where each of
    these stands among all articles of the search, and what that counts.
    """

    evidence: Evidence
    places: NDArray[np.int64]
    weights: Weights


def fuse(sides: Sequence[Side], articles: int, only: NDArray[np.int64] | None = None) -> Scores:
    """The score of each of `articles` articles: the weighted mean of all evidence, (articles,).

    An article that one side lacks is scored by the other alone. Where `only` names some articles
    (sorted), the rest score -inf, as if they were not there.
    """
    scores = np.zeros(articles, dtype=np.float32)
    weight = np.zeros(articles, dtype=np.float32)
    for side in sides:
        known = slice(None) if only is None else np.isin(side.places, only)
        places, weights, found = side.places[known], side.weights, side.evidence
        scores[places] += (
            weights.segment * found.segment[known]
            + weights.article * found.article[known]
            + weights.words * word_share(found.words[known])
        )
        weight[places] += weights.total
    fused: Scores = np.where(weight > 0, scores / np.maximum(weight, 1), np.float32(-np.inf))
    return fused


def word_share(words: Scores) -> Scores:
    """BM25 scores as shares of the best one: they have no upper bound of their own."""
    best = words.max(initial=0)
    shares: Scores = words / best if best > 0 else words
    return shares
