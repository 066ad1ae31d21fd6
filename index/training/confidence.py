"""Fits how sure to be.

Every question is asked of the whole index and of random parts of it, from one article upwards; a
part holds a right article in some cases and none in the others. So the fit knows indexes of all
sizes, and questions that can't be answered. The thresholds are the lowest with which, on the whole
index, no more than `WRONGLY_ANSWERED` of the questions without an answer get one, no more than
`WRONGLY_SUGGESTED` more get suggestions, and `RIGHTLY_ANSWERED` of the answers are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from index.confidence import Confidence, Features
from index.evaluation import Question, share
from index.search import Searcher

SEED = 0
FOLDS = 5
SIZES = (1, 3, 6, 30, 100, 300, 1000)
HOLDS_RIGHT_ONE = 0.6
# Below what is asked for (0.05 and 0.20), as other questions than these will come.
WRONGLY_ANSWERED = 0.04
WRONGLY_SUGGESTED = 0.14
RIGHTLY_ANSWERED = 0.93
# How often a search of the whole index counts beside one of a part: it is what will be asked most,
# and a straight line through all sizes fits none of them quite.
WHOLE_WEIGHT = 7.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One search: what it showed, whether the best hit was right, whether a right article was
    there to be found, whether the whole index was searched, whether the question has an answer at
    all, and the question's number.
    """

    features: Features
    right: bool
    held: bool
    whole: bool
    answerable: bool
    question: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Shares (0..1) on the whole index: of questions with an answer those that get an answer,
    suggestions or neither, and how many of these answers are right; the same of those without.
    """

    answer: float
    suggest: float
    none: float
    right: float
    wrongly_answer: float
    wrongly_suggest: float


def samples(searcher: Searcher, questions: Sequence[Question]) -> Iterator[Sample]:
    """Searches in the whole index and in random parts of it, for every question."""
    rng = np.random.default_rng(SEED)
    for number, question in enumerate(questions):
        looked = searcher.look(question.text, question.locale)
        ids = looked.article_ids
        right = np.array([article_id in question.right for article_id in ids])
        parts = [_part(rng, right, size) for size in SIZES if size < len(ids)]
        for part in [*parts, np.ones(len(ids), dtype=np.bool_)]:
            found = searcher.choose(looked, part)
            yield Sample(
                Features.of(float(found.scores[0]), float(found.shares[0]), int(part.sum())),
                bool(right[found.candidates[0]]),
                bool((right & part).any()),
                bool(part.all()),
                bool(question.right),
                number,
            )


def _part(rng: np.random.Generator, right: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """A random choice of `size` articles, which often holds a right one where there is any."""
    chosen = rng.choice(len(right), size, replace=False)
    if right.any() and rng.random() < HOLDS_RIGHT_ONE:
        chosen[0] = rng.choice(np.flatnonzero(right))
    part = np.zeros(len(right), dtype=np.bool_)
    part[chosen] = True
    return part


def fit(found: Sequence[Sample]) -> Confidence:
    """The model and its thresholds."""
    among_others = [sample for sample in found if sample.held and not sample.features.alone]
    holding = _logistic(found, [(s.features.of_holding, s.held) for s in found])
    leading = _logistic(among_others, [(s.features.of_leading, s.right) for s in among_others])
    unsure = Confidence(holding, leading, 1, 1)
    whole = [sample for sample in found if sample.whole]
    hopeless = [unsure.probability(sample.features) for sample in whole if not sample.answerable]
    known = [(unsure.probability(s.features), s.right) for s in whole if s.answerable]
    answer_from = max(_at_most(hopeless, WRONGLY_ANSWERED), _precise(known, RIGHTLY_ANSWERED))
    answered = sum(probability >= answer_from for probability in hopeless) / max(len(hopeless), 1)
    suggest_from = _at_most(hopeless, answered + WRONGLY_SUGGESTED)
    return replace(unsure, answer_from=answer_from, suggest_from=min(suggest_from, answer_from))


def _logistic(
    found: Sequence[Sample], cases: Sequence[tuple[tuple[float, ...], bool]]
) -> tuple[float, ...]:
    """The weights of a logistic model for cases, one of each sample, the intercept first.

    An average case of each outcome is added: there may be none in which the hit was wrong.
    """
    inputs = np.array([features for features, _ in cases])
    outputs = [outcome for _, outcome in cases]
    counting = [WHOLE_WEIGHT if sample.whole else 1.0 for sample in found]
    average = np.average(inputs, axis=0, weights=counting)
    model = LogisticRegression(C=100, max_iter=3000)
    model.fit([*inputs, average, average], [*outputs, False, True], [*counting, 1.0, 1.0])
    return float(model.intercept_[0]), *map(float, model.coef_[0])


def _at_most(probabilities: Sequence[float], share: float) -> float:
    """The lowest threshold that no more than a share of the probabilities reach."""
    return float(np.quantile(probabilities, 1 - share)) if probabilities else 0.5


def _precise(known: Sequence[tuple[float, bool]], share: float) -> float:
    """The lowest threshold above which a share of the hits are right."""
    ordered = sorted(known, reverse=True)
    right = np.cumsum([is_right for _, is_right in ordered]) / np.arange(1, len(ordered) + 1)
    (enough,) = np.nonzero(right >= share)
    return ordered[int(enough[-1])][0] if len(enough) else 1.0


def held_out(found: Sequence[Sample]) -> Outcomes:
    """What thresholds give on questions that they were not fitted on: five parts, each judged by
    a fit on the other four.
    """
    fold = {n: n % FOLDS for n in {sample.question for sample in found}}
    judged: list[tuple[Sample, str]] = []
    for part in range(FOLDS):
        confidence = fit([s for s in found if fold[s.question] != part])
        own = (s for s in found if s.whole and fold[s.question] == part)
        judged.extend((s, confidence.outcome(confidence.probability(s.features))) for s in own)
    known = [(s, outcome) for s, outcome in judged if s.answerable]
    hopeless = [outcome for s, outcome in judged if not s.answerable]
    answers = [s.right for s, outcome in known if outcome == "answer"]
    return Outcomes(
        answer=share([outcome == "answer" for _, outcome in known]),
        suggest=share([outcome == "suggest" for _, outcome in known]),
        none=share([outcome == "none" for _, outcome in known]),
        right=share(answers),
        wrongly_answer=share([outcome == "answer" for outcome in hopeless]),
        wrongly_suggest=share([outcome == "suggest" for outcome in hopeless]),
    )
