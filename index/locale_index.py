"""All that is indexed of one locale: vectors, words and contents in one folder.

articles.db      what the articles say (`contents`)
segments.faiss   one vector for each segment
owners.npy       for each segment, the place of its article in the order of ids: (n,) int32
segment_ids.npy  for each segment, its id within its article: (n,) bytes
articles.faiss   one vector for each article: its title and beginning
tokens.*.npy     the vectors of each article's tokens (`interaction`); none for an article whose
                 English is embedded: the English index has them
subwords.faiss   one vector for each article, of its own text, by the model of subwords; and
subword_segments.faiss, subword_owners.npy: one for each segment of the articles that have tokens
words/           which words stand in which article (`lexical`)
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from corpus.article import Article
from index.contents import Contents
from index.embedding import Embedder, Query, normalise
from index.interaction import Codes, TokenStore
from index.lexical import WordIndex
from index.passages import EmbeddedOnce, Passages, passages
from index.store import Vectors, VectorStore

Scores = NDArray[np.float32]
_Row = TypeVar("_Row", bound=np.generic)

# Segments that are looked at for a question. More changes no ranking: an article whose best
# segment is not among them gets the score of the last.
NEAREST_SEGMENTS = 300
# Likewise articles.
NEAREST_ARTICLES = 1000
# The vector of no article, as one of none.
_NO_SUBWORDS = np.empty((1, 0), dtype=np.float32)
# Articles whose passages are embedded in one go.
_EMBEDDED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Evidence:
    """How well each article of a locale fits a question, by several measures: (articles,) each.

    `segment`: cosine of its best segment; `article`: cosine of its beginning; `words`: BM25;
    `subwords` and `subword_segment`: cosines of its text and of its best segment by the model of
    subwords, None without one, and -1 for articles whose English is embedded.
    `best_segments` are the nearest segments' numbers, best first.
    """

    segment: Scores
    article: Scores
    words: Scores
    best_segments: NDArray[np.int64]
    subwords: Scores | None = None
    subword_segment: Scores | None = None


@dataclass(frozen=True, slots=True)
class ArticleVectors:
    """All vectors of one article: its segments' (n, d), its own (d,), its tokens' (tokens, e); and
    by the model of subwords its own (s,) and its segments' (n, s), or none of these (0, s).
    """

    segments: Vectors
    article: Vectors
    tokens: Codes
    subwords: Vectors
    subword_segments: Vectors


@dataclass(frozen=True, slots=True)
class Indexed:
    """All that is indexed of one article: its vectors, the ids of its segments as bytes (n,), and
    its text for the word index, or its number in the one that has it already.
    """

    vectors: ArticleVectors
    segment_ids: NDArray[np.bytes_]
    document: str | int


class LocaleIndex:
    """The open index of one locale. Reading it is safe from several threads."""

    def __init__(self, folder: Path) -> None:
        """Open what `write` made; it raises much where that is not complete (versions.opened)."""
        self.contents = Contents(folder / "articles.db")
        self.article_ids = self.contents.ids()
        self._segments = VectorStore.load(folder / "segments.faiss")
        self._articles = VectorStore.load(folder / "articles.faiss")
        self.tokens = TokenStore.load(folder / "tokens")
        self._words = WordIndex.load(folder / "words")
        self._owners = np.load(folder / "owners.npy")
        self._segment_ids = np.load(folder / "segment_ids.npy")
        self._subwords = _Subwords.load(folder)
        counts = {len(self.article_ids), len(self._articles), len(self.tokens), len(self._words)}
        rows = {len(self._segments), len(self._owners), len(self._segment_ids)}
        if len(counts) > 1 or len(rows) > 1:
            raise ValueError(f"The index in {folder} is damaged: build it again.")

    @property
    def segment_count(self) -> int:
        """How many segments are indexed."""
        return len(self._owners)

    def place(self, article_id: str) -> int | None:
        """Where an article stands in the order of ids; None where it isn't in this locale."""
        place = bisect.bisect_left(self.article_ids, article_id)
        known = place < len(self.article_ids) and self.article_ids[place] == article_id
        return place if known else None

    def evidence(self, query: Query, text: str) -> Evidence:
        """What speaks for each article, given a question and its normalised text."""
        cosines, rows = self._segments.search(query.vector, NEAREST_SEGMENTS)
        segment = _best(cosines, self._owners[rows], len(self.article_ids))
        article = _best(*self._articles.search(query.vector, NEAREST_ARTICLES), len(segment))
        known = Evidence(segment, article, self._words.scores(text), rows)
        if self._subwords is None or query.subwords is None:
            return known
        whole, best = self._subwords.evidence(query.subwords)
        return replace(known, subwords=whole, subword_segment=best)

    def segment_ids(self, rows: NDArray[np.int64], place: int) -> tuple[str, ...]:
        """The ids of those of the given segments that belong to the article at a place."""
        own = rows[self._owners[rows] == place]
        return tuple(segment_id.decode() for segment_id in self._segment_ids[own])

    def vectors_by_article(self) -> dict[str, ArticleVectors]:
        """Each article's vectors, to be used again."""
        segments, articles = self._by_article(self._segments.vectors()), self._articles.vectors()
        if self._subwords:
            subwords = self._subwords.by_article()
        else:
            subwords = [(_NO_SUBWORDS[0], _NO_SUBWORDS)] * len(articles)
        return {
            article_id: ArticleVectors(
                segments[i], articles[i], self.tokens.tokens(i), *subwords[i]
            )
            for i, article_id in enumerate(self.article_ids)
        }

    def unchanged(self, contents: Contents) -> dict[str, Indexed]:
        """What is indexed of the articles that say the same in newer contents."""
        newer = {entry.id: entry.content_hash for entry in contents.entries()}
        vectors, segment_ids = self.vectors_by_article(), self._by_article(self._segment_ids)
        return {
            entry.id: Indexed(vectors[entry.id], segment_ids[place], place)
            for place, entry in enumerate(self.contents.entries())
            if newer.get(entry.id) == entry.content_hash
        }

    def words(self, documents: Sequence[str | int]) -> WordIndex:
        """A word index of documents, some of which are articles of this index (`Indexed`)."""
        return WordIndex(documents, self._words)

    def _by_article(self, rows: NDArray[_Row]) -> list[NDArray[_Row]]:
        """What belongs to the segments, cut into what belongs to each article."""
        return _by_owner(rows, self._owners, len(self.article_ids))


