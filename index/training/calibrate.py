"""Fits what an index decides by to questions with known answers, and lets it serve so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index import versions
from index.build import Progress
from index.confidence import CONFIDENCE_FILE
from index.evaluation import Question
from index.fusion import FUSION_FILE
from index.search import Searcher
from index.training import confidence, fusion
from index.training.confidence import Outcomes

FEWEST_ANSWERABLE = 30
FEWEST_UNANSWERABLE = 20


class TooFewQuestionsError(ValueError):
    """The questions are too few to fit anything to; the message says how many are needed."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the fit gives on questions that it was not made from, by cross-validation: the
    outcomes, and, where the fusion was fitted too, how many questions' right article came first.
    """

    questions: int
    outcomes: Outcomes
    hit1: float | None


def calibrate(
    folder: Path,
    questions: Sequence[Question],
    progress: Progress,
    *,
    weights: bool = False,
    model: Path | None = None,
) -> Calibration:
    """Fit the thresholds, and with `weights` the fusion too; a new version then serves with them.

    With `model` they are written into that folder too: new indexes begin with them. Raises
    TooFewQuestionsError, and versions.IndexNotUsableError where there is no index.
    """
    _enough(questions)
    searcher = Searcher(folder)
    hit1 = None
    if weights:
        progress("Fitting the fusion", 0, 1)
        ranked = fusion.rankings(searcher, questions)
        ranks = fusion.held_out(ranked)
        hit1 = sum(rank == 0 for rank in ranks) / len(ranks)
        searcher.weights = fusion.fit(ranked)
    found = []
    for sample in confidence.samples(searcher, questions):
        found.append(sample)
        progress("Asking", min(sample.question + 1, len(questions)), len(questions))
    fitted = confidence.fit(found)
    if model:
        searcher.weights.save(model / FUSION_FILE)
        fitted.save(model / CONFIDENCE_FILE)
    with versions.building(folder) as made:
        versions.share(searcher.version, made, without={FUSION_FILE, CONFIDENCE_FILE})
        searcher.weights.save(made / FUSION_FILE)
        fitted.save(made / CONFIDENCE_FILE)
        versions.publish(folder, made)
    return Calibration(len(questions), confidence.held_out(found), hit1)


def _enough(questions: Sequence[Question]) -> None:
    answerable = sum(bool(question.right) for question in questions)
    hopeless = len(questions) - answerable
    if answerable < FEWEST_ANSWERABLE or hopeless < FEWEST_UNANSWERABLE:
        raise TooFewQuestionsError(
            f"{answerable} questions with an answer and {hopeless} without are too few to fit "
            f"thresholds to: at least {FEWEST_ANSWERABLE} and {FEWEST_UNANSWERABLE} are needed."
        )
