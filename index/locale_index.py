"""All that is indexed of one locale: vectors, words and contents in one folder.

articles.db      what the articles say (`contents`)
segments.faiss   one vector for each segment
owners.npy       for each segment, the place of its article in the order of ids: (n,) int32
segment_ids.npy  for each segment, its id within its article: (n,) bytes
articles.faiss   one vector for each article: its title and beginning
words/           BM25 over whole articles
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.article import Article, Segment
from corpus.inline import plain
from index.contents import Contents
from index.embedding import Embedder, normalise
from index.lexical import WordIndex
from index.store import Vectors, VectorStore

Scores = NDArray[np.float32]

# An article's vector is made of its title and so many characters of its beginning: what an
# article is about stands at its head.
HEAD_CHARACTERS = 600
# Segments that are looked at for a question. More changes no ranking: an article whose best
# segment is not among them gets the score of the last.
NEAREST_SEGMENTS = 300


@dataclass(frozen=True, slots=True)
class Evidence:
    """How well each article of a locale fits a question, by three measures: (articles,) each.

    `segment`: cosine of its best segment; `article`: cosine of its beginning; `words`: BM25.
    `best_segments` are the nearest segments' numbers, best first.
    """

    segment: Scores
    article: Scores
    words: Scores
    best_segments: NDArray[np.int64]


class LocaleIndex:
    """The open index of one locale. Reading it is safe from several threads."""

    def __init__(self, folder: Path) -> None:
        """Open what `write` made; it raises much where that is not complete (versions.opened)."""
        self.contents = Contents(folder / "articles.db")
        self.article_ids = [entry.id for entry in self.contents.entries()]
        self._segments = VectorStore.load(folder / "segments.faiss")
        self._articles = VectorStore.load(folder / "articles.faiss")
        self._words = WordIndex.load(folder / "words")
        self._owners = np.load(folder / "owners.npy")
        self._segment_ids = np.load(folder / "segment_ids.npy")
        if len(self._articles) != len(self.article_ids) or len(self._segments) != len(self._owners):
            raise ValueError(f"The index in {folder} is damaged: build it again.")

    @property
    def segment_count(self) -> int:
        """How many segments are indexed."""
        return len(self._owners)

    def evidence(self, vector: Vectors, text: str) -> Evidence:
        """What speaks for each article, given a question's vector and its normalised text."""
        cosines, rows = self._segments.search(vector, NEAREST_SEGMENTS)
        segment = np.full(len(self.article_ids), cosines[-1], dtype=np.float32)
        np.maximum.at(segment, self._owners[rows], cosines)
        article = np.empty(len(self.article_ids), dtype=np.float32)
        found, places = self._articles.search(vector, len(self.article_ids))
        article[places] = found
        return Evidence(segment, article, self._words.scores(text), rows)

    def segment_ids(self, rows: NDArray[np.int64], place: int) -> tuple[str, ...]:
        """The ids of those of the given segments that belong to the article at a place."""
        return tuple(self._segment_ids[row].decode() for row in rows if self._owners[row] == place)

    def vectors_by_article(self) -> dict[str, tuple[Vectors, Vectors]]:
        """Each article's segment vectors and its own vector, to be used again."""
        segments, articles = self._segments.vectors(), self._articles.vectors()
        starts = np.searchsorted(self._owners, np.arange(len(self.article_ids) + 1))
        return {
            article_id: (segments[starts[i] : starts[i + 1]], articles[i : i + 1])
            for i, article_id in enumerate(self.article_ids)
        }


def write(folder: Path, embedder: Embedder, reusable: dict[str, tuple[Vectors, Vectors]]) -> int:
    """Index the `articles.db` of a folder; returns how many segments were embedded.

    `reusable` holds the vectors of articles that have not changed (`vectors_by_article`).
    """
    contents = Contents(folder / "articles.db")
    owners: list[int] = []
    segment_ids: list[bytes] = []
    passages: list[str] = []
    heads: list[str] = []
    documents: list[str] = []
    segment_vectors: list[Vectors | None] = []
    article_vectors: list[Vectors | None] = []
    for place, article in enumerate(contents.articles()):
        indexed = indexed_segments(article)
        texts = [text for _, text in indexed]
        owners.extend([place] * len(indexed))
        segment_ids.extend(segment.id.encode() for segment, _ in indexed)
        documents.append(normalise(" ".join([article.title, article.title, *texts])))
        known = reusable.get(article.id)
        segment_vectors.append(known[0] if known else None)
        article_vectors.append(known[1] if known else None)
        if not known:
            passages.extend(texts)
            heads.append(article_head(article.title, texts))
    contents.close()
    counts = np.bincount(owners, minlength=len(documents))
    segments = _filled(segment_vectors, embedder.embed_passages(passages), counts)
    articles = _filled(article_vectors, embedder.embed_passages(heads), np.ones_like(counts))
    VectorStore(segments).save(folder / "segments.faiss")
    VectorStore(articles).save(folder / "articles.faiss")
    np.save(folder / "owners.npy", np.array(owners, dtype=np.int32))
    np.save(folder / "segment_ids.npy", np.array(segment_ids, dtype=np.bytes_))
    WordIndex(documents).save(folder / "words")
    return len(passages)


def indexed_segments(article: Article) -> list[tuple[Segment, str]]:
    """The segments by which an article is found, each with its plain text.

    An article of code alone is still found: by its title.
    """
    pairs = [(segment, plain(segment.text)) for segment in article.segments]
    worded = [(segment, text) for segment, text in pairs if any(c.isalpha() for c in text)]
    return worded or [(Segment("title", article.title), article.title)]


def article_head(title: str, texts: Sequence[str]) -> str:
    """What an article's own vector is made of."""
    return f"{title}. {' '.join(texts)[:HEAD_CHARACTERS]}"


def _filled(known: Sequence[Vectors | None], new: Vectors, counts: NDArray[np.int64]) -> Vectors:
    """Known vectors and, where there are none, the next of the new ones; (sum(counts), d)."""
    parts: list[Vectors] = []
    used = 0
    for vectors, count in zip(known, counts, strict=True):
        if vectors is None:
            parts.append(new[used : used + count])
            used += int(count)
        else:
            parts.append(vectors)
    return np.concatenate(parts)
