from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.store import Vectors, VectorStore

QUESTIONS = 50


def unit(rows: int, dimension: int = 64, seed: int = 0) -> Vectors:
    return normalised(np.random.default_rng(seed).normal(size=(rows, dimension)))


def clustered(rows: int, dimension: int = 96, seed: int = 0) -> Vectors:
    """Vectors that keep together, around a mean that is far from zero, as those of texts do."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(rows // 30, dimension)) + 2 * rng.normal(size=dimension)
    near = centres[rng.integers(len(centres), size=rows)]
    return normalised(near + 0.7 * rng.normal(size=(rows, dimension)))


def normalised(vectors: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Vectors:
    made: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return made


def questions_near(vectors: Vectors) -> Vectors:
    rng = np.random.default_rng(1)
    some = vectors[rng.choice(len(vectors), QUESTIONS, replace=False)]
    return normalised(some + 0.05 * rng.normal(size=some.shape))


def recall(store: VectorStore, vectors: Vectors, k: int = 10) -> float:
    """The share of the k nearest that is found, after checking each cosine and their order."""
    found = 0
    for question in questions_near(vectors):
        cosines = vectors @ question
        scores, rows = store.search(question, k)
        np.testing.assert_allclose(scores, cosines[rows], atol=5e-3)
        assert (np.diff(scores) <= 0).all()
        assert len(set(rows)) == k
        found += int((cosines[rows] >= np.sort(cosines)[-k]).sum())
    return found / (k * QUESTIONS)


@pytest.mark.parametrize("dimension", [64, 256, 384])
def test_neighbours_are_the_exact_ones(dimension: int) -> None:
    vectors = clustered(3000, dimension)
    assert recall(VectorStore(vectors), vectors) >= 0.98


def test_a_large_store_finds_nearly_all_neighbours(tmp_path: Path) -> None:
    vectors = clustered(90_000)
    store = VectorStore(vectors, exact_up_to=50_000)
    assert store.kind == "RaBitQ in 128 of 300 lists, then 8 bits"
    assert recall(store, vectors) >= 0.95
    store.save(tmp_path / "v.faiss")
    loaded = VectorStore.load(tmp_path / "v.faiss")
    assert (loaded.kind, len(loaded), loaded.dimension) == (store.kind, 90_000, 96)
    for question in questions_near(vectors):
        for one, other in zip(store.search(question, 10), loaded.search(question, 10), strict=True):
            np.testing.assert_array_equal(one, other)


def test_size_alone_decides_what_is_done() -> None:
    assert VectorStore(unit(100), exact_up_to=100).kind == "exact, 8 bits"
    assert VectorStore(unit(101), exact_up_to=100).kind == "RaBitQ in 10 of 10 lists, then 8 bits"


def test_the_same_vectors_make_the_same_store(tmp_path: Path) -> None:
    vectors = clustered(3000)
    for name in ("a", "b"):
        VectorStore(vectors, exact_up_to=1000).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("exact_up_to", [1000, 100])
def test_a_vector_finds_itself_after_saving(tmp_path: Path, exact_up_to: int) -> None:
    vectors = unit(300)
    VectorStore(vectors, exact_up_to).save(tmp_path / "v.faiss")
    store = VectorStore.load(tmp_path / "v.faiss")
    assert (len(store), store.dimension) == (300, 64)
    for row in (0, 150, 299):
        scores, rows = store.search(vectors[row], 1)
        assert rows[0] == row
        assert scores[0] == pytest.approx(1.0, abs=5e-3)


def test_one_byte_a_dimension(tmp_path: Path) -> None:
    VectorStore(unit(3000)).save(tmp_path / "v.faiss")
    assert (tmp_path / "v.faiss").stat().st_size == pytest.approx(3000 * 64, rel=0.01)


@pytest.mark.parametrize("exact_up_to", [10_000, 1000])
def test_all_vectors_come_back_in_their_order(tmp_path: Path, exact_up_to: int) -> None:
    vectors = clustered(3000)
    VectorStore(vectors, exact_up_to).save(tmp_path / "v.faiss")
    back = VectorStore.load(tmp_path / "v.faiss").vectors()
    np.testing.assert_allclose(back, vectors, atol=3e-3)


def test_vectors_can_be_stored_again_and_again() -> None:
    """As an index does that is renewed every day with a few new vectors."""
    vectors = clustered(4000)
    once = kept = VectorStore(vectors[:3000]).vectors()
    for new in np.split(vectors[3000:], 40):
        kept = VectorStore(np.concatenate([kept, new])).vectors()[:3000]
    np.testing.assert_allclose(kept, vectors[:3000], atol=4e-3)
    assert (np.abs(kept - once).max(axis=0) < 1e-6).mean() > 0.7, "most grids never change"
    np.testing.assert_allclose(VectorStore(once).vectors(), once, atol=1e-6)


@pytest.mark.parametrize("exact_up_to", [1000, 100])
def test_asking_for_all_and_for_more_than_there_are(exact_up_to: int) -> None:
    vectors = unit(300)
    scores, rows = VectorStore(vectors, exact_up_to).search(unit(1, seed=1)[0], 400)
    assert sorted(rows) == list(range(300))
    np.testing.assert_allclose(scores, (vectors @ unit(1, seed=1)[0])[rows], atol=5e-3)


def test_a_single_vector() -> None:
    store = VectorStore(unit(1))
    scores, rows = store.search(unit(1)[0], 5)
    assert rows.tolist() == [0]
    assert scores[0] == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(store.vectors(), unit(1), atol=1e-4)


def test_other_shapes_and_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must have the shape \(n, dimension\), not \(5,\)"):
        VectorStore(np.zeros(5, dtype=np.float32))
    with pytest.raises(ValueError, match=r"not \(0, 5\)"):
        VectorStore(np.zeros((0, 5), dtype=np.float32))
    (tmp_path / "x.faiss").write_bytes(b"not an index")
    with pytest.raises(ValueError, match=r"x\.faiss is not a vector store"):
        VectorStore.load(tmp_path / "x.faiss")


@pytest.mark.parametrize("exact_up_to", [1000, 100])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, exact_up_to: int) -> None:
    VectorStore(unit(300), exact_up_to).save(tmp_path / "v.faiss")
    whole = (tmp_path / "v.faiss").read_bytes()
    (tmp_path / "v.faiss").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"v\.faiss is not a vector store"):
        VectorStore.load(tmp_path / "v.faiss")
