"""The word index of one locale: BM25 (Robertson and Zaragoza 2009) over article texts.

Takes texts that are already normalised (`index.embedding.normalise`). Scripts that put no space
between words (Chinese, Japanese, Thai) are cut into single characters and pairs; Hangul words,
which carry their particles with them, are also cut into pairs; long words of other scripts also
count by their beginning, which is the same in most inflected forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

K1, B = 1.2, 0.6
STEM = 5

_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HANGUL = re.compile("[\uac00-\ud7af]+")
_WORD = re.compile(f"[{_UNSPACED}]+|[^\\W_{_UNSPACED}]+")
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")


def tokens(text: str) -> list[str]:
    """The terms by which a normalised text is found."""
    return [token for word in _WORD.findall(text) for token in _terms(word)]


def _terms(word: str) -> Iterator[str]:
    if _UNSPACED_RUN.match(word):
        yield from word
        yield from _pairs(word)
        return
    yield word
    if _HANGUL.match(word):
        yield from _pairs(word)
    elif len(word) > STEM:
        yield word[:STEM] + "*"


def _pairs(word: str) -> Iterator[str]:
    return (word[i : i + 2] for i in range(len(word) - 1))


class WordIndex:
    """BM25 scores of a fixed list of documents."""

    def __init__(self, documents: Sequence[str]) -> None:
        """Index normalised texts. Raises ValueError where there are none."""
        if not documents:
            raise ValueError("A word index needs at least one document.")
        self._bm25: Any = bm25s.BM25(method="lucene", k1=K1, b=B)
        # An empty document would be dropped and shift the others: it gets a term of its own.
        self._bm25.index([tokens(d) or ["\0"] for d in documents], show_progress=False)

    def scores(self, text: str) -> Scores:
        """The BM25 score of every document for a normalised question: (documents,)."""
        known = [t for t in dict.fromkeys(tokens(text)) if t in self._bm25.vocab_dict]
        if not known:
            return np.zeros(self._bm25.scores["num_docs"], dtype=np.float32)
        scores: Scores = self._bm25.get_scores(known)
        return scores

    def save(self, folder: Path) -> None:
        """Write the index into a folder."""
        self._bm25.save(str(folder), show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> WordIndex:
        """Open a saved index; its arrays are mapped into memory, not read."""
        index = cls.__new__(cls)
        index._bm25 = bm25s.BM25.load(str(folder), mmap=True, show_progress=False)
        return index
