"""How asking grows with the corpus: an index multiplied to any number of segments, and asked.

What a question costs depends on the asker's locale and on English alone, however many others the
index has. So only these two are multiplied, one at a time and in a process of its own, to the
size that each would have; the rest stay as they are. Articles multiply as segments do, with their
words: a copy says half of what its original says, and half of what others say, and each of its
vectors is moved by half the difference of two others, so that it stays among texts.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from corpus.article import ENGLISH, Article, Block, Segment
from index import locale_index, versions
from index.benchmark import BenchmarkError, Latency, ask_latency, folder_megabytes, own_megabytes
from index.contents import Contents
from index.embedding import Embedder, located
from index.evaluation import Question
from index.locale_index import NEAREST_SEGMENTS, ArticleVectors, LocaleIndex
from index.passages import EmbeddedOnce, indexed_segments
from index.store import Vectors, VectorStore

RECALL_AT = 10
_QUESTIONS = 100
_TIMINGS = 200
_REPLACED = 0.5
_MOVED = 0.5
_SEED = 1
# Of the vectors of a locale that is being made: as floats, and once more as the store takes them.
_COPIES_IN_MEMORY = 3

Ask = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Grown:
    """One locale of a multiplied index: what it took to make, and the share of the nearest
    RECALL_AT segments, by exact search over 32-bit floats, that its store finds.
    """

    articles: int
    segments: int
    seconds: float
    recall: float


@dataclass(frozen=True, slots=True)
class Point:
    """A size of the curve and what asking costs there.

    `segments` counts the whole index of so many `locales`; the rest is of the locale that was
    asked in, `asked`, but for `resident`: the megabytes by which the process grew as it opened
    that locale and English and answered. `search` is the segment store alone, one question at a
    time on one thread, `ask` the whole way.
    """

    segments: int
    locales: int
    asked: str
    grown: Grown
    kind: str
    megabytes: float
    resident: float
    search: Latency
    ask: Latency

    def __str__(self) -> str:
        return (
            f"{self.segments:,} segments in {self.locales} locales; in {self.asked} "
            f"{self.grown.segments:,} of {self.grown.articles:,} articles, {self.kind}: "
            f"built in {self.grown.seconds:.0f} s, {self.megabytes:.0f} MB on disk, "
            f"resident {self.resident:+.0f} MB, "
            f"search p50 {self.search.p50:.2f} p99 {self.search.p99:.2f} ms, "
            f"recall@{RECALL_AT} {self.grown.recall:.3f}, "
            f"ask p50 {self.ask.p50:.1f} p99 {self.ask.p99:.1f} ms"
        )


def curve(
    folder: Path,
    sizes: Sequence[int],
    questions: Sequence[Question],
    opened: Callable[[Path], Ask],
    work: Path,
) -> Iterator[Point]:
    """Multiply the index in `folder` to each of `sizes` segments, and ask it.

    `opened` gives the way to ask an index folder. Asked are the questions of the locale that has
    most of them, or else titles of its articles. Works below `work`, and leaves nothing there.
    Raises BenchmarkError where a locale would not fit into memory, and
    versions.IndexNotUsableError where `folder` holds no index.
    """
    version, meta = versions.current(folder)
    asked = _locale_to_ask(meta, questions)
    texts = [q.text for q in questions if q.locale == asked] or _titles(version / asked)
    texts = texts[:_QUESTIONS]
    vectors = Embedder.of_index(meta.model, meta.prefixes).embed_queries(texts)
    # What is loaded once, whatever the size, is loaded now.
    ask_latency(texts, opened(folder))
    for size in sizes:
        out = work / f"{size}"
        grown = _multiplied(version, meta, size, asked, vectors, out)
        yield _measured(size, asked, grown, texts, vectors, out, opened(out))
        shutil.rmtree(out)


def _measured(
    size: int,
    asked: str,
    grown: Grown,
    texts: Sequence[str],
    vectors: Vectors,
    out: Path,
    ask: Ask,
) -> Point:
    version, meta = versions.current(out)
    before = own_megabytes()
    latency = ask_latency([*texts] * -(-_TIMINGS // len(texts)), ask)
    resident = own_megabytes() - before
    store = VectorStore.load(version / asked / "segments.faiss")
    return Point(
        size,
        len(meta.articles),
        asked,
        grown,
        store.kind,
        folder_megabytes(version / asked),
        resident,
        _search_latency(store, vectors),
        latency,
    )


def _locale_to_ask(meta: versions.Meta, questions: Sequence[Question]) -> str:
    """The locale with most questions; one that is not English, where there is one."""
    others = sorted(meta.articles.keys() - {ENGLISH}) or [ENGLISH]
    counts = Counter(question.locale for question in questions)
    return max(others, key=lambda locale: counts[locale])


def _titles(folder: Path) -> list[str]:
    """Titles from all over a locale."""
    contents = Contents(folder / "articles.db")
    titles = [article.title for article in contents.articles()]
    contents.close()
    return [titles[i] for i in np.unique(np.linspace(0, len(titles) - 1, _QUESTIONS, dtype=int))]


def _search_latency(store: VectorStore, vectors: Vectors) -> Latency:
    rounds = -(-_TIMINGS // len(vectors))
    by_name = {str(row): vector for row, vector in enumerate(vectors)}
    return ask_latency(
        [*by_name] * rounds, lambda name: store.search(by_name[name], NEAREST_SEGMENTS)
    )


def _multiplied(
    version: Path, meta: versions.Meta, size: int, asked: str, queries: Vectors, out: Path
) -> Grown:
    """Publish in `out` the index with `asked` and English multiplied; what came of `asked`."""
    factor = size / sum(meta.segments.values())
    locales = sorted({asked, ENGLISH} & meta.articles.keys())
    for locale in locales:
        _check_memory(round(factor * meta.segments[locale]), meta.dimension)
    with versions.building(out) as made:
        versions.share(version, made, without={asked, ENGLISH})
        # In a process of its own, so that the memory it takes is not counted as that of asking.
        spawning = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=1, mp_context=spawning) as pool:
            making = {
                name: pool.submit(
                    grow,
                    version / name,
                    made / name,
                    max(1, round(factor * meta.articles[name])),
                    meta.model,
                    queries,
                )
                for name in locales
            }
        grown = {name: future.result() for name, future in making.items()}
        dataclasses.replace(
            meta,
            articles=meta.articles | {name: it.articles for name, it in grown.items()},
            segments=meta.segments | {name: it.segments for name, it in grown.items()},
        ).save(made)
        versions.publish(out, made)
    return grown[asked]


def _check_memory(segments: int, dimension: int) -> None:
    needed, free = segments * dimension * 4 * _COPIES_IN_MEMORY, psutil.virtual_memory().available
    if needed > free:
        raise BenchmarkError(
            f"{segments:,} segments in one locale take {needed >> 20:,} MB of memory to make; "
            f"{free >> 20:,} MB are free."
        )


def grow(source: Path, target: Path, articles: int, model: str, queries: Vectors) -> Grown:
    """Write the locale in `source` with so many articles to the folder `target`.

    `queries`, (n, dimension), are what recall is measured with.
    """
    start = time.perf_counter()
    target.mkdir()
    contents = Contents(target / "articles.db", write=True)
    vectors: dict[str, ArticleVectors] = {}
    for article, own in _copies(_Real.of(LocaleIndex(source)), articles):
        contents.put(article)
        vectors[article.id] = own
    contents.close()
    embedder = Embedder(located(model))
    locale_index.write(target, embedder, EmbeddedOnce(embedder), vectors, lambda _: None)
    seconds = time.perf_counter() - start
    made = LocaleIndex(target)
    exact = np.concatenate([vectors[article_id].segments for article_id in made.article_ids])
    return Grown(
        len(made.article_ids), made.segment_count, seconds, _recall(target, exact, queries)
    )


@dataclass(frozen=True, slots=True)
class _Real:
    """What a locale says: its articles with their vectors by id, and all that is indexed of them
    in one: (n,) segments, (n, d) vectors, (articles, d) vectors.
    """

    articles: list[Article]
    vectors: dict[str, ArticleVectors]
    segments: list[Segment]
    segment_vectors: Vectors
    article_vectors: Vectors

    @classmethod
    def of(cls, index: LocaleIndex) -> _Real:
        articles = list(index.contents.articles())
        vectors = index.vectors_by_article()
        indexed = [pair for article in articles for pair in indexed_segments(article)]
        known = [vectors[article.id] for article in articles]
        return cls(
            articles,
            vectors,
            [segment for segment, _ in indexed],
            np.concatenate([own.segments for own in known]),
            np.stack([own.article for own in known]),
        )


def _copies(real: _Real, count: int) -> Iterator[tuple[Article, ArticleVectors]]:
    """So many articles, each with its vectors: the real ones first."""
    rng = np.random.default_rng(_SEED)
    for number in range(count):
        again, place = divmod(number, len(real.articles))
        article = real.articles[place]
        yield _copy(real, article, again, rng) if again else (article, real.vectors[article.id])


def _copy(
    real: _Real, article: Article, again: int, rng: np.random.Generator
) -> tuple[Article, ArticleVectors]:
    own = real.vectors[article.id]
    replaced = rng.random(len(own.segments)) < _REPLACED
    others = rng.integers(len(real.segments), size=len(own.segments))
    said = {int(at): real.segments[others[at]] for at in np.flatnonzero(replaced)}
    mixed = np.where(replaced[:, None], real.segment_vectors[others], own.segments)
    vectors = ArticleVectors(
        _moved(mixed, real.segment_vectors, rng),
        _moved(own.article[None], real.article_vectors, rng)[0],
        own.tokens,
        own.subwords,
        own.subword_segments,
    )
    return _saying(article, f"{article.id}~{again}", said), vectors


def _saying(article: Article, name: str, replaced: dict[int, Segment]) -> Article:
    """An article under another id, with some of its indexed segments, by place, exchanged."""
    indexed = [segment for segment, _ in indexed_segments(article)]
    new = {indexed[place].id: segment for place, segment in replaced.items()}
    blocks = tuple(_block_saying(block, new) for block in article.blocks)
    return dataclasses.replace(article, id=name, blocks=blocks)


def _block_saying(block: Block, new: dict[str, Segment]) -> Block:
    segments = tuple(
        dataclasses.replace(new[segment.id], id=segment.id) if segment.id in new else segment
        for segment in block.segments
    )
    return dataclasses.replace(block, segments=segments)


def _moved(vectors: Vectors, among: Vectors, rng: np.random.Generator) -> Vectors:
    """Unit vectors near the given ones, in a direction that lies between two of `among`."""
    there, here = rng.integers(len(among), size=(2, len(vectors)))
    moved = vectors + _MOVED * (among[there] - among[here])
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    unit: Vectors = (moved / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


def _recall(folder: Path, exact: Vectors, queries: Vectors) -> float:
    """The share of each query's nearest that the store finds; equal cosines are equally near."""
    store = VectorStore.load(folder / "segments.faiss")
    depth = min(RECALL_AT, len(exact))
    found = 0
    for query in queries:
        cosines = exact @ query
        least = np.partition(cosines, -depth)[-depth]
        _, rows = store.search(query, depth)
        found += int((cosines[rows] >= least - 1e-6).sum())
    return found / (depth * len(queries))
