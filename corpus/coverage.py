"""Which article is there in which locale, and how much of it is translated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpus.article import ENGLISH, Article
from corpus.inline import plain
from corpus.parallel import read_all
from corpus.reader import corpus_files
from corpus.review import is_untranslated


@dataclass(slots=True)
class Coverage:
    """The share (0..1) of each article's sentences that a locale says in its own words: 0 is an
    article that it lacks. `titles` are English where there is English.
    """

    locales: tuple[str, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    shares: dict[str, dict[str, float]] = field(default_factory=dict)

    def of_locale(self, locale: str) -> float:
        """The mean share of all articles."""
        found = [shares.get(locale, 0.0) for shares in self.shares.values()]
        return sum(found) / len(found) if found else 0.0


def coverage(roots: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> Coverage:
    """Read everything below `roots`. Raises FileNotFoundError for a missing root."""
    found = Coverage()
    sources = [source for source in corpus_files(roots) if not source.is_fragment]
    for done, reading in enumerate(read_all(sources), 1):
        if progress:
            progress(done, len(sources))
        if article := reading.article:
            found.shares.setdefault(article.id, {})[article.locale] = _share(article)
            english = article if article.locale == ENGLISH else article.english()
            title = english.title if english else article.title
            if english or article.id not in found.titles:
                found.titles[article.id] = title
    locales = {locale for shares in found.shares.values() for locale in shares}
    found.locales = tuple(sorted(locales, key=lambda locale: (locale != ENGLISH, locale)))
    return found


def _share(article: Article) -> float:
    if article.locale == ENGLISH:
        return 1.0
    said = [segment for segment in article.segments if plain(segment.source or segment.text)]
    lacking = sum(map(is_untranslated, article.segments))
    return 1 - lacking / len(said) if said else 1.0
