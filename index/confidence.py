"""How likely the best hit is right, and what to do about it.

A logistic model over what a search shows: the best score, how far the second stays behind, and
how many articles there were to choose from (the best of many is high by chance). Its weights and
the two thresholds are fitted by `index.training.confidence`. They lie beside the embedder, since
another embedder's scores mean something else, and go into every index that is made with it;
`babeldesk calibrate` fits an index's own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

CONFIDENCE_FILE = "confidence.json"

Outcome = Literal["answer", "suggest", "none"]


@dataclass(frozen=True, slots=True)
class Confidence:
    """Weights of the logistic model, and the probabilities from which to answer or suggest.

    `alone` counts where there is but one article, and so no second score.
    """

    intercept: float
    score: float
    gap: float
    articles: float
    alone: float
    answer_from: float
    suggest_from: float

    def probability(self, scores: Sequence[float], articles: int) -> float:
        """That the best hit is right (0..1), given the hits' scores, best first, and how many
        articles were searched. 0 without a hit.
        """
        return self.of(features(scores, articles)) if scores else 0.0

    def of(self, found: Sequence[float]) -> float:
        """The probability that `features` stand for."""
        pairs = zip(self.weights, found, strict=True)
        logit = self.intercept + sum(weight * value for weight, value in pairs)
        return 1 / (1 + math.exp(-logit))

    @property
    def weights(self) -> tuple[float, float, float, float]:
        """The weights in the order of `features`."""
        return self.score, self.gap, self.articles, self.alone

    def outcome(self, probability: float) -> Outcome:
        """Answer when sure, suggest when it may be one of a few, else neither."""
        if probability >= self.answer_from:
            return "answer"
        return "suggest" if probability >= self.suggest_from else "none"

    def save(self, path: Path) -> None:
        """Write it into a file."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Confidence:
        """Read what `save` wrote. Raises FileNotFoundError where there is nothing."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def features(scores: Sequence[float], articles: int) -> tuple[float, float, float, float]:
    """What the model looks at: best score, gap to the second, log10 of the number of articles,
    and whether there is only one.
    """
    gap = scores[0] - scores[1] if len(scores) > 1 else 0.0
    return scores[0], gap, math.log10(max(articles, 1)), float(len(scores) == 1)
