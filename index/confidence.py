"""How likely the best hit is right, and what to do about it.

Two logistic models, whose probabilities are multiplied: that the index holds a right article at
all, which the best score tells most of, and how many articles there were to choose from (the best
of many is high by chance); and that, where it does, the best hit is the one, which shows in how far
it stands out from the others. One model of both answers fewer questions equally well: what tells
of the one tells little of the other.

The weights and the two thresholds are fitted by `index.training.confidence`. They lie beside the
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
class Features:
    """What a search shows: the best hit's score, the log odds of its share, and log10 of the
    number of articles that were searched.
    """

    score: float
    odds: float
    articles: float

    @classmethod
    def of(cls, score: float, share: float, articles: int) -> Features:
        """Those of a search among `articles` whose best hit has such a score and share."""
        certain = min(max(share, _NEARLY_NONE), 1 - _NEARLY_NONE)
        return cls(score, math.log(certain / (1 - certain)), math.log10(articles))

    @property
    def alone(self) -> bool:
        """Whether there was but one article, which stands out from none."""
        return self.articles == 0

    @property
    def of_holding(self) -> tuple[float, float, float, float]:
        """What tells whether the index holds a right article."""
        return self.score, 0 if self.alone else self.odds, self.articles, float(self.alone)

    @property
    def of_leading(self) -> tuple[float, float]:
        """What tells whether the best hit is the right one of several."""
        return self.score, self.odds


@dataclass(frozen=True, slots=True)
class Confidence:
    """Weights of the two logistic models, the intercept first, in the order of the features; and
    the probabilities from which to answer or suggest.
    """

    holding: tuple[float, ...]
    leading: tuple[float, ...]
    answer_from: float
    suggest_from: float

    def probability(self, found: Features) -> float:
        """That the best hit is right (0..1)."""
        holds = _logistic(self.holding, found.of_holding)
        return holds if found.alone else holds * _logistic(self.leading, found.of_leading)

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
        fields = json.loads(path.read_text(encoding="utf-8"))
        holding, leading = tuple(fields.pop("holding")), tuple(fields.pop("leading"))
        return cls(holding, leading, **fields)


def _logistic(weights: Sequence[float], values: Sequence[float]) -> float:
    intercept, *slopes = weights
    logit = intercept + sum(slope * value for slope, value in zip(slopes, values, strict=True))
    return 1 / (1 + math.exp(-logit))