class _Subwords:
    """What the model of subwords knows of one locale's articles."""

    def __init__(
        self,
        articles: VectorStore,
        segments: VectorStore | None,
        owners: NDArray[np.int32],
    ) -> None:
        self._articles, self._segments, self._owners = articles, segments, owners
        self._with_segments = np.isin(np.arange(len(articles)), owners)

    @classmethod
    def load(cls, folder: Path) -> _Subwords | None:
        """Open what `save` wrote; None where there is nothing."""
        if not (folder / "subwords.faiss").exists():
            return None
        owners = np.load(folder / "subword_owners.npy")
        path = folder / "subword_segments.faiss"
        segments = VectorStore.load(path) if len(owners) else None
        return cls(VectorStore.load(folder / "subwords.faiss"), segments, owners)

    @staticmethod
    def save(folder: Path, articles: Sequence[ArticleVectors]) -> None:
        """Write the vectors of a locale's articles, where they have any."""
        wholes = np.stack([own.subwords for own in articles])
        if not wholes.size:
            return
        VectorStore(wholes).save(folder / "subwords.faiss")
        counts = [len(own.subword_segments) for own in articles]
        owners = np.repeat(np.arange(len(articles), dtype=np.int32), counts)
        np.save(folder / "subword_owners.npy", owners)
        if len(owners):
            segments = np.concatenate([own.subword_segments for own in articles])
            VectorStore(segments).save(folder / "subword_segments.faiss")

    def evidence(self, vector: Vectors) -> tuple[Scores, Scores]:
        """The cosine of each article, and of its best segment: (articles,) each."""
        count = len(self._articles)
        whole = _best(*self._articles.search(vector, NEAREST_ARTICLES), count)
        if self._segments is None:
            return whole, np.full(count, -1, dtype=np.float32)
        cosines, rows = self._segments.search(vector, NEAREST_SEGMENTS)
        best = _best(cosines, self._owners[rows], count)
        return whole, np.where(self._with_segments, best, np.float32(-1))

    def by_article(self) -> list[tuple[Vectors, Vectors]]:
        """Each article's own vector, and those of its segments."""
        wholes = self._articles.vectors()
        segments = self._segments.vectors() if self._segments else wholes[:0]
        return list(zip(wholes, _by_owner(segments, self._owners, len(wholes)), strict=True))


