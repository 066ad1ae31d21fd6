"""How likely the best hit is right, and what to do about it.

A logistic model over what a search shows: the best score, how far the best stands out from the
others, and how many articles there were to choose from (the best of many is high by chance). Its
weights and the two thresholds are fitted by `index.training.confidence`. They lie beside the
embedder, since another embedder's scores mean something else, and go into every index that is
made with it; `babeldesk calibrate` fits an index's own.
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

_NEARLY_NONE = 1e-6


@dataclass(frozen=True, slots=True)
class Confidence:
    """Weights of the logistic model, and the probabilities from which to answer or suggest.

    `alone` counts where there is but one article, which stands out from none.
    """

    intercept: float
    score: float
    share: float
    articles: float
    alone: float
    answer_from: float
    suggest_from: float

    def probability(self, found: Sequence[float]) -> float:
        """That the best hit is right (0..1), by its `features`."""
        pairs = zip(self.weights, found, strict=True)
        logit = self.intercept + sum(weight * value for weight, value in pairs)
        return 1 / (1 + math.exp(-logit))

    @property
    def weights(self) -> tuple[float, float, float, float]:
        """The weights in the order of `features`."""
        return self.score, self.share, self.articles, self.alone

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


def features(score: float, share: float, articles: int) -> tuple[float, float, float, float]:
    """What the model looks at: the best hit's score, the log odds of its share, log10 of the number
    of articles that were searched, and whether there is only one.
    """
    certain = min(max(share, _NEARLY_NONE), 1 - _NEARLY_NONE)
    odds = certain / (1 - certain)
    return score, math.log(odds), math.log10(articles), float(articles == 1)
