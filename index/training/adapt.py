"""Teaches an encoder a company's own language, out of its own bilingual articles.

A tenth of the English sentences is held out with all their translations. The rest is distilled
(`index.training.distil`); then both encoders are asked for the English of every held-out sentence
among all English sentences of the corpus. The new one is kept only if it is right more often.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from index.build import Progress
from index.confidence import CONFIDENCE_FILE
from index.embedding import SUBWORDS, Embedder
from index.encoder import QuantizedEncoder
from index.fusion import FUSION_FILE
from index.training.bitext import Pair, read_bitext
from index.training.distil import distil
from index.training.export import load, save

SEED = 0
HELD_OUT = 10
FEWEST_PAIRS = 50
# Each sentence is seen this many times; but fewer sentences in all change nothing, and more take
# longer than a few minutes.
ROUNDS = 6
FEWEST_SENTENCES = 4_000
MOST_SENTENCES = 20_000
# Asking for every held-out sentence of a large corpus would take longer than training.
MOST_ASKED = 1500


class NotAdaptedError(ValueError):
    """The encoder was not adapted, and nothing was written; the message says why."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many held-out sentences a locale has, and the share (0..1) whose English came first,
    before and after.
    """

    sentences: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What adapting gave: the rate of all held-out sentences, and those of each locale."""

    trained_on: int
    total: Rate
    locales: dict[str, Rate]


def adapt(roots: Sequence[Path], model: Path, out: Path, progress: Progress) -> Adaptation:
    """Adapt the encoder in `model` to the articles below `roots`, and write it to `out`.

    Raises FileNotFoundError for a missing folder, and NotAdaptedError where the articles hold too
    few pairs of sentences, the model is of another kind, or the result is no better.
    """
    if not QuantizedEncoder.is_in(model):
        raise NotAdaptedError(f"{model} holds no encoder of babeldesk's kind: name one that does.")
    known, unseen = _divided(read_bitext(roots).pairs)
    rng = random.Random(SEED)
    torch.manual_seed(SEED)
    sources = sorted({pair.source for pair in [*known, *unseen]})
    asked = unseen if len(unseen) <= MOST_ASKED else rng.sample(unseen, MOST_ASKED)
    progress("Measuring", 0, 2)
    before = _found(Embedder(model), asked, sources)
    progress("Measuring", 1, 2)
    trained = load(model)
    seen = ROUNDS * len({pair.source for pair in known})
    count = min(max(seen, FEWEST_SENTENCES), MOST_SENTENCES)
    distil(trained, known, count, rng, lambda done, all_, _: progress("Training", done, all_))
    with tempfile.TemporaryDirectory(prefix="babeldesk-train-") as work:
        made = Path(work) / "model"
        save(trained, made)
        for name in (CONFIDENCE_FILE, FUSION_FILE):
            shutil.copyfile(model / name, made / name)
        if (model / SUBWORDS).is_dir():
            shutil.copytree(model / SUBWORDS, made / SUBWORDS)
        after = _found(Embedder(made), asked, sources)
        progress("Measuring", 2, 2)
        adaptation = _adaptation(count, asked, before, after)
        if adaptation.total.after <= adaptation.total.before:
            raise NotAdaptedError(
                "The adapted encoder is no better, and was not written: of "
                f"{adaptation.total.sentences} held-out sentences it found the English of "
                f"{adaptation.total.after:.1%}, before {adaptation.total.before:.1%}."
            )
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(made, out)
    return adaptation


def _divided(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The pairs to train on, and those held out: every tenth English sentence, by its hash."""
    held = [zlib.crc32(pair.source.encode()) % HELD_OUT == 0 for pair in pairs]
    known = [pair for pair, out in zip(pairs, held, strict=True) if not out]
    unseen = [pair for pair, out in zip(pairs, held, strict=True) if out]
    if len(known) < FEWEST_PAIRS or not unseen:
        raise NotAdaptedError(
            f"The articles hold {len(pairs)} different pairs of a sentence and its English: "
            f"too few to learn from; at least {FEWEST_PAIRS * 2} are needed."
        )
    return known, unseen


def _found(embedder: Embedder, asked: Sequence[Pair], sources: Sequence[str]) -> list[bool]:
    """Whether the English of each sentence is the nearest of all."""
    english = embedder.embed_passages(sources)
    questions = embedder.embed_queries([pair.target for pair in asked])
    nearest = np.argmax(questions @ english.T, axis=1)
    return [sources[n] == pair.source for n, pair in zip(nearest, asked, strict=True)]


def _adaptation(
    trained_on: int, asked: Sequence[Pair], before: Sequence[bool], after: Sequence[bool]
) -> Adaptation:
    places: dict[str, list[int]] = defaultdict(list)
    for place, pair in enumerate(asked):
        places[pair.locale].append(place)
    rates = {locale: _rate(own, before, after) for locale, own in sorted(places.items())}
    return Adaptation(trained_on, _rate(range(len(asked)), before, after), rates)


def _rate(places: Sequence[int], before: Sequence[bool], after: Sequence[bool]) -> Rate:
    shares = (sum(found[place] for place in places) / len(places) for found in (before, after))
    return Rate(len(places), *shares)
