"""Late interaction: how well each word of a question is met by some word of an article.

Every token of a text has a vector of its own. An article's score is, for each token of the
question, the cosine of the article's token that is nearest, averaged with the weights that the
encoder gives the question's tokens (MaxSim of ColBERT, Khattab and Zaharia 2020,
arXiv:2004.12832, with learned weights). One vector for a whole article blurs what it says beside
its main point; this does not, but costs too much to be asked of every article: it orders the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Codes = NDArray[np.int8]

_STEPS = 127
_NOTHING = -1.0


@dataclass(frozen=True, slots=True)
class QueryTokens:
    """The tokens of a question: unit vectors (tokens, e), and weights (tokens,) that sum to 1."""

    vectors: NDArray[np.float32]
    weights: Scores


def coded(vectors: NDArray[np.float32]) -> Codes:
    """Unit vectors as 8-bit integers, which changes a cosine by less than 0.01."""
    codes: Codes = np.round(vectors * _STEPS).astype(np.int8)
    return codes


class TokenStore:
    """The token vectors of a list of texts, some of which may have none."""

    def __init__(self, codes: Codes, starts: NDArray[np.int64]) -> None:
        """`codes`: (tokens of all texts, e); text i's are those from starts[i] to starts[i+1]."""
        self._codes = codes
        self._starts = starts

    @classmethod
    def of(cls, texts: Sequence[Codes], dimension: int) -> TokenStore:
        """A store of the texts' tokens: (tokens, dimension) each."""
        lengths = [len(tokens) for tokens in texts]
        starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
        return cls(np.concatenate([np.empty((0, dimension), np.int8), *texts]), starts)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def tokens(self, text: int) -> Codes:
        """The tokens of one text: (tokens, e); none where it was stored without."""
        return self._codes[self._starts[text] : self._starts[text + 1]]

    def has(self, texts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each of the texts has tokens here."""
        known: NDArray[np.bool_] = self._starts[texts + 1] > self._starts[texts]
        return known

    def scores(self, query: QueryTokens, texts: NDArray[np.int64]) -> Scores:
        """How well each of the texts meets the question, -1..1: (len(texts),).

        -1 for a text without tokens.
        """
        scores = np.full(len(texts), _NOTHING, dtype=np.float32)
        known = np.flatnonzero(self.has(texts))
        if len(known) == 0 or len(query.weights) == 0:
            return scores
        chosen = [self.tokens(int(text)) for text in texts[known]]
        starts = np.concatenate([[0], np.cumsum([len(tokens) for tokens in chosen])[:-1]])
        cosines = np.concatenate(chosen).astype(np.float32) @ query.vectors.T / _STEPS
        nearest = np.maximum.reduceat(cosines, starts, axis=0)
        # Not a matrix product: for arrays as small as these BLAS at times computes with what lies
        # beside them, and NumPy warns of numbers that are not in the result.
        scores[known] = np.einsum("ij,j->i", nearest, query.weights)
        return scores

    def save(self, path: Path) -> None:
        """Write the store into two files: `path` with the endings .codes.npy and .starts.npy."""
        np.save(path.with_suffix(".codes.npy"), self._codes)
        np.save(path.with_suffix(".starts.npy"), self._starts)

    @classmethod
    def load(cls, path: Path) -> TokenStore:
        """Open a saved store; the vectors are mapped into memory, not read.

        Raises ValueError where the two files do not belong together.
        """
        codes = np.load(path.with_suffix(".codes.npy"), mmap_mode="r")
        starts = np.load(path.with_suffix(".starts.npy"))
        if len(starts) == 0 or starts[-1] != len(codes):
            raise ValueError(f"The token store {path} is damaged: build the index again.")
        return cls(codes, starts)