def _by_owner(
    rows: NDArray[_Row], owners: NDArray[np.integer[Any]], count: int
) -> list[NDArray[_Row]]:
    """Rows in the order of their owners, cut into those of each of `count` articles."""
    return np.split(rows, np.searchsorted(owners, np.arange(1, count)))


def _best(cosines: Scores, owners: NDArray[np.integer[Any]], count: int) -> Scores:
    """The highest cosine of what each of `count` articles owns; (count,).

    Those that were not found get the lowest of those that were: it can't be higher.
    """
    best = np.full(count, cosines[-1], dtype=np.float32)
    np.maximum.at(best, owners, cosines)
    return best


def write(
    folder: Path,
    embedder: Embedder,
    embedded: EmbeddedOnce,
    reusable: dict[str, ArticleVectors],
    advance: Callable[[int], None],
    old: LocaleIndex | None = None,
) -> int:
    """Index the `articles.db` of a folder; returns how many segments had to be embedded.

    What `old` has of articles that say the same is taken over; `reusable` holds the vectors of
    others that need not be embedded. `advance` is told how many more segments are done.
    """
    contents = Contents(folder / "articles.db")
    ids = contents.ids()
    known = old.unchanged(contents) if old else {}
    new = list(contents.articles(article_id for article_id in ids if article_id not in known))
    contents.close()
    advance(sum(len(its.segment_ids) for its in known.values()))
    count = 0
    for start in range(0, len(new), _EMBEDDED_AT_ONCE):
        said = [(article, passages(article)) for article in new[start : start + _EMBEDDED_AT_ONCE]]
        needed = [own for article, own in said if article.id not in reusable]
        embedded.prepare(needed)
        made = _vectors(embedder, embedded, needed)
        for article, own in said:
            known[article.id] = _indexed(article, own, reusable.get(article.id) or next(made))
        embedded.forget(needed)
        count += sum(len(own.segments) for own in needed)
        advance(sum(len(own.segments) for _, own in said))
    _save(folder, embedder, [known[article_id] for article_id in ids], old)
    return count


def _vectors(
    embedder: Embedder, embedded: EmbeddedOnce, needed: Sequence[Passages]
) -> Iterator[ArticleVectors]:
    """The vectors of articles whose passages are prepared."""
    for own, subwords in zip(needed, _subwords(embedder, needed), strict=True):
        vector, tokens = embedded.whole(own)
        kept = tokens[:0] if own.borrowed else tokens
        yield ArticleVectors(embedded.segments(own), vector, kept, subwords[0], subwords[1:])


def _subwords(embedder: Embedder, needed: Sequence[Passages]) -> list[Vectors]:
    """For each article its own vector by the model of subwords, then those of its segments."""
    if not needed or not embedder.has_subwords:
        return [_NO_SUBWORDS] * len(needed)
    texts = [(own.own,) if own.borrowed else (own.own, *own.shown) for own in needed]
    found = embedder.embed_subwords([text for its in texts for text in its])
    return np.split(found, np.cumsum([len(its) for its in texts])[:-1])


def _indexed(article: Article, own: Passages, vectors: ArticleVectors) -> Indexed:
    segment_ids = np.array([segment.id.encode() for segment in own.segments], dtype=np.bytes_)
    document = normalise(" ".join([article.title, article.title, *own.shown]))
    return Indexed(vectors, segment_ids, document)


def _save(
    folder: Path, embedder: Embedder, articles: Sequence[Indexed], old: LocaleIndex | None
) -> None:
    vectors = [its.vectors for its in articles]
    VectorStore(np.concatenate([own.segments for own in vectors])).save(folder / "segments.faiss")
    VectorStore(np.stack([own.article for own in vectors])).save(folder / "articles.faiss")
    _Subwords.save(folder, vectors)
    tokens = [own.tokens for own in vectors]
    TokenStore.of(tokens, embedder.token_dimension).save(folder / "tokens")
    segment_ids = [its.segment_ids for its in articles]
    owners = np.repeat(np.arange(len(articles), dtype=np.int32), [len(ids) for ids in segment_ids])
    np.save(folder / "owners.npy", owners)
    np.save(folder / "segment_ids.npy", np.concatenate(segment_ids))
    documents = [its.document for its in articles]
    words = old.words(documents) if old else WordIndex(documents)
    words.save(folder / "words")
