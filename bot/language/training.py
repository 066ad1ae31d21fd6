"""The recipe of what `bot/language/data` holds: one command, a few minutes on two cores.

    python -m bot.language.training DIR --questions FILE... --fit FILE...

DIR is a corpus of bilingual articles. The table of `ngrams` learns from its sentences, parts of
these, and the questions, typed as people type them (`index.training.typing_noise`), by softmax
regression; the profiles of `bayes` count the same texts. The weights are fitted to the questions of
--fit, which the models must not have seen, asked with and without the client's locale and a
conversation, of indexes with many and with few locales.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from langdetect.utils.lang_profile import LangProfile
from langdetect.utils.ngram import NGram
from numpy.typing import NDArray
from torch.nn import functional

from bot.language import names
from bot.language.bayes import save_profiles
from bot.language.detection import DATA, Scores, Weights, Witnesses, context
from bot.language.lid176 import confusions, save_confusions
from bot.language.names import WORD, Names
from bot.language.negotiation import language_of
from bot.language.ngrams import ROWS, NgramModel, rows_of
from bot.language.scripts import scripts_of
from corpus.article import ENGLISH
from index.evaluation import Question, read_questions
from index.training import listwise
from index.training.bitext import Pair, read_bitext
from index.training.listwise import Choice
from index.training.typing_noise import as_typed

SEED = 0
SENTENCES = 6_000
PARTS = 0.6
MOST_WORDS_OF_A_PART = 8
QUESTION_COPIES = 2
EPOCHS = 4
BATCH = 256
LEARNING_RATE = 0.15
SMOOTHING = 0.02
IN_CYRILLIC = 0.15
# A word that stands in so many sentences, and in this share of their translations too, is a name.
_FEWEST, _KEPT = 8, 0.5
# But for one that some language uses by itself, in so many sentences.
_USED_ITSELF = 5
_SHORTEST = 3
PROFILE_PIECES = 4000
RIDGE = 1e-3
HELD = 0.8
ALIKE = ("ok", "okay", "404 error", "error", "hmm", "hello?", "test", "no", "ja", "super", "reset")
# How often people write in a language that we have no articles in, beside how often it is here.
OTHERS = 0.5
# How much each of ALIKE counts in a conversation, beside a question.
UNCHANGED = 2.0
_STEPS = 127

# Serbian's two scripts, letter by letter.
_DIGRAPHS = {"lj": "љ", "nj": "њ", "dž": "џ", "Lj": "Љ", "Nj": "Њ", "Dž": "Џ"}
_LATIN = "abcčćdđefghijklmnoprsštuvzžABCČĆDĐEFGHIJKLMNOPRSŠTUVZŽ"
_CYRILLIC = "абцчћдђефгхијклмнопрсштувзжАБЦЧЋДЂЕФГХИЈКЛМНОПРСШТУВЗЖ"
_LETTERS = str.maketrans(_LATIN, _CYRILLIC)

Sample = tuple[str, str]


def serbian_cyrillic(text: str) -> str:
    """A Serbian text in its other script."""
    return re.sub("|".join(_DIGRAPHS), lambda m: _DIGRAPHS[m.group()], text).translate(_LETTERS)


def names_in(pairs: Iterable[Pair]) -> list[str]:
    """The names, in lower case, among the words of sentences and their translations."""
    stands: Counter[str] = Counter()
    kept: Counter[tuple[str, str]] = Counter()
    used: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        if pair.source == pair.target:
            continue
        said, translated = set(_words(pair.source)), set(_words(pair.target))
        stands.update(said)
        kept.update((word, pair.locale) for word in said & translated)
        used.update((word, pair.locale) for word in translated - said)
    total: Counter[str] = Counter()
    for (word, _), count in kept.items():
        total[word] += count
    own = {word for (word, locale), n in used.items() if n >= max(_USED_ITSELF, kept[word, locale])}
    often = (word for word, n in stands.items() if n >= _FEWEST and total[word] >= _KEPT * n)
    return sorted(word for word in often if len(word) >= _SHORTEST and word not in own)


def _words(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


def samples(
    sentences: Mapping[str, Sequence[str]], questions: Sequence[Question], rng: random.Random
) -> list[Sample]:
    """Texts to learn from, each with its locale."""
    found: list[Sample] = []
    for locale, own in sorted(sentences.items()):
        chosen = rng.sample(own, min(SENTENCES, len(own)))
        found += [(_part(text, rng) if rng.random() < PARTS else text, locale) for text in chosen]
    for question in questions:
        found += [(question.text, question.locale)] * QUESTION_COPIES
        found.append((_part(question.text, rng), question.locale))
    return [
        (serbian_cyrillic(text) if locale == "sr-Latn-RS" and rng.random() < IN_CYRILLIC else text,
         locale)
        for text, locale in found
    ]  # fmt: skip


def _part(text: str, rng: random.Random) -> str:
    """Some neighbouring words of a text."""
    words = text.split()
    count = rng.randint(1, MOST_WORDS_OF_A_PART)
    start = rng.randrange(max(1, len(words) - count + 1))
    return " ".join(words[start : start + count])


def learn_ngrams(learned_from: Sequence[Sample], rng: random.Random) -> NgramModel:
    """Softmax regression over the rows of `ngrams.rows_of`."""
    torch.manual_seed(SEED)
    locales = tuple(sorted({locale for _, locale in learned_from}))
    place = {locale: n for n, locale in enumerate(locales)}
    table = torch.nn.EmbeddingBag(ROWS, len(locales), mode="sum", sparse=True)
    torch.nn.init.zeros_(table.weight)
    bias = torch.zeros(len(locales), requires_grad=True)
    steps = [
        torch.optim.Adagrad([table.weight], lr=LEARNING_RATE),
        torch.optim.Adam([bias], lr=LEARNING_RATE / 10),
    ]
    order = list(learned_from)
    for epoch in range(EPOCHS):
        rng.shuffle(order)
        total = 0.0
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            wanted = torch.tensor([place[locale] for _, locale in part])
            scores = _scores(table, bias, [as_typed(text, rng) for text, _ in part])
            loss = functional.cross_entropy(scores, wanted, label_smoothing=SMOOTHING)
            for step in steps:
                step.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            for step in steps:
                step.step()
            total += float(loss.detach()) * len(part)
        _say(f"epoch {epoch + 1}: loss {total / len(order):.4f}")
    return _quantised(locales, table.weight.detach().numpy(), bias.detach().numpy())


def _scores(table: torch.nn.EmbeddingBag, bias: torch.Tensor, texts: Sequence[str]) -> torch.Tensor:
    """What `NgramModel.scores` computes, with a gradient: (texts, locales)."""
    pieces, scripts = zip(*map(rows_of, texts), strict=True)
    lengths = torch.tensor([max(len(rows), 1) for rows in pieces])
    return _summed(table, pieces) / lengths[:, None].sqrt() + _summed(table, scripts) + bias


def _summed(table: torch.nn.EmbeddingBag, bags: Sequence[Sequence[int]]) -> torch.Tensor:
    starts = np.cumsum([0, *(len(bag) for bag in bags[:-1])])
    rows = torch.tensor([row for bag in bags for row in bag], dtype=torch.long)
    summed: torch.Tensor = table(rows, torch.from_numpy(starts))
    return summed


def _quantised(
    locales: tuple[str, ...], weights: NDArray[np.float32], bias: NDArray[np.float32]
) -> NgramModel:
    """8 bits a weight; of each locale's the largest half of a thousandth are cut."""
    scales = np.quantile(np.abs(weights[np.abs(weights).sum(1) > 0]), 0.9995, axis=0) / _STEPS
    table = np.clip(np.rint(weights / scales), -_STEPS, _STEPS).astype(np.int8)
    return NgramModel(locales, table, scales.astype(np.float32), bias)


