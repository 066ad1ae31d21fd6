"""Which language a question is in, and why. Knows nothing of Teams.

Three witnesses read the text, without its product names and codes: `ngrams`, a linear model of our
37 locales; `bayes`, langdetect with profiles of our own; `lid176`, which knows many more languages.
Where they point to is added up with what is known besides (the scripts of the text, the index's
locales, the client's locale, the conversation so far), each weighted as `bot.language.training` has
learned, and turned into shares by a softmax. So a clear text goes before the conversation, and the
conversation before the client.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.language.bayes import BayesModel
from bot.language.lid176 import Lid176
from bot.language.names import Names
from bot.language.negotiation import is_english, language_of, negotiate, reply_language
from bot.language.ngrams import NgramModel
from bot.language.scripts import scripts_of, scripts_of_language
from corpus.article import ENGLISH

Scores = NDArray[np.float32]

DATA = Path(__file__).parent / "data"
WEIGHTS = "weights.json"
# No witness finds a label less likely than this beside the best one (a logarithm), and one that it
# does not know is this much less likely than the least of those that it does.
_LEAST = -12.0
_UNSAID = 1.0
# Of so many letters half as much is believed as of many. lid176 needs more of them: it guesses.
_LITTLE, _LITTLE_FOR_LID176 = 2, 10
# Kinds of evidence that somebody has given.
_TOLD = ("client", "history")
# What of a clue is worth showing.
_SHOWN, _WORTH_SHOWING = 3, 0.01
# What follows after so many characters is in the same language.
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Clue:
    """What one kind of evidence says: the likeliest locales by it alone with their shares (0..1),
    best first; () where it says nothing.
    """

    source: str
    likeliest: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """The language of a text.

    `locale` is one of the candidates where they hold the language, else a bare language subtag;
    `confidence` (0..1) is the share of that language in all that was weighed; `evidence` is what
    was weighed.
    """

    locale: str
    confidence: float
    evidence: tuple[Clue, ...] = ()


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts.

    `ngrams`, `bayes` and `lid176` multiply the scores of these models, `script` the number of
    scripts, other than Latin, that the text and the language have in common. The others are added
    to the locales that they are about: `outside` where `ngrams` does not know the language,
    `candidate` where the index holds it, `client` where it is the client's (an English client says
    nothing: many people have one, whatever they write), `history` where the last reply was in it,
    `region`, of Portuguese and Chinese, where it is that of the client or of the last reply.
    """

    ngrams: float
    bayes: float
    lid176: float
    script: float
    outside: float
    candidate: float
    client: float
    history: float
    region: float

    def save(self, folder: Path) -> None:
        """Write them into a folder."""
        numbers = {name: round(value, 3) for name, value in dataclasses.asdict(self).items()}
        (folder / WEIGHTS).write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Weights:
        """Read what `save` wrote."""
        return cls(**json.loads((folder / WEIGHTS).read_text(encoding="utf-8")))


class Witnesses:
    """The three models, and the labels (locales and bare languages) that they speak of.

    `own` are the labels that `ngrams` knows, which come first; `languages` are those of all labels.
    `outside` tells which labels `ngrams` does not know, `regional` which are one of several of
    their language: (labels,) each.
    """

    def __init__(self, names: Names, ngrams: NgramModel, bayes: BayesModel, lid176: Lid176) -> None:
        self._names, self._ngrams, self._bayes, self._lid176 = names, ngrams, bayes, lid176
        self.own = ngrams.locales
        known = {language_of(locale) for locale in self.own}
        others = {label for label in bayes.labels if language_of(label) not in known}
        others |= {name for name in lid176.languages if language_of(name) not in known}
        self.labels = (*self.own, *sorted(others))
        self.languages = tuple(language_of(label) or label for label in self.labels)
        self.outside = np.arange(len(self.labels)) >= len(self.own)
        self.regional = np.array([self.languages.count(its) > 1 for its in self.languages])
        self._scripts = [scripts_of_language(label) for label in self.labels]
        self._of_bayes = [self._places(label) for label in bayes.labels]
        self._of_lid176 = {name: self._places(name) for name in lid176.languages}

    @classmethod
    def load(cls, folder: Path = DATA) -> Witnesses:
        """Load the models. Takes half a second."""
        return cls(
            Names.load(folder),
            NgramModel.load(folder),
            BayesModel.load(folder),
            Lid176.load(folder),
        )

    def _places(self, label: str) -> list[int]:
        """Where a label stands among all; a bare language stands for each of its locales."""
        if label in self.labels:
            return [self.labels.index(label)]
        language = language_of(label)
        return [place for place, other in enumerate(self.languages) if other == language]

    def say(self, text: str) -> dict[str, Scores]:
        """What each witness says of the labels: (labels,) each, the best 0, none below _LEAST.

        One that finds nothing to go by is left out.
        """
        if not any(map(str.isalpha, text)):
            return {}
        said: dict[str, Scores] = {}
        if scripts := scripts_of(text):
            shared = [len(scripts & theirs) for theirs in self._scripts]
            said["script"] = np.array(shared, dtype=np.float32)
        text = self._names.without(text)
        letters = sum(map(str.isalpha, text))
        if not letters:
            return said
        said["ngrams"] = self._filled(enumerate(self._ngrams.scores(text)))
        pieces = self._bayes.scores(text)
        if pieces is not None:
            by_label = zip(self._of_bayes, pieces, strict=True)
            said["bayes"] = self._filled((n, score) for places, score in by_label for n in places)
        if words := self._lid176.scores(text):
            by_name = (
                (self._of_lid176[name], score - math.log(len(self._of_lid176[name])))
                for name, score in words.items()
            )
            said["lid176"] = self._filled((n, score) for places, score in by_name for n in places)
        little = {"lid176": _LITTLE_FOR_LID176}
        return {
            kind: scores * np.float32(letters / (letters + little.get(kind, _LITTLE)))
            for kind, scores in said.items()
        }

    def _filled(self, scores: Iterable[tuple[int, float]]) -> Scores:
        """Scores by place for all labels; those that have none get the lowest, less _UNSAID."""
        places, values = zip(*scores, strict=True)
        filled = np.full(len(self.labels), min(values) - _UNSAID, dtype=np.float32)
        filled[list(places)] = values
        bounded: Scores = np.maximum(filled - filled.max(), _LEAST)
        return bounded


