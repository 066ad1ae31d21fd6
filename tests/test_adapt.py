"""`babeldesk train` and `babeldesk calibrate` on real articles, with the bundled embedder."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bot.terminal import adaptation_table, calibration_text
from corpus.article import Article
from corpus.inline import plain
from index import versions
from index.confidence import CONFIDENCE_FILE, Confidence
from index.embedding import BUNDLED_MODEL, Embedder
from index.evaluation import Question
from index.fusion import FUSION_FILE, Weights
from index.search import Searcher
from index.training import adapt as adapting
from index.training import confidence as thresholds
from index.training.adapt import NotAdaptedError, adapt
from index.training.calibrate import TooFewQuestionsError, calibrate
from tests.corpora import PRINTER_TR, bilingual, write


def quiet(_what: str, _done: int, _total: int) -> None:
    pass


# Every vowel becomes the next one.
_TURNED = str.maketrans("aeiouAEIOU", "eiouaEIOUA")


@pytest.fixture
def unheard_of(starters: dict[tuple[str, str], Article], tmp_path: Path) -> Path:
    """The English starter articles in a language that no model has read: with other vowels."""
    files = {}
    for (locale, article_id), article in starters.items():
        if locale == "tr-TR" and (english := article.english()):
            texts = [plain(segment.text) for segment in english.segments]
            pairs = [(text.translate(_TURNED), text) for text in texts]
            files[f"eo/{article_id}.md"] = bilingual(pairs[0], pairs[1:])
    return write(tmp_path / "corpus", files)


@pytest.mark.slow
def test_a_language_that_the_bundle_never_saw_is_learned(
    unheard_of: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapting, "HELD_OUT", 4)
    out = tmp_path / "model"
    adaptation = adapt([unheard_of], BUNDLED_MODEL, out, quiet)
    total = adaptation.total
    assert total == adaptation.locales["eo"]
    assert total.sentences > 15
    assert total.after > total.before
    assert Embedder(out).fingerprint != Embedder().fingerprint
    assert Weights.load(out / FUSION_FILE) == Weights.load(BUNDLED_MODEL / FUSION_FILE)
    table = adaptation_table(adaptation)
    assert table.row_count == 2


@pytest.mark.slow
def test_a_model_that_is_no_better_is_not_written(
    unheard_of: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapting, "distil", lambda *_: None)
    out = tmp_path / "model"
    out.mkdir()
    (out / "kept").write_text("as it was")
    with pytest.raises(NotAdaptedError, match=r"no better, and was not written: of \d+ held-out"):
        adapt([unheard_of], BUNDLED_MODEL, out, quiet)
    assert [path.name for path in out.iterdir()] == ["kept"]


def test_too_few_sentences_are_refused(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus", {"tr-TR/p.md": PRINTER_TR})
    with pytest.raises(NotAdaptedError, match=r"hold 3 different pairs .* at least 100"):
        adapt([corpus], BUNDLED_MODEL, tmp_path / "model", quiet)
    assert not (tmp_path / "model").exists()


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAdaptedError, match="holds no encoder of babeldesk's kind"):
        adapt([tmp_path], tmp_path, tmp_path / "model", quiet)


@pytest.fixture
def questions(starters: dict[tuple[str, str], Article]) -> list[Question]:
    """Every starter article's title and first sentences as questions, and some without answer."""
    known = [
        Question(plain(segment.text), locale, frozenset({article_id}), "")
        for (locale, article_id), article in sorted(starters.items())
        for segment in list(article.segments)[:2]
    ]
    hopeless = [f"{n} eggs and {n + 3} spoons of sugar for the cake" for n in range(25)]
    return known + [Question(text, "en-US", frozenset(), "") for text in hopeless]


def test_what_is_fitted_serves_and_is_kept_by_the_next_build(
    starter_index: Path, questions: list[Question], tmp_path: Path
) -> None:
    folder, model = tmp_path / "index", tmp_path / "model"
    shutil.copytree(starter_index, folder)
    model.mkdir()
    before = Searcher(folder)
    calibration = calibrate(folder, questions, quiet, weights=True, model=model)
    assert calibration.questions == len(questions)
    found = calibration.outcomes
    assert found.answer + found.suggest + found.none == pytest.approx(1)
    assert found.wrongly_answer <= 0.2
    assert found.answer > 0.5
    assert calibration.hit1 is not None
    assert calibration.hit1 > 0.8
    assert "the right article first" in calibration_text(calibration)

    after = Searcher(folder)
    assert after.version.name == "v0002"
    assert after.confidence == Confidence.load(model / CONFIDENCE_FILE) != before.confidence
    assert after.weights == Weights.load(model / FUSION_FILE) != before.weights
    assert before.confidence == Confidence.load(before.version / CONFIDENCE_FILE)
    assert len(after.search("vpn", "tr-TR")) == 6


def test_too_few_questions_are_refused(starter_index: Path, questions: list[Question]) -> None:
    with pytest.raises(TooFewQuestionsError, match="and 0 without are too few"):
        calibrate(starter_index, questions[:40], quiet)
    assert versions.current(starter_index)[0].name == "v0001"


def test_thresholds_by_hand() -> None:
    assert thresholds._at_most([0.1, 0.2, 0.3, 0.4], 0.25) == pytest.approx(0.325)
    assert thresholds._precise([(0.9, True), (0.8, True), (0.7, False)], 0.66) == 0.7
    assert thresholds._precise([(0.9, True), (0.8, True), (0.7, False)], 0.9) == 0.8
    assert thresholds._precise([(0.9, False)], 0.9) == 1.0


def test_every_kind_of_evidence_has_a_weight() -> None:
    fields = json.loads((BUNDLED_MODEL / FUSION_FILE).read_text(encoding="utf-8"))
    assert set(fields) == {field.name for field in dataclasses.fields(Weights)}
    assert all(np.isfinite(weight) and weight >= 0 for weight in fields.values())
