from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from corpus.article import ENGLISH
from index import versions
from index.benchmark import BenchmarkError
from index.embedding import Embedder
from index.evaluation import Question
from index.locale_index import LocaleIndex
from index.scaling import curve, grow
from index.search import Searcher

TURKISH = "tr-TR"
QUESTION = "Profil resmimi nasıl değiştiririm?"
MODEL = "bundled"


@pytest.fixture(scope="module")
def real(starter_index: Path) -> LocaleIndex:
    version, _ = versions.current(starter_index)
    return LocaleIndex(version / TURKISH)


@pytest.fixture(scope="module")
def grown(
    starter_index: Path, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory
) -> LocaleIndex:
    """The Turkish starter articles, each of them five times."""
    version, meta = versions.current(starter_index)
    target = tmp_path_factory.mktemp("grown") / TURKISH
    vectors = embedder.embed_queries([QUESTION, "vpn"])
    made = grow(version / TURKISH, target, 5 * meta.articles[TURKISH], MODEL, vectors)
    assert (made.articles, made.segments) == (
        5 * meta.articles[TURKISH],
        5 * meta.segments[TURKISH],
    )
    assert made.recall >= 0.9
    return LocaleIndex(target)


def test_the_real_articles_are_among_them(real: LocaleIndex, grown: LocaleIndex) -> None:
    assert set(real.article_ids) < set(grown.article_ids)
    before, after = real.vectors_by_article(), grown.vectors_by_article()
    for article_id in real.article_ids:
        assert grown.contents.get(article_id) == real.contents.get(article_id)
        one, other = before[article_id], after[article_id]
        np.testing.assert_allclose(one.segments, other.segments, atol=3e-3)
        np.testing.assert_allclose(one.article, other.article, atol=3e-3)
        np.testing.assert_array_equal(one.tokens, other.tokens)


def test_a_copy_says_half_of_what_its_original_says(real: LocaleIndex, grown: LocaleIndex) -> None:
    said = {segment.text for article in real.contents.articles() for segment in article.segments}
    same = count = 0
    for article in grown.contents.articles():
        name, copied, _ = article.id.partition("~")
        original = real.contents.get(name)
        assert original
        if copied:
            pairs = list(zip(article.segments, original.segments, strict=True))
            assert all(new.id == old.id and new.text in said for new, old in pairs)
            same += sum(new.text == old.text for new, old in pairs)
            count += len(pairs)
    assert 0.4 < same / count < 0.65


def test_the_vectors_of_copies_are_near_those_of_texts(grown: LocaleIndex) -> None:
    vectors = grown.vectors_by_article()
    originals = [name for name in vectors if "~" not in name]
    real = np.concatenate([vectors[name].segments for name in originals])
    near = {name: vectors[name.partition("~")[0]].article for name in set(vectors) - set(originals)}
    moved = [vectors[name].article @ own for name, own in near.items()]
    assert 0.5 < np.mean(moved) < 0.98
    for name in near:
        segments = vectors[name].segments
        np.testing.assert_allclose(np.linalg.norm(segments, axis=1), 1, atol=0.01)
        assert 0.6 < (segments @ real.T).max(axis=1).mean() < 0.99


def test_the_same_again(
    starter_index: Path, embedder: Embedder, grown: LocaleIndex, tmp_path: Path
) -> None:
    version, _ = versions.current(starter_index)
    vectors = embedder.embed_queries([QUESTION])
    grow(version / TURKISH, tmp_path / "x", len(grown.article_ids), MODEL, vectors)
    again = LocaleIndex(tmp_path / "x")
    assert list(again.contents.articles()) == list(grown.contents.articles())


@pytest.mark.slow
def test_curve(starter_index: Path, tmp_path: Path) -> None:
    _, meta = versions.current(starter_index)
    total = sum(meta.segments.values())
    asked: list[Searcher] = []

    def opened(folder: Path) -> Callable[[str], object]:
        searcher = Searcher(folder)
        asked.append(searcher)
        return lambda text: searcher.search(text, TURKISH)

    questions = [
        Question(QUESTION, TURKISH, frozenset(), ""),
        Question("?", ENGLISH, frozenset(), ""),
    ]
    points = list(curve(starter_index, [total, 3 * total], questions, opened, tmp_path))
    assert [point.segments for point in points] == [total, 3 * total]
    for point, times in zip(points, (1, 3), strict=True):
        assert (point.asked, point.locales) == (TURKISH, len(meta.articles))
        assert point.grown.segments == times * meta.segments[TURKISH]
        assert point.grown.articles == times * meta.articles[TURKISH]
        assert point.grown.recall >= 0.9
        assert 0 < point.search.p50 < point.ask.p50
    assert points[0].megabytes < points[1].megabytes
    sizes = [searcher.size(TURKISH) for searcher in asked]
    assert sizes == [sizes[0], sizes[0], 3 * sizes[0]]
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_into_memory_is_refused(starter_index: Path, tmp_path: Path) -> None:
    points = curve(starter_index, [10**12], [], lambda _: print, tmp_path)
    with pytest.raises(BenchmarkError, match=r"segments in one locale take [\d,]+ MB of memory"):
        next(points)
