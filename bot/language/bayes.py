"""langdetect's naive Bayes over 1 to 3 letters, by profiles of our own. The one home of langdetect.

Its own profiles are of long, well spelled texts, and lack Serbian; ours are of articles and
questions (`bot.language.training`), and its own stay for the languages that we have none for. And
it draws the pieces that it looks at at random, which makes a lottery of near languages: here every
piece is looked at once.
"""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from langdetect import PROFILES_DIRECTORY, DetectorFactory
from numpy.typing import NDArray

Scores = NDArray[np.float32]

PROFILES = "profiles.json.gz"
# Pieces after so many tell nothing new.
_MOST_CHARACTERS = 300
# langdetect's smoothing: its ALPHA_DEFAULT over its BASE_FREQ.
_SMOOTHING = 0.5 / 10_000
# Its names, where they are not the primary language subtag of BCP 47.
_SUBTAGS = {"no": "nb", "tl": "fil", "zh-cn": "zh", "zh-tw": "zh"}


class BayesModel:
    """Scores languages by the letters of a text. `labels` are locales, then bare languages."""

    def __init__(self, profiles: list[dict[str, Any]]) -> None:
        """`profiles` in langdetect's format, each with the name of a locale."""
        own = {profile["name"].partition("-")[0] for profile in profiles}
        others = [
            {**profile, "name": subtag}
            for profile in _bundled_profiles()
            if (subtag := _SUBTAGS.get(profile["name"], profile["name"])) not in own
        ]
        known = [*profiles, *others]
        self.labels = tuple(profile["name"] for profile in known)
        pieces = sorted({piece for profile in known for piece in profile["freq"]})
        self._rows = {piece: row for row, piece in enumerate(pieces)}
        shares = np.zeros((len(pieces), len(known)), dtype=np.float32)
        for column, profile in enumerate(known):
            totals = profile["n_words"]
            for piece, count in profile["freq"].items():
                shares[self._rows[piece], column] = count / totals[len(piece) - 1]
        # Logarithms from -10 to 0: 16 bits tell them apart well enough.
        self._logs = np.log(shares + np.float32(_SMOOTHING)).astype(np.float16)
        # What langdetect makes of its profiles takes eight times the room.
        self._factory = DetectorFactory()
        self._factory.langlist = list(self.labels)
        self._factory.word_lang_prob_map = self._rows

    def scores(self, text: str) -> Scores | None:
        """The score of each label, the best one 0: (labels,); None for a text without letters.

        A sum of logarithms over the square root of their number: more letters make surer, but not
        by as much as if they came independently.
        """
        detector = self._factory.create()
        detector.append(text[:_MOST_CHARACTERS])
        detector.cleaning_text()
        pieces = detector._extract_ngrams()
        if not pieces:
            return None
        rows = [self._rows[piece] for piece in pieces]
        total = self._logs[rows].sum(0, dtype=np.float32)
        scores: Scores = (total - total.max()) / np.float32(math.sqrt(len(pieces)))
        return scores

    @classmethod
    def load(cls, folder: Path) -> BayesModel:
        """Open the profiles that `save_profiles` wrote."""
        return cls(json.loads(gzip.decompress((folder / PROFILES).read_bytes())))


def save_profiles(profiles: list[dict[str, Any]], folder: Path) -> None:
    """Write profiles into a folder."""
    text = json.dumps(profiles, ensure_ascii=False, separators=(",", ":"))
    (folder / PROFILES).write_bytes(gzip.compress(text.encode(), mtime=0))


def _bundled_profiles() -> list[dict[str, Any]]:
    files = sorted(path for path in Path(PROFILES_DIRECTORY).iterdir() if path.name[0] != ".")
    return [json.loads(path.read_text(encoding="utf-8")) for path in files]
