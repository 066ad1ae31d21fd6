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

from corpus.alignment import side_by_side
from corpus.article import ENGLISH, Article
from index import versions
from index.confidence import CONFIDENCE_FILE, Confidence, Features, Outcome
from index.embedding import Embedder, Query, normalise
from index.fusion import FUSION_FILE, Evidence, Scores, Weights, fuse, shares, word_share
from index.interaction import QueryTokens
from index.locale_index import Evidence as LocaleEvidence
from index.locale_index import LocaleIndex


@dataclass(frozen=True, slots=True)
class Hit:
    """An article found for a question.

    `locale` is the one in which to show it (the asker's, or English); `score` lies in -1..1 and
    is comparable between questions, higher is better; `share` (0..1) tells how far it stands out
    from the others that were found; `segments` are the ids of the sentences of that locale that
    matched best, best first.
    """

    article_id: str
    locale: str
    score: float
    share: float
    segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """What the index knows of a question: every article that can be shown, where those of each
    side stand among them, the question itself, and what each side says of it.
    """

    article_ids: list[str]
    places: dict[str, NDArray[np.int64]]
    query: Query
    sides: dict[str, LocaleEvidence]


@dataclass(frozen=True, slots=True)
class Found:
    """The articles that are worth ordering: their places among all that can be shown, their
    scores and their shares, best first; and the evidence for every article.
    """

    looked: Looked
    evidence: Evidence
    candidates: NDArray[np.int64]
    scores: Scores
    shares: Scores

    @property
    def article_ids(self) -> list[str]:
        """The ids of all articles that can be shown."""
        return self.looked.article_ids


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
        self.embedder = embedder or Embedder.of_index(self.meta.model, self.meta.prefixes)
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
        """An article in a locale, or None where it isn't there; side by side with its English where
        the index has that.
        """
        if locale not in self.locales:
            return None
        found = self._index(locale).contents.get(article_id)
        if found is None or locale == ENGLISH or ENGLISH not in self.locales:
            return found
        english = self._index(ENGLISH).contents.get(article_id)
        return side_by_side(found, english) if english else found

    def title(self, article_id: str, locale: str) -> str | None:
        """An article's title in a locale, or None where it isn't there."""
        return self._index(locale).contents.title(article_id) if locale in self.locales else None

    def ids(self, locale: str) -> Sequence[str]:
        """The ids of the articles in a locale."""
        return self._index(locale).article_ids if locale in self.locales else ()

    def outcome(self, hits: Sequence[Hit], locale: str) -> Outcome:
        """What to do with what a search for a reader of `locale` found."""
        if not hits:
            return "none"
        seen = Features.of(hits[0].score, hits[0].share, self.size(locale))
        return self.confidence.outcome(self.confidence.probability(seen))

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
        return [self._hit(found, n) for n in range(min(k, len(found.candidates)))]

    def find(
        self,
        text: str,
        locale: str,
        among: NDArray[np.bool_] | None = None,
        weights: Weights | None = None,
    ) -> Found:
        """`look`, then `choose`."""
        return self.choose(self.look(text, locale), among, weights)

    def look(self, text: str, locale: str) -> Looked:
        """What the index knows of a question from someone who reads `locale`."""
        ids, places = self._union(locale)
        query = self.embedder.query(text)
        words = normalise(text)
        sides = {name: self._index(name).evidence(query, words) for name in places}
        return Looked(ids, places, query, sides)

    def choose(
        self,
        looked: Looked,
        among: NDArray[np.bool_] | None = None,
        weights: Weights | None = None,
    ) -> Found:
        """The best articles by what is known of them, with their evidence.

        `among` (articles,) tells which there are to choose from, where it is not all: what the
        search would have found in an index of these alone. `weights` take the place of the
        index's own.
        """
        counting = weights or self.weights
        chosen = np.ones(len(looked.article_ids), dtype=np.bool_) if among is None else among
        evidence = _joined(looked.sides, looked.places, chosen)
        rough = np.where(chosen, fuse(evidence, counting), -np.inf)
        wanted = min(CANDIDATES, int(chosen.sum()))
        candidates = np.argpartition(-rough, wanted - 1)[:wanted]
        if looked.query.tokens:
            met = self._interaction(looked.query.tokens, candidates, looked.places, len(chosen))
            evidence = replace(evidence, interaction=met)
        scores = fuse(evidence, counting)[candidates]
        order = np.argsort(-scores, kind="stable")
        standing_out = shares(scores, evidence, counting)
        return Found(looked, evidence, candidates[order], scores[order], standing_out[order])

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

    def _hit(self, found: Found, rank: int) -> Hit:
        article_id = found.article_ids[found.candidates[rank]]
        score, share = float(found.scores[rank]), float(found.shares[rank])
        for locale, side in found.looked.sides.items():
            index = self._index(locale)
            own = index.place(article_id)
            if own is not None:
                segments = index.segment_ids(side.best_segments, own)
                return Hit(article_id, locale, score, share, segments)
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
    return Evidence(segment, article, own, None, whole, best)


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
