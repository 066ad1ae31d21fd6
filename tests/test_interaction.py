from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.interaction import QueryTokens, TokenStore, coded


def codes(*rows: list[float]) -> np.ndarray:
    return coded(np.array(rows, dtype=np.float32))


@pytest.fixture
def store() -> TokenStore:
    first = codes([1, 0, 0], [0, 1, 0])
    third = codes([0.6, 0.8, 0])
    return TokenStore.of([first, np.empty((0, 3), np.int8), third], 3)


def question(vectors: list[list[float]], weights: list[float]) -> QueryTokens:
    return QueryTokens(np.array(vectors, np.float32), np.array(weights, np.float32))


def test_each_token_of_the_question_counts_by_its_nearest_token(store: TokenStore) -> None:
    asked = question([[1, 0, 0], [0, 0, 1]], [0.75, 0.25])
    scores = store.scores(asked, np.array([0, 1, 2]))
    assert scores == pytest.approx([0.75, -1, 0.6 * 0.75], abs=0.01)


def test_only_the_texts_asked_for_in_their_order(store: TokenStore) -> None:
    asked = question([[0, 1, 0]], [1])
    assert store.scores(asked, np.array([2, 0])) == pytest.approx([0.8, 1], abs=0.01)
    assert store.scores(asked, np.array([], dtype=np.int64)).tolist() == []


def test_a_question_without_tokens_meets_nothing(store: TokenStore) -> None:
    asked = QueryTokens(np.empty((0, 3), np.float32), np.empty(0, np.float32))
    assert store.scores(asked, np.array([0])).tolist() == [-1]


def test_what_has_tokens(store: TokenStore) -> None:
    assert len(store) == 3
    assert store.has(np.array([0, 1, 2])).tolist() == [True, False, True]
    assert store.tokens(2).tolist() == [[76, 102, 0]]


def test_codes_keep_cosines() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 96)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    back = coded(vectors).astype(np.float32) / 127
    assert np.abs(back @ vectors.T - vectors @ vectors.T).max() < 0.01


def test_a_store_is_saved_and_loaded(store: TokenStore, tmp_path: Path) -> None:
    store.save(tmp_path / "tokens")
    loaded = TokenStore.load(tmp_path / "tokens")
    asked = question([[1, 0, 0]], [1])
    everything = np.arange(3)
    assert loaded.scores(asked, everything).tolist() == store.scores(asked, everything).tolist()


def test_a_damaged_store_is_refused(store: TokenStore, tmp_path: Path) -> None:
    store.save(tmp_path / "tokens")
    np.save(tmp_path / "tokens.starts.npy", np.array([0, 2, 2, 9]))
    with pytest.raises(ValueError, match="damaged"):
        TokenStore.load(tmp_path / "tokens")
