"""Pairs of sentences that say the same, out of bilingual articles."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.article import Article
from corpus.inline import plain
from corpus.reader import read_corpus
from index.passages import has_letter, passages

# Longer sentences cost more to train on and teach no more.
LONGEST = 130


@dataclass(frozen=True, slots=True)
class Pair:
    """A localized sentence and the English one that it was translated from."""

    locale: str
    target: str
    source: str


@dataclass(frozen=True, slots=True)
class Bitext:
    """What a corpus of bilingual articles gives to train on: its distinct pairs, and the text of
    each article in English, by id.
    """

    pairs: list[Pair]
    articles: dict[str, str]


def read_bitext(roots: Sequence[Path]) -> Bitext:
    """Read a corpus. Raises FileNotFoundError for a missing folder."""
    pairs: set[tuple[str, str, str]] = set()
    articles: dict[str, str] = {}
    for article in read_corpus(roots):
        pairs.update(
            (article.locale, target, source)
            for target, source in said(article)
            if 1 < len(target) <= LONGEST
        )
        if article.id not in articles and (english := article.english()):
            articles[article.id] = passages(english).whole
    return Bitext([Pair(*pair) for pair in sorted(pairs)], dict(sorted(articles.items())))


def said(article: Article) -> Iterator[tuple[str, str]]:
    """Each sentence of an article with its English, both as plain text."""
    for segment in article.segments:
        target, source = plain(segment.text), plain(segment.source or "")
        if target and has_letter(source):
            yield target, source


def sampled(pairs: Sequence[Pair], count: int, rng: random.Random) -> list[Pair]:
    """`count` pairs in which every English sentence comes up equally often, whatever number of
    locales it stands under; each time in another of them.
    """
    by_source: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_source[pair.source].append(pair)
    sources = sorted(by_source)
    chosen: list[Pair] = []
    while sources and len(chosen) < count:
        rng.shuffle(sources)
        chosen.extend(rng.choice(by_source[source]) for source in sources)
    return chosen[:count]