def profiles(learned_from: Sequence[Sample], rng: random.Random) -> list[dict[str, Any]]:
    """A profile in langdetect's format for each locale, of its commonest pieces."""
    by_locale: dict[str, list[str]] = defaultdict(list)
    for text, locale in learned_from:
        by_locale[locale].append(as_typed(text, rng))
    return [_profile(locale, texts) for locale, texts in sorted(by_locale.items())]


def _profile(locale: str, texts: Sequence[str]) -> dict[str, Any]:
    profile = LangProfile(locale)
    for text in texts:
        ngram = NGram()
        for character in f"{NGram.normalize_vi(text)} ":
            ngram.add_char(character)
            for length in range(1, NGram.N_GRAM + 1):
                profile.add(ngram.get(length))
    commonest = sorted(profile.freq.items(), key=lambda item: (-item[1], item[0]))
    return {
        "name": locale,
        "freq": dict(commonest[:PROFILE_PIECES]),
        "n_words": list(profile.n_words),
    }


_KINDS = [field.name for field in fields(Weights)]


def choices(
    witnesses: Witnesses, questions: Sequence[Question], rng: random.Random
) -> Iterator[Choice]:
    """Each question in a few circumstances: what is known of each label, and which is right."""
    own = witnesses.own
    for question in questions:
        right = _label(question.locale, witnesses)
        if right is None:
            continue
        said = witnesses.say(question.text)
        weight = 1.0 if question.locale in own else OTHERS
        for candidates, hint, history in _circumstances(question.locale, own, rng):
            known = said | context(witnesses, candidates, hint, history)
            yield _choice(known, right, witnesses, weight)


