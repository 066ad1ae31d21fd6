"""Which article answers a question.

The article and the language it is shown in are chosen separately. Every article that can be
shown to the asker, in their locale or in English, is scored by what both of its sides say:
vectors of its segments and of its beginning, and words. So an article is found in the asker's
locale by its English too, and one locale's articles never crowd out another's.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.article import ENGLISH, Article
from index import versions
from index.confidence import Confidence
from index.embedding import Embedder, located, normalise
from index.fusion import ASKERS_SIDE, ENGLISH_SIDE, Side, fuse
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
    """All that a search knows before it ranks: every article that can be shown, and the evidence
    of each side, the asker's first.
    """

    article_ids: list[str]
    locales: list[str]
    evidence: list[Side]


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
        self.embedder = embedder or Embedder(located(self.meta.model))
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
        self.confidence = Confidence.of_model(self.meta.model)

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

    def search(self, text: str, locale: str, k: int = 10) -> list[Hit]:
        """The k best articles for a question from someone who reads `locale`, best first."""
        found = self.find(text, locale)
        scores = fuse(found.evidence, len(found.article_ids))
        best = np.argsort(-scores, kind="stable")[:k]
        return [self._hit(found, int(place), float(scores[place])) for place in best]

    def find(self, text: str, locale: str) -> Found:
        """The evidence for every article that can be shown to a reader of `locale`."""
        ids, places = self._union(locale)
        vector = self.embedder.embed_queries([text])[0]
        words = normalise(text)
        weights = dict.fromkeys(places, ENGLISH_SIDE) | {next(iter(places)): ASKERS_SIDE}
        sides = [
            Side(self._index(name).evidence(vector, words), where, weights[name])
            for name, where in places.items()
        ]
        return Found(ids, list(places), sides)

    def _hit(self, found: Found, place: int, score: float) -> Hit:
        article_id = found.article_ids[place]
        for locale, side in zip(found.locales, found.evidence, strict=True):
            (own,) = np.nonzero(side.places == place)
            if len(own):
                rows = side.evidence.best_segments
                segments = self._index(locale).segment_ids(rows, int(own[0]))
                return Hit(article_id, locale, score, segments)
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
