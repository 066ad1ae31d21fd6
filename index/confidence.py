"""How likely the best hit is right, and what to do about it.

A logistic model over what a search shows: the best score, how far the second stays behind, and
how many articles there were to choose from (the best of many is high by chance). Its weights and
the two thresholds are fitted by `index.training.confidence` and lie beside the embedder, since
another embedder's scores mean something else.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from index.embedding import BUNDLED_MODEL, located

CONFIDENCE_FILE = "confidence.json"

_log = logging.getLogger(__name__)

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
        if not scores:
            return 0.0
        logit = self.intercept + sum(
            weight * value
            for weight, value in zip(self.weights, features(scores, articles), strict=True)
        )
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

    def save(self, folder: Path) -> None:
        """Write it beside a model."""
        text = json.dumps(asdict(self), indent=2) + "\n"
        (folder / CONFIDENCE_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path = BUNDLED_MODEL) -> Confidence:
        """Read what `save` wrote. Raises FileNotFoundError where there is none."""
        return cls(**json.loads((folder / CONFIDENCE_FILE).read_text(encoding="utf-8")))

    @classmethod
    def of_model(cls, model: str) -> Confidence:
        """That of a model by the name that an index has it under (`Embedder.name`)."""
        return cls.load(_folder_of(model))


def _folder_of(model: str) -> Path:
    """The folder of a model; the bundled one's where another brings no confidence of its own."""
    own = Path(located(model))
    if (own / CONFIDENCE_FILE).is_file():
        return own
    _log.warning("%s has no %s: that of the bundled model is used.", model, CONFIDENCE_FILE)
    return BUNDLED_MODEL


def features(scores: Sequence[float], articles: int) -> tuple[float, float, float, float]:
    """What the model looks at: best score, gap to the second, log10 of the number of articles,
    and whether there is only one.
    """
    gap = scores[0] - scores[1] if len(scores) > 1 else 0.0
    return scores[0], gap, math.log10(max(articles, 1)), float(len(scores) == 1)