def unchanged_conversations(witnesses: Witnesses, rng: random.Random) -> Iterator[Choice]:
    """What is written alike in every language, in the middle of conversations: it changes none."""
    own = witnesses.own
    for text in ALIKE:
        said = witnesses.say(text)
        for locale in own:
            known = said | context(witnesses, own, rng.choice((locale, ENGLISH)), (locale,))
            yield _choice(known, locale, witnesses, UNCHANGED)


def _choice(
    known: Mapping[str, Scores], right: str, witnesses: Witnesses, weight: float = 1.0
) -> Choice:
    nothing = np.zeros(len(witnesses.labels), dtype=np.float32)
    evidence = np.stack([known.get(kind, nothing) for kind in _KINDS], axis=1)
    return Choice(evidence, np.array(witnesses.labels) == right, weight)


def _label(locale: str, witnesses: Witnesses) -> str | None:
    """The label of a locale: the same, else its language, else the first of its language."""
    language = language_of(locale)
    names = (name for name in (locale, language) if name in witnesses.labels)
    alike = (label for label in witnesses.labels if language_of(label) == language)
    return next(itertools.chain(names, alike), None)


def _circumstances(
    locale: str, own: tuple[str, ...], rng: random.Random
) -> Iterator[tuple[tuple[str, ...], str | None, tuple[str, ...]]]:
    """Candidates, client's locale and conversation. An index mostly holds its users' languages;
    clients and last replies are right in some cases, English or another in others.
    """
    held = [locale] if locale in own and rng.random() < HELD else []
    few = tuple(sorted({ENGLISH, *held, *rng.sample(own, 5)}))
    client = rng.choices([locale, ENGLISH, rng.choice(own)], [0.25, 0.35, 0.4])[0]
    last = rng.choices([locale, ENGLISH, rng.choice(own)], [0.85, 0.05, 0.1])[0]
    yield own, None, ()
    yield own, client, ()
    yield own, client, (last,)
    yield few, client, ()
    yield few, None, ()


def fit_weights(found: Sequence[Choice]) -> Weights:
    """Those with which a softmax gives the right labels the greatest share."""
    return Weights(*map(float, listwise.fit(found, len(_KINDS), RIDGE)))


def _sentences(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    """What the articles say, by locale; English from beside the others."""
    found: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        found[pair.locale].add(pair.target)
        found[ENGLISH].add(pair.source)
    return {locale: sorted(texts) for locale, texts in found.items()}


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description="Learn to tell languages apart.")
    parser.add_argument("corpus", nargs="+", type=Path)
    parser.add_argument("--questions", nargs="+", type=Path, required=True)
    parser.add_argument("--fit", nargs="+", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=DATA)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    pairs = read_bitext(given.corpus).pairs
    latin = (pair for pair in pairs if not scripts_of(pair.target))
    found_names = names_in(latin)
    names.save(found_names, given.out)
    nameless = Names(found_names).without
    asked = read_questions(*given.questions)
    learned_from = [
        (nameless(text), locale) for text, locale in samples(_sentences(pairs), asked, rng)
    ]
    _say(f"{len(learned_from)} texts")
    known = ((nameless(q.text), language_of(q.locale) or q.locale) for q in asked)
    save_confusions(confusions(known), given.out)
    save_profiles(profiles(learned_from, rng), given.out)
    learn_ngrams(learned_from, rng).save(given.out)
    witnesses = Witnesses.load(given.out)
    found = [
        *choices(witnesses, read_questions(*given.fit), rng),
        *unchanged_conversations(witnesses, rng),
    ]
    fit_weights(found).save(given.out)
    _say(f"weights fitted to {len(found)} cases")


if __name__ == "__main__":
    main()