class Detector:
    """Weighs what is known. Safe to use from several threads."""

    def __init__(self, witnesses: Witnesses, weights: Weights) -> None:
        """`weights` are those that were learned with these witnesses."""
        self._witnesses, self._weights = witnesses, dataclasses.asdict(weights)

    @classmethod
    def load(cls, folder: Path = DATA) -> Detector:
        """Load the models and their weights."""
        return cls(Witnesses.load(folder), Weights.load(folder))

    def detect(
        self, text: str, candidates: tuple[str, ...], hint: str | None, history: Sequence[str]
    ) -> Detection:
        """See the function `detect`."""
        said = self._witnesses.say(text)
        known = context(self._witnesses, candidates, hint, history)
        told = {kind for kind in _TOLD if kind in known}
        if not said and not told:
            return Detection(reply_language(ENGLISH, candidates), 0.0)
        weighed = {kind: self._weights[kind] * scores for kind, scores in (said | known).items()}
        shares = _shares(np.sum(list(weighed.values()), axis=0))
        language, share = self._likeliest_language(shares)
        labels = [n for n, other in enumerate(self._witnesses.languages) if other == language]
        label = self._witnesses.labels[max(labels, key=shares.__getitem__)]
        clues = [self._clue(kind, weighed[kind]) for kind in weighed if kind in said.keys() | told]
        return Detection(reply_language(label, candidates), share, tuple(clues))

    def _likeliest_language(self, shares: Scores) -> tuple[str, float]:
        by_language: dict[str, float] = defaultdict(float)
        for language, share in zip(self._witnesses.languages, shares, strict=True):
            by_language[language] += float(share)
        return max(by_language.items(), key=itemgetter(1))

    def _clue(self, kind: str, scores: Scores) -> Clue:
        shares = _shares(scores)
        best = [(self._witnesses.labels[n], float(shares[n])) for n in np.argsort(-shares)[:_SHOWN]]
        return Clue(kind, tuple((label, share) for label, share in best if share >= _WORTH_SHOWING))


def context(
    witnesses: Witnesses, candidates: tuple[str, ...], hint: str | None, history: Sequence[str]
) -> dict[str, Scores]:
    """What is known besides the text, by the names of `Weights`: 1 for the labels that it speaks
    for, else 0, (labels,) each.
    """
    known = {"outside": witnesses.outside, "candidate": _held(witnesses.labels, candidates)}
    client = negotiate(hint, witnesses.labels) if hint else None
    last = negotiate(history[-1], witnesses.labels) if history else None
    if client and not is_english(client):
        known["client"] = _of_language(witnesses, client)
    if last:
        known["history"] = _of_language(witnesses, last)
    if told := [label for label in (client, last) if label]:
        known["region"] = witnesses.regional & np.isin(witnesses.labels, told)
    return {kind: speaks.astype(np.float32) for kind, speaks in known.items()}


@functools.lru_cache(maxsize=64)
def _held(labels: tuple[str, ...], candidates: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which labels the index can answer in: (labels,)."""
    return np.array([negotiate(label, candidates) is not None for label in labels])


def _of_language(witnesses: Witnesses, label: str) -> NDArray[np.bool_]:
    language = language_of(label)
    return np.array([other == language for other in witnesses.languages])


def detect(
    text: str, candidates: tuple[str, ...], hint: str | None = None, history: Sequence[str] = ()
) -> Detection:
    """The language of a text.

    `candidates` are the index's locales, `hint` is the client's locale, `history` the languages of
    the last replies in this conversation, latest last: all BCP 47. Never raises: of a text that
    says nothing the conversation decides, else the client, else it is taken for English with
    confidence 0.
    """
    return _detector().detect(text[:_LONGEST], candidates, hint, history)


@functools.cache
def _detector() -> Detector:
    return Detector.load()


def _shares(scores: Scores) -> Scores:
    """The softmax of scores."""
    powers = np.exp(scores - scores.max())
    shares: Scores = powers / powers.sum()
    return shares
