"""Several kinds of evidence to one score per article.

How much each kind counts is fitted by `index.training.fusion`. It lies beside the embedder
(`fusion.json`), since another embedder's cosines mean something else, and goes into every index
that is made with it.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

FUSION_FILE = "fusion.json"


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts.

    `segment` is for the cosine of an article's best segment, `article` for that of its beginning,
    `words` for the words of the text that is shown (as shares of the best article's),
    `interaction` for the cosines of single tokens (`index.interaction`). `subwords` is for the
    cosine of an article's own text, `english_subwords` for that of its best English segment, both
    by the model of subwords.
    """

    segment: float
    article: float
    words: float
    interaction: float
    subwords: float
    english_subwords: float

    def save(self, path: Path) -> None:
        """Write them into a file."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Weights:
        """Read what `save` wrote. Raises FileNotFoundError where there is nothing."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of each article that can be shown: (articles,) each, named as in `Weights`.

    None where a kind of evidence does not exist: not every model tells tokens apart.
    """

    segment: Scores
    article: Scores
    words: Scores
    interaction: Scores | None = None
    subwords: Scores | None = None
    english_subwords: Scores | None = None


def fuse(evidence: Evidence, weights: Weights) -> Scores:
    """The score of each article: the weighted mean of the evidence there is, (articles,)."""
    scores = np.zeros_like(evidence.segment)
    for kind in _kinds(evidence):
        scores += getattr(weights, kind) * getattr(evidence, kind)
    mean: Scores = scores / np.float32(_total(evidence, weights) or 1.0)
    return mean


def shares(scores: Scores, evidence: Evidence, weights: Weights) -> Scores:
    """How likely each of the best articles is the right one among them: (articles,), sum 1.

    A softmax over the weighted sums: what the weights were fitted to (`index.training.fusion`).
    """
    powers = np.exp((scores - scores.max(initial=-1)) * np.float32(_total(evidence, weights)))
    found: Scores = powers / powers.sum()
    return found


def _total(evidence: Evidence, weights: Weights) -> float:
    return float(sum(getattr(weights, kind) for kind in _kinds(evidence)))


def _kinds(evidence: Evidence) -> list[str]:
    """The kinds of evidence there are."""
    names = (field.name for field in dataclasses.fields(Weights))
    return [name for name in names if getattr(evidence, name) is not None]


def word_share(words: Scores) -> Scores:
    """BM25 scores as shares of the best one: they have no upper bound of their own."""
    best = words.max(initial=0)
    shares: Scores = words / best if best > 0 else words
    return shares
