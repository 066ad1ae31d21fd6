"""Teaching an encoder which article answers a question.

One encoder reads questions and articles. Three softmaxes draw a question to its article: over the
vectors of all articles of the corpus (those that are not in the batch as they were last read),
over the token-by-token scores (`index.interaction`) of the articles in the batch, and over the sum
of both. The batch holds, beside the right articles, some that the encoder took for right before.
Articles that say nearly the same are never counted as wrong. Every fourth step also reads pairs
of sentences, so that what `index.training.distil` taught is kept.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from index.training.bitext import Bitext, Pair
from index.training.distil import Steps, Told, forward, vectors
from index.training.export import PROMPTS, Trainable
from index.training.typing_noise import as_typed

EPOCHS = 2
ARTICLES = 24
QUESTIONS_AN_ARTICLE = 3
LEARNING_RATE = 8e-5
HEAD_LEARNING_RATE = 1e-3
QUESTION_TOKENS = 64
ARTICLE_TOKENS = 128
VECTOR_TEMPERATURE = 0.03
TOKEN_TEMPERATURE = 0.04
SUM_TEMPERATURE = 0.05
SUM_WEIGHT = 0.5
# Of the articles that questions list as equally good half lie nearer than this, and of other
# neighbours one in twenty-five.
SAME_ANSWER = 0.945
HARD_FROM = 12
PAIRS = 48
PAIR_TOKENS = 48
PAIRS_WEIGHT = 0.5
_PAIRS_EVERY = 4
_IMPOSSIBLE = -1e4


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the place of the article that answers it."""

    text: str
    article: int


def tune(
    trained: Trainable,
    bitext: Bitext,
    questions: Sequence[tuple[str, str]],
    rng: random.Random,
    tell: Told,
    epochs: float = EPOCHS,
) -> None:
    """Train in place on questions: (text, id of its article) each."""
    tuning = _Tuning(trained, bitext, questions, rng)
    batches = tuning.batches(epochs)
    steps = Steps(trained.model, LEARNING_RATE, len(batches), HEAD_LEARNING_RATE)
    for done, batch in enumerate(batches, 1):
        loss = tuning.loss(batch)
        if done % _PAIRS_EVERY == 0:
            loss = loss + PAIRS_WEIGHT * _pairs_loss(trained, rng.sample(bitext.pairs, PAIRS), rng)
        steps.take(loss)
        tell(done, len(batches), float(loss.detach()))


