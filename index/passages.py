"""What is embedded of an article, and each passage embedded once.

A translated sentence means what its English says, and the same English stands under every
locale. So a segment's vector is that of its English source where the file gives it: a question in
any language meets it in the encoder's strongest language, and 36 locales cost little more to
embed than one. Text without an English source is embedded as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corpus.article import ENGLISH, Article, Segment
from corpus.inline import plain
from index.embedding import Embedder, Vectors
from index.interaction import Codes

# What an article is about stands at its head: more text makes its one vector no better, and its
# tokens no more telling, than they cost.
ARTICLE_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Passages:
    """The texts of an article that are embedded: one for each of its `segments`, and one for the
    whole. `shared` tells whether they are English, as those of other locales will be, `borrowed`
    whether of a translated article; `shown` are the segments' own texts, `own` the article's.
    """

    segments: tuple[Segment, ...]
    shown: tuple[str, ...]
    texts: tuple[str, ...]
    whole: str
    own: str
    shared: bool
    borrowed: bool


def passages(article: Article) -> Passages:
    """What to embed of an article."""
    segments, shown = zip(*indexed_segments(article), strict=True)
    texts = tuple(_meaning(*pair) for pair in zip(segments, shown, strict=True))
    english = article.english()
    title = article.title if english is None else english.title
    shared = english is not None
    borrowed = shared and article.locale != ENGLISH
    whole, own = article_text(title, texts), article_text(article.title, shown)
    return Passages(segments, shown, texts, whole, own, shared, borrowed)


def indexed_segments(article: Article) -> list[tuple[Segment, str]]:
    """The segments by which an article is found, each with its plain text.

    An article of code alone is still found: by its title.
    """
    pairs = [(segment, plain(segment.text)) for segment in article.segments]
    worded = [(segment, text) for segment, text in pairs if has_letter(text)]
    return worded or [(Segment("title", article.title), article.title)]


def article_text(title: str, texts: Sequence[str]) -> str:
    """What an article's own vector and its tokens are made of: its title and its beginning."""
    sentences = [title, *(text for text in texts if text.casefold() != title.casefold())]
    ended = (text if text.endswith((".", ":", "!", "?")) else f"{text}." for text in sentences)
    return " ".join(ended)[:ARTICLE_CHARACTERS]


def _meaning(segment: Segment, shown: str) -> str:
    source = plain(segment.source or "")
    return source if has_letter(source) else shown


def has_letter(text: str) -> bool:
    """Whether a text says anything: numbers and signs alone do not."""
    return any(character.isalpha() for character in text)


class EmbeddedOnce:
    """Embeds passages, and remembers those that other locales will ask for again."""

    def __init__(self, embedder: Embedder) -> None:
        """Start with nothing embedded."""
        self._embedder = embedder
        self._segments: dict[str, Vectors] = {}
        self._wholes: dict[str, tuple[Vectors, Codes]] = {}

    def segments(self, passages: Passages) -> Vectors:
        """The vectors of an article's segments: (segments, d)."""
        return np.stack([self._segments[text] for text in passages.texts])

    def whole(self, passages: Passages) -> tuple[Vectors, Codes]:
        """The vector of an article (d,), and its tokens (tokens, e)."""
        return self._wholes[passages.whole]

    def prepare(self, wanted: Sequence[Passages]) -> int:
        """Embed what is not known yet; returns how many texts that were."""
        segments = dict.fromkeys(text for passages in wanted for text in passages.texts)
        wholes = dict.fromkeys(passages.whole for passages in wanted)
        new_segments = [text for text in segments if text not in self._segments]
        new_wholes = [text for text in wholes if text not in self._wholes]
        vectors = self._embedder.embed_passages(new_segments)
        self._segments.update(zip(new_segments, vectors, strict=True))
        found = self._embedder.passages(new_wholes)
        pairs = zip(found.vectors, found.tokens, strict=True)
        self._wholes.update(zip(new_wholes, pairs, strict=True))
        return len(new_segments) + len(new_wholes)

    def forget(self, passages: Sequence[Passages]) -> None:
        """Drop what no other locale will ask for."""
        for own in passages:
            if not own.shared:
                for text in own.texts:
                    self._segments.pop(text, None)
                self._wholes.pop(own.whole, None)
