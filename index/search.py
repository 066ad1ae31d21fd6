"""Which article answers a question.

The article and the language it is shown in are chosen separately. Every article that can be
shown to the asker, in their locale or in English, is scored by what both of its sides say:
vectors of its segments and of its beginning, and words; the best of them also token by token. So
an article is found in the asker's locale by its English too, and one locale's articles never
crowd out another's.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.article import ENGLISH, Article
from index import versions
from index.confidence import CONFIDENCE_FILE, Confidence
from index.embedding import Embedder, Prefixes, located, normalise
from index.fusion import FUSION_FILE, Evidence, Scores, Weights, fuse, word_share
from index.interaction import QueryTokens
from index.locale_index import Evidence as LocaleEvidence
from index.locale_index import LocaleIndex


@dataclass(frozen=True, slots=True)
class Hit:
    """An article found for a question.

    `locale` is the one in which to show it (the asker's, or English); `score` lies in -1..1 and
    is comparable between questions, higher is better; `segments` are the ids of the sentences
    of that locale that matched best, best first.
    """

    article_id: str
    locale: str
    score: float
    segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """All that a search knows before it ranks: every article that can be shown, the evidence for
    each, and which of them are worth ordering (their places, best first by what is cheap to know).
    """

    article_ids: list[str]
    evidence: Evidence
    candidates: NDArray[np.int64]
    nearest: dict[str, NDArray[np.int64]]


# Articles whose tokens are compared with the question's.
CANDIDATES = 60


# The ids of all articles that can be shown to a reader of some locale; and for each side of the
# search, where its articles stand among them.
_Union = tuple[list[str], dict[str, NDArray[np.int64]]]


class Searcher:
    """Searches one version of an index. Safe to use from several threads."""

    def __init__(self, folder: Path, embedder: Embedder | None = None) -> None:
        """Open the index that serves in a folder. Locales are opened when they are asked for.

        Raises versions.IndexNotUsableError where there is none, or none that fits the embedder.
        """
        self.version, self.meta = versions.current(folder)
        prefixes = Prefixes(*self.meta.prefixes) if self.meta.prefixes else None
        self.embedder = embedder or Embedder(located(self.meta.model), prefixes)
        if self.embedder.fingerprint != self.meta.model_fingerprint:
            raise versions.IndexNotUsableError(
                f"The index in {folder} was made with the embedder {self.meta.model} "
                f"({self.meta.model_fingerprint}), not with {self.embedder.name} "
                f"({self.embedder.fingerprint}); run: babeldesk index DIR... --out {folder}"
            )
        self.locales: tuple[str, ...] = tuple(sorted(self.meta.articles))
        self._lock = threading.Lock()
        self._open: dict[str, LocaleIndex] = {}
        self._unions: dict[tuple[str, ...], _Union] = {}
        self.weights = versions.opened(self.version / FUSION_FILE, Weights.load)
        self.confidence = versions.opened(self.version / CONFIDENCE_FILE, Confidence.load)

    def open_all(self) -> None:
        """Open every locale now. Raises versions.IndexNotUsableError for one that is damaged."""
        for locale in self.locales:
            self._union(locale)

    def article(self, article_id: str, locale: str) -> Article | None:
        """An article in a locale, or None where it isn't there."""
        return self._index(locale).contents.get(article_id) if locale in self.locales else None

    def title(self, article_id: str, locale: str) -> str | None:
        """An article's title in a locale, or None where it isn't there."""
        return self._index(locale).contents.title(article_id) if locale in self.locales else None

    def size(self, locale: str) -> int:
        """How many articles can be shown to a reader of a locale."""
        return len(self._union(locale)[0])

    def search(
        self, text: str, locale: str, k: int = 10, weights: Weights | None = None
    ) -> list[Hit]:
        """The k best articles for a question from someone who reads `locale`, best first.

        `weights` take the place of the index's own.
        """
        found = self.find(text, locale, weights=weights)
        scores = fuse(found.evidence, weights or self.weights)[found.candidates]
        best = found.candidates[np.argsort(-scores, kind="stable")[:k]]
        ordered = -np.sort(-scores, kind="stable")
        return [
            self._hit(found, int(place), float(score))
            for place, score in zip(best, ordered, strict=False)
        ]

    def find(
        self,
        text: str,
        locale: str,
        among: NDArray[np.bool_] | None = None,
        weights: Weights | None = None,
    ) -> Found:
        """The evidence for every article that can be shown to a reader of `locale`.

        `among` (articles,) tells which there are to choose from, where it is not all: what the
        search would have found in an index of these alone.
        """
        ids, places = self._union(locale)
        query = self.embedder.query(text)
        words = normalise(text)
        sides = {n: self._index(n).evidence(query, words) for n in places}
        chosen = np.ones(len(ids), dtype=np.bool_) if among is None else among
        evidence = _joined(sides, places, chosen)
        rough = np.where(chosen, fuse(evidence, weights or self.weights), -np.inf)
        wanted = min(CANDIDATES, int(chosen.sum()))
        candidates = np.argpartition(-rough, wanted - 1)[:wanted]
        if query.tokens:
            met = self._interaction(query.tokens, candidates, places, len(ids))
            evidence = replace(evidence, interaction=met)
        nearest = {name: side.best_segments for name, side in sides.items()}
        return Found(ids, evidence, candidates, nearest)

    def _interaction(
        self,
        tokens: QueryTokens,
        candidates: NDArray[np.int64],
        places: dict[str, NDArray[np.int64]],
        articles: int,
    ) -> Scores:
        """How well the candidates meet the question token by token: (articles,), -1 elsewhere."""
        scores = np.full(articles, -1, dtype=np.float32)
        for name, where in places.items():
            own = np.flatnonzero(np.isin(where, candidates))
            met = self._index(name).tokens.scores(tokens, own)
            scores[where[own]] = np.maximum(scores[where[own]], met)
        return scores

    def _hit(self, found: Found, place: int, score: float) -> Hit:
        article_id = found.article_ids[place]
        for locale, rows in found.nearest.items():
            index = self._index(locale)
            own = index.place(article_id)
            if own is not None:
                return Hit(article_id, locale, score, index.segment_ids(rows, own))
        raise LookupError(f"{article_id} is in no locale of the search")

    def _index(self, locale: str) -> LocaleIndex:
        with self._lock:
            if locale not in self._open:
                self._open[locale] = versions.opened(self.version / locale, LocaleIndex)
            return self._open[locale]

    def _union(self, locale: str) -> _Union:
        sides = self._sides_of(locale)
        if sides not in self._unions:
            own = {name: self._index(name).article_ids for name in sides}
            ids = sorted(set().union(*own.values()))
            where = {article_id: place for place, article_id in enumerate(ids)}
            places = {name: np.array([where[i] for i in theirs]) for name, theirs in own.items()}
            self._unions[sides] = (ids, places)
        return self._unions[sides]

    def _sides_of(self, locale: str) -> tuple[str, ...]:
        """The asker's locale, then English; all where the index has neither."""
        names = tuple(name for name in dict.fromkeys((locale, ENGLISH)) if name in self.locales)
        return names or self.locales


def _joined(
    sides: dict[str, LocaleEvidence],
    places: dict[str, NDArray[np.int64]],
    chosen: NDArray[np.bool_],
) -> Evidence:
    """The evidence of the asker's side and of the English one, for all articles of both."""
    segment, article = (np.full(len(chosen), -1, dtype=np.float32) for _ in range(2))
    words = []
    for name, side in sides.items():
        where = places[name]
        segment[where] = np.maximum(segment[where], side.segment)
        article[where] = np.maximum(article[where], side.article)
        found = np.zeros(len(chosen), dtype=np.float32)
        found[where] = side.words
        words.append(word_share(found * chosen))
    own, *english = words
    for share in english:
        # What the asker's locale lacks has only English words to be found by.
        lacking = np.ones(len(chosen), dtype=np.bool_)
        lacking[next(iter(places.values()))] = False
        own[lacking] = share[lacking]
    whole, best = _subwords(list(sides.values()), list(places.values()), len(chosen))
    english_words = english[0] if english else None
    return Evidence(segment, article, own, english_words, None, whole, best)


def _subwords(
    sides: Sequence[LocaleEvidence], places: Sequence[NDArray[np.int64]], articles: int
) -> tuple[Scores | None, Scores | None]:
    """What the model of subwords says of each article's own text, and of its best segment.

    An article that the asker's locale lacks is known by its English; one that has no English by
    its own text alone.
    """
    whole, best = (np.full(articles, -1, dtype=np.float32) for _ in range(2))
    for side, where in zip(reversed(sides), reversed(places), strict=True):
        if side.subwords is None or side.subword_segment is None:
            return None, None
        whole[where] = side.subwords
        best[where] = np.maximum(best[where], side.subword_segment)
    return whole, np.where(best > -1, best, whole)