class _Tuning:
    """What the steps share: the articles, their vectors as last read, and what is like what."""

    def __init__(
        self,
        trained: Trainable,
        bitext: Bitext,
        questions: Sequence[tuple[str, str]],
        rng: random.Random,
    ) -> None:
        self._trained = trained
        self._rng = rng
        self._texts = [PROMPTS["document"] + text for text in bitext.articles.values()]
        place = {article_id: n for n, article_id in enumerate(bitext.articles)}
        self._asked = [Asked(text, place[i]) for text, i in questions if i in place]
        self._bank = torch.from_numpy(vectors(trained, self._texts, ""))
        self._alike = self._bank @ self._bank.T > SAME_ANSWER
        self._mistaken = self._mistakes()

    def _mistakes(self) -> list[list[int]]:
        """For each question, the wrong articles that lie nearest now."""
        texts = [asked.text for asked in self._asked]
        found = torch.from_numpy(vectors(self._trained, texts, PROMPTS["query"]))
        wrong = []
        for asked, vector in zip(self._asked, found, strict=True):
            nearest = (self._bank @ vector).topk(min(2 * HARD_FROM, len(self._bank))).indices
            unlike = nearest[~self._alike[asked.article, nearest]]
            wrong.append(unlike[:HARD_FROM].tolist())
        return wrong

    def batches(self, epochs: float) -> list[list[int]]:
        """The questions of each step, by number: some of each of ARTICLES articles."""
        by_article: dict[int, list[int]] = defaultdict(list)
        for number, asked in enumerate(self._asked):
            by_article[asked.article].append(number)
        batches: list[list[int]] = []
        wanted = round(epochs * len(self._asked) / (ARTICLES * QUESTIONS_AN_ARTICLE))
        while len(batches) < wanted:
            groups = [group for own in by_article.values() for group in self._groups(own)]
            self._rng.shuffle(groups)
            parts = (groups[n : n + ARTICLES] for n in range(0, len(groups), ARTICLES))
            batches.extend([number for group in part for number in group] for part in parts)
        return batches[:wanted]

    def _groups(self, own: list[int]) -> list[list[int]]:
        shuffled = self._rng.sample(own, len(own))
        size = QUESTIONS_AN_ARTICLE
        return [shuffled[start : start + size] for start in range(0, len(own), size)]

    def loss(self, batch: Sequence[int]) -> torch.Tensor:
        """The three softmaxes of one step."""
        asked = [self._asked[number] for number in batch]
        right = torch.tensor([one.article for one in asked])
        read = self._articles_to_read(batch)
        where = {article: n for n, article in enumerate(read)}
        wanted = torch.tensor([where[one.article] for one in asked])
        typed = [PROMPTS["query"] + as_typed(one.text, self._rng) for one in asked]
        found, tokens, weights = forward(self._trained, typed, QUESTION_TOKENS)
        texts = [self._texts[article] for article in read]
        articles, article_tokens, _ = forward(self._trained, texts, ARTICLE_TOKENS)
        alike = self._alike[right].clone()
        alike[torch.arange(len(right)), right] = False
        near = found @ articles.T
        far = (found @ self._bank.T).index_fill(1, torch.tensor(read), _IMPOSSIBLE)
        everywhere = torch.cat([near, far], 1) / VECTOR_TEMPERATURE
        both = torch.cat([alike[:, read], alike], 1)
        met = max_similarity(tokens, weights, article_tokens)
        # Not in place: the gradient still needs the vectors that the scores were made with.
        self._bank = self._bank.index_copy(0, torch.tensor(read), articles.detach())
        return (
            functional.cross_entropy(everywhere.masked_fill(both, _IMPOSSIBLE), wanted)
            + _softmax(met / TOKEN_TEMPERATURE, alike[:, read], wanted)
            + SUM_WEIGHT * _softmax((met + near) / SUM_TEMPERATURE, alike[:, read], wanted)
        )

    def _articles_to_read(self, batch: Sequence[int]) -> list[int]:
        """The right articles of a batch and as many that were mistaken for them."""
        right = [self._asked[number].article for number in batch]
        some = self._rng.sample(list(batch), min(len(batch), ARTICLES))
        wrong = [self._rng.choice(self._mistaken[n]) for n in some if self._mistaken[n]]
        return list(dict.fromkeys([*right, *wrong]))


def _pairs_loss(trained: Trainable, pairs: Sequence[Pair], rng: random.Random) -> torch.Tensor:
    typed = [PROMPTS["query"] + as_typed(pair.target, rng) for pair in pairs]
    sources = [PROMPTS["document"] + pair.source for pair in pairs]
    found, tokens, weights = forward(trained, typed, PAIR_TOKENS)
    meant, meant_tokens, _ = forward(trained, sources, PAIR_TOKENS)
    said = np.array([pair.source for pair in pairs])
    same = torch.from_numpy(said[:, None] == said[None, :]).fill_diagonal_(False)
    wanted = torch.arange(len(pairs))
    met = max_similarity(tokens, weights, meant_tokens)
    return _softmax(found @ meant.T / VECTOR_TEMPERATURE, same, wanted) + _softmax(
        met / TOKEN_TEMPERATURE, same, wanted
    )


def _softmax(scores: torch.Tensor, left_out: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(scores.masked_fill(left_out, _IMPOSSIBLE), wanted)


def max_similarity(
    tokens: torch.Tensor, weights: torch.Tensor, articles: torch.Tensor
) -> torch.Tensor:
    """How well each question meets each article, token by token: (questions, articles).

    From token vectors (questions, q, e) with their weights (questions, q), and (articles, t, e).
    """
    questions, length, dimension = tokens.shape
    count, words, _ = articles.shape
    flat = tokens.reshape(-1, dimension) @ articles.reshape(-1, dimension).T
    nearest = flat.reshape(questions * length, count, words).amax(-1)
    scores: torch.Tensor = (nearest.reshape(questions, length, count) * weights[..., None]).sum(1)
    return scores
