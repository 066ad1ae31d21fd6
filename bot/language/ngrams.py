"""A linear model of locales: each word of a text, and each piece of a word, speaks for some.

A text is the bag of its words and of their pieces of 1 to 5 letters, hashed (CRC-32) to the rows of
a table of 8-bit weights: (rows, locales). The sum of the rows over the square root of their number
scores the locales. Whole words and long pieces are what tells near languages apart, and what makes
product names, which all languages share, speak for none. `bot.language.training` learns the table.
"""

from __future__ import annotations

import json
import re
import unicodedata
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.language.scripts import scripts_of

Scores = NDArray[np.float32]

ROWS = 1 << 18
LONGEST_PIECE = 5
# What a message says after so many words is in the same language.
MOST_WORDS = 60
LONGEST_WORD = 40

_TABLE, _SCALES = "ngrams.npy", "ngrams.json"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def rows_of(text: str) -> tuple[list[int], list[int]]:
    """The rows of a text's words and pieces, and those of the scripts that it is written in."""
    plain = unicodedata.normalize("NFC", text).lower()
    words = _WORD.findall(plain)[:MOST_WORDS]
    pieces = [_row(piece) for word in words for piece in _pieces(word[:LONGEST_WORD])]
    return pieces, [_row(f" {script}") for script in sorted(scripts_of(plain))]


def _pieces(word: str) -> list[str]:
    whole = f"<{word}>"
    lengths = range(1, min(LONGEST_PIECE, len(whole) - 1) + 1)
    return [whole, *(whole[i : i + n] for n in lengths for i in range(len(whole) - n + 1))]


def _row(piece: str) -> int:
    return zlib.crc32(piece.encode()) & (ROWS - 1)


class NgramModel:
    """Scores locales by the words and letters of a text."""

    def __init__(
        self, locales: tuple[str, ...], table: NDArray[np.int8], scales: Scores, bias: Scores
    ) -> None:
        """`table` (rows, locales) times `scales` (locales,) are the weights, `bias` (locales,) the
        scores of a text without any word.
        """
        self.locales = locales
        self._table, self._scales, self._bias = table, scales, bias

    def scores(self, text: str) -> Scores:
        """The score of each locale, higher is likelier: (locales,)."""
        pieces, scripts = rows_of(text)
        found = self._bias.copy()
        for rows, length in ((pieces, len(pieces) ** 0.5), (scripts, 1.0)):
            if rows:
                total = self._table[rows].sum(0, dtype=np.int64)
                found += self._scales * total.astype(np.float32) / np.float32(length)
        return found

    def save(self, folder: Path) -> None:
        """Write the model into a folder."""
        np.save(folder / _TABLE, self._table)
        numbers = {
            "locales": self.locales,
            "scales": [round(float(scale), 6) for scale in self._scales],
            "bias": [round(float(bias), 4) for bias in self._bias],
        }
        (folder / _SCALES).write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> NgramModel:
        """Open what `save` wrote; the table is mapped into memory, not read."""
        numbers = json.loads((folder / _SCALES).read_text(encoding="utf-8"))
        table = np.load(folder / _TABLE, mmap_mode="r")
        scales, bias = (np.array(numbers[key], dtype=np.float32) for key in ("scales", "bias"))
        return cls(tuple(numbers["locales"]), np.asarray(table), scales, bias)
