from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.store import Vectors, VectorStore


def unit(rows: int, dimension: int = 64, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)
    made: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return made


def test_neighbours_are_the_exact_ones() -> None:
    vectors, questions = unit(2000), unit(50, seed=1)
    store = VectorStore(vectors)
    agreeing = 0
    for question in questions:
        cosines = vectors @ question
        exact = np.argsort(-cosines)[:10]
        scores, rows = store.search(question, 10)
        agreeing += len(set(rows) & set(exact))
        np.testing.assert_allclose(scores, cosines[rows], atol=1e-3)
        assert (np.diff(scores) <= 0).all()
    assert agreeing >= 0.99 * 500, "16 bits may swap only what is all but equal"


def test_a_vector_finds_itself_after_saving(tmp_path: Path) -> None:
    vectors = unit(300)
    VectorStore(vectors).save(tmp_path / "v.faiss")
    store = VectorStore.load(tmp_path / "v.faiss")
    assert (len(store), store.dimension) == (300, 64)
    for row in (0, 150, 299):
        scores, rows = store.search(vectors[row], 1)
        assert rows[0] == row
        assert scores[0] == pytest.approx(1.0, abs=1e-3)


def test_stored_vectors_come_back_and_can_be_stored_again() -> None:
    once = VectorStore(unit(20)).vectors()
    np.testing.assert_allclose(once, unit(20), atol=1e-3)
    np.testing.assert_array_equal(VectorStore(once).vectors(), once)


def test_asking_for_more_than_there_are() -> None:
    scores, rows = VectorStore(unit(3)).search(unit(1)[0], 10)
    assert sorted(rows) == [0, 1, 2]
    assert len(scores) == 3


def test_other_shapes_and_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must have the shape \(n, dimension\), not \(5,\)"):
        VectorStore(np.zeros(5, dtype=np.float32))
    (tmp_path / "x.faiss").write_bytes(b"not an index")
    with pytest.raises(ValueError, match=r"x\.faiss is not a vector store"):
        VectorStore.load(tmp_path / "x.faiss")
