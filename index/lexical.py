"""The word index of one locale: BM25 (Robertson and Zaragoza 2009) over article texts.

Takes texts that are already normalised (`index.embedding.normalise`). Scripts that put no space
between words (Chinese, Japanese, Thai) are cut into single characters and pairs; Hangul words,
which carry their particles with them, are also cut into pairs; long words of other scripts also
count by their beginning, which is the same in most inflected forms.

What is kept is how often which term stands where. Scores follow from that when they are asked
for, so an index is renewed from the one before without the texts of what has not changed; and all
of it is mapped into memory, not read.
"""

from __future__ import annotations

import bisect
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

K1, B = 1.2, 0.6
STEM = 5
# A count is kept in 16 bits.
_MOST = 65_535

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

    def __init__(self, documents: Sequence[str | int], old: WordIndex | None = None) -> None:
        """Index normalised texts; those that `old` has are given by their numbers there.

        Raises ValueError where there are none.
        """
        if not documents:
            raise ValueError("A word index needs at least one document.")
        texts = {place: text for place, text in enumerate(documents) if isinstance(text, str)}
        places = {known: place for place, known in enumerate(documents) if isinstance(known, int)}
        kept = [_kept(old._postings, places)] if old else []
        self._take(_joined([*kept, _counted(texts)], len(documents)))

    def _take(self, postings: _Postings) -> None:
        self._postings = postings
        relative = postings.lengths / max(postings.lengths.mean(), 1)
        self._saturation = (K1 * (1 - B + B * relative)).astype(np.float32)

    def __len__(self) -> int:
        return len(self._postings.lengths)

    def scores(self, text: str) -> Scores:
        """The BM25 score of every document for a normalised question: (documents,)."""
        scores = np.zeros(len(self), dtype=np.float32)
        for term in dict.fromkeys(tokens(text)):
            documents, counts = self._postings.of(term)
            rarity = math.log(1 + (len(self) - len(documents) + 0.5) / (len(documents) + 0.5))
            scores[documents] += rarity * (counts / (counts + self._saturation[documents]))
        return scores

    def save(self, folder: Path) -> None:
        """Write the index into a folder."""
        folder.mkdir(exist_ok=True)
        for field in fields(_Postings):
            np.save(folder / f"{field.name}.npy", getattr(self._postings, field.name))

    @classmethod
    def load(cls, folder: Path) -> WordIndex:
        """Open a saved index; its arrays are mapped into memory, not read.

        Raises ValueError where they do not belong together.
        """
        arrays = [np.load(folder / f"{f.name}.npy", mmap_mode="r") for f in fields(_Postings)]
        postings = _Postings(*map(np.asarray, arrays))
        if not postings.whole:
            raise ValueError(f"The word index in {folder} is damaged: build it again.")
        index = cls.__new__(cls)
        index._take(postings)
        return index


@dataclass(frozen=True, slots=True)
class _Postings:
    """How often which term stands in which document. Each field is a file.

    Term i is text[term_starts[i] : term_starts[i + 1]]; its documents, ascending, and its counts
    in them are those from starts[i] to starts[i + 1].
    """

    text: NDArray[np.uint8]  # the terms in UTF-8, sorted
    term_starts: NDArray[np.int64]  # (terms + 1,)
    starts: NDArray[np.int64]  # (terms + 1,)
    documents: NDArray[np.int32]  # (postings,)
    counts: NDArray[np.uint16]  # (postings,)
    lengths: NDArray[np.int32]  # (documents,), in terms

    @property
    def whole(self) -> bool:
        """Whether the fields belong together."""
        return (
            len(self.term_starts) == len(self.starts) > 0 < len(self.lengths)
            and self.term_starts[-1] == len(self.text)
            and self.starts[-1] == len(self.documents) == len(self.counts)
        )

    def of(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """The documents in which a term stands, and how often it does."""
        wanted, terms = term.encode(), range(len(self.starts) - 1)
        number = bisect.bisect_left(terms, wanted, key=self._term)
        known = number < len(terms) and self._term(number) == wanted
        here = slice(self.starts[number], self.starts[number + 1]) if known else slice(0)
        return self.documents[here], self.counts[here]

    def _term(self, number: int) -> bytes:
        return self.text[self.term_starts[number] : self.term_starts[number + 1]].tobytes()

    def terms(self) -> list[str]:
        """All terms, by their numbers."""
        text, starts = self.text.tobytes(), self.term_starts.tolist()
        return [text[start:end].decode() for start, end in pairwise(starts)]


@dataclass(frozen=True, slots=True)
class _Counted:
    """Postings in any order: term terms[numbers[i]] stands in documents[i], counts[i] times."""

    terms: list[str]
    numbers: NDArray[np.int64]
    documents: NDArray[np.int64]
    counts: NDArray[np.int64]


def _counted(texts: Mapping[int, str]) -> _Counted:
    """The postings of texts, by their places."""
    terms: list[str] = []
    documents: list[int] = []
    counts: list[int] = []
    for place, text in texts.items():
        found = Counter(tokens(text))
        terms += found
        documents += [place] * len(found)
        counts += found.values()
    return _Counted(terms, np.arange(len(terms)), _array(documents), _array(counts))


def _kept(old: _Postings, places: Mapping[int, int]) -> _Counted:
    """The postings of those documents of an index that get new places."""
    moved = np.full(len(old.lengths), -1)
    moved[_array(list(places))] = _array(list(places.values()))
    documents = moved[old.documents]
    kept = documents >= 0
    numbers = np.repeat(np.arange(len(old.starts) - 1), np.diff(old.starts))
    return _Counted(old.terms(), numbers[kept], documents[kept], old.counts[kept].astype(np.int64))


def _joined(parts: Sequence[_Counted], length: int) -> _Postings:
    """All postings of so many documents in one."""
    names = sorted({part.terms[used] for part in parts for used in _distinct(part.numbers)})
    numbering = {name: number for number, name in enumerate(names)}
    numbers = np.concatenate(
        [_array([numbering.get(term, -1) for term in part.terms])[part.numbers] for part in parts]
    )
    documents = np.concatenate([part.documents for part in parts])
    counts = np.minimum(np.concatenate([part.counts for part in parts]), _MOST)
    # What is kept is in order already: a merge sort sees that.
    order = np.argsort(numbers * length + documents, kind="stable")
    encoded = [name.encode() for name in names]
    return _Postings(
        text=np.frombuffer(b"".join(encoded), dtype=np.uint8),
        term_starts=_starts(_array([len(name) for name in encoded])),
        starts=_starts(np.bincount(numbers, minlength=len(names))),
        documents=documents[order].astype(np.int32),
        counts=counts[order].astype(np.uint16),
        lengths=np.bincount(documents, counts, length).astype(np.int32),
    )


def _distinct(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.flatnonzero(np.bincount(numbers))


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _array(numbers: list[int]) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)
