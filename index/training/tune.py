"""Teaching an encoder which article answers a question.

One encoder reads questions and articles. Three softmaxes draw a question to its article: over the
vectors of all articles, over the token-by-token scores (`index.interaction`) of some of them, and
over the sum of both. These some are the right articles of a step's questions and, for each
question, one of the wrong ones that lie nearest to it now. Most articles are compared as they
were last read: a step reads a few anew, and all are read again now and then. Articles that say
nearly the same are never counted as wrong, nor are those that no question is about: an encoder
that has met an article as a wrong one only would never find it.

A question's English, where it is given, sometimes takes its place; and the question is drawn to
its English: to its vector, and to the shares that it gives the articles. Every sixth step also
reads pairs of sentences, so that what `index.training.distil` taught is kept.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from index.evaluation import Question
from index.training.bitext import Bitext, Pair
from index.training.distil import BATCH, Steps, Told, fast_matrices, forward, short_first
from index.training.e5 import PROMPTS
from index.training.export import Trainable
from index.training.typing_noise import as_typed

EPOCHS = 5
ARTICLES = 28
QUESTIONS_AN_ARTICLE = 3
LEARNING_RATE = 7e-5
HEAD_LEARNING_RATE = 6e-4
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
# Articles read anew at a step: right ones, and wrong ones that were taken for right.
RIGHT_READ, WRONG_READ = 9, 4
STEPS_BETWEEN_READINGS = 260
ASKED_IN_ENGLISH = 0.2
ENGLISH_WEIGHT = 0.5
ENGLISH_COSINE_WEIGHT = 3.0
ENGLISH_READ = 32
_ENGLISH_EVERY = 2
PAIRS = 40
PAIR_TOKENS = 48
PAIRS_WEIGHT = 0.5
_PAIRS_EVERY = 6
_PARTS = 3
_IMPOSSIBLE = -1e4


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, what it is in English if that is known, and the place of its article."""

    text: str
    english: str | None
    article: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that count of several questions: unit vectors (tokens, e), weights (tokens,)
    that sum to 1 for each question, and to which of the questions each belongs (tokens,).
    """

    vectors: torch.Tensor
    weights: torch.Tensor
    owners: torch.Tensor
    questions: int


def tune(
    trained: Trainable,
    bitext: Bitext,
    questions: Sequence[Question],
    rng: random.Random,
    tell: Told,
    epochs: float = EPOCHS,
) -> None:
    """Train in place on questions with known answers; those for other articles are left out."""
    tuning = _Tuning(trained, bitext, questions, rng)
    batches = tuning.batches(epochs)
    steps = Steps(trained.model, LEARNING_RATE, len(batches), HEAD_LEARNING_RATE)
    for done, batch in enumerate(batches, 1):
        loss = tuning.loss(batch, with_english=done % _ENGLISH_EVERY == 0)
        if done % _PAIRS_EVERY == 0:
            loss = loss + PAIRS_WEIGHT * _pairs_loss(trained, rng.sample(bitext.pairs, PAIRS), rng)
        steps.take(loss)
        if done % STEPS_BETWEEN_READINGS == 0:
            tuning.read_articles()
        tell(done, len(batches), float(loss.detach()))


class _Tuning:
    """What the steps share: the articles as last read, and what is like what."""

    def __init__(
        self,
        trained: Trainable,
        bitext: Bitext,
        questions: Sequence[Question],
        rng: random.Random,
    ) -> None:
        self._trained = trained
        self._rng = rng
        self._texts = [PROMPTS["document"] + text for text in bitext.articles.values()]
        place = {article_id: n for n, article_id in enumerate(bitext.articles)}
        self._asked = [
            Asked(question.text, question.english, place[article_id])
            for question in questions
            for article_id in sorted(question.right & place.keys())
        ]
        self.read_articles()
        unasked = torch.ones(len(self._texts), dtype=torch.bool)
        unasked[[asked.article for asked in self._asked]] = False
        self._not_wrong = (self._vectors @ self._vectors.T > SAME_ANSWER) | unasked

    @torch.no_grad()
    def read_articles(self) -> None:
        """Read all articles, as the encoder is now."""
        self._trained.model.eval()
        width = self._trained.model.bert.config.hidden_size
        token_width = self._trained.model.projection.out_features
        self._vectors = torch.empty(len(self._texts), width)
        self._tokens = torch.zeros(len(self._texts), ARTICLE_TOKENS, token_width)
        for part in short_first(self._texts, BATCH):
            self._vectors[part], self._tokens[part] = self._read(part)
        self._trained.model.train()

    def _read(self, articles: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """The vectors of some articles, and of their tokens, zeros where these end."""
        texts = [self._texts[article] for article in articles]
        vectors, tokens, _ = forward(self._trained, texts, ARTICLE_TOKENS)
        return vectors, functional.pad(tokens, (0, 0, 0, ARTICLE_TOKENS - tokens.shape[1]))

    def batches(self, epochs: float) -> list[list[Asked]]:
        """The questions of each step: some of each of ARTICLES articles."""
        by_article: dict[int, list[Asked]] = defaultdict(list)
        for asked in self._asked:
            by_article[asked.article].append(asked)
        batches: list[list[Asked]] = []
        wanted = round(epochs * len(self._asked) / (ARTICLES * QUESTIONS_AN_ARTICLE))
        while len(batches) < wanted:
            groups = [group for own in by_article.values() for group in self._groups(own)]
            self._rng.shuffle(groups)
            parts = (groups[n : n + ARTICLES] for n in range(0, len(groups), ARTICLES))
            batches.extend([asked for group in part for asked in group] for part in parts)
        return batches[:wanted]

    def _groups(self, own: list[Asked]) -> Iterator[list[Asked]]:
        shuffled = self._rng.sample(own, len(own))
        size = QUESTIONS_AN_ARTICLE
        return (shuffled[start : start + size] for start in range(0, len(own), size))

    def loss(self, batch: Sequence[Asked], *, with_english: bool) -> torch.Tensor:
        """The softmaxes of one step, and how far the questions are from their English."""
        right = torch.tensor([asked.article for asked in batch])
        vectors, tokens = _questions_read(self._trained, [self._typed(asked) for asked in batch])
        not_wrong = self._not_wrong[right].clone()
        not_wrong[torch.arange(len(right)), right] = False
        articles = self._to_compare(vectors.detach(), right, not_wrong)
        read = self._to_read(batch, articles)
        fresh, fresh_tokens = self._read(read)
        # Not in place: the gradient still needs the vectors that the scores were made with.
        everywhere = self._vectors.index_copy(0, torch.tensor(read), fresh)
        self._vectors = everywhere.detach()
        self._tokens[read] = fresh_tokens.detach()
        where = {article: n for n, article in enumerate(articles)}
        compared = self._tokens[articles].index_copy(
            0, torch.tensor([where[article] for article in read]), fresh_tokens
        )
        near = vectors @ everywhere.T
        met = max_similarity(tokens, compared)
        wanted = torch.tensor([where[asked.article] for asked in batch])
        left_out = not_wrong[:, articles]
        loss = (
            _softmax(near / VECTOR_TEMPERATURE, not_wrong, right)
            + _softmax(met / TOKEN_TEMPERATURE, left_out, wanted)
            + SUM_WEIGHT * _softmax((met + near[:, articles]) / SUM_TEMPERATURE, left_out, wanted)
        )
        translated = [(n, asked.english) for n, asked in enumerate(batch) if asked.english]
        if with_english and translated:
            some = self._rng.sample(translated, min(len(translated), ENGLISH_READ))
            places, english = zip(*some, strict=True)
            loss = loss + ENGLISH_WEIGHT * self._english_loss(vectors[list(places)], english)
        return loss

    def _typed(self, asked: Asked) -> str:
        if asked.english and self._rng.random() < ASKED_IN_ENGLISH:
            return as_typed(asked.english, self._rng)
        return as_typed(asked.text, self._rng)

    def _to_compare(
        self, questions: torch.Tensor, right: torch.Tensor, not_wrong: torch.Tensor
    ) -> list[int]:
        """The right articles, and for each question one of the nearest wrong ones."""
        near = (questions @ self._vectors.T).masked_fill(not_wrong, _IMPOSSIBLE)
        near[torch.arange(len(right)), right] = _IMPOSSIBLE
        nearest = near.topk(min(HARD_FROM, near.shape[1])).indices.tolist()
        return list(dict.fromkeys([*right.tolist(), *map(self._rng.choice, nearest)]))

    def _to_read(self, batch: Sequence[Asked], compared: Sequence[int]) -> list[int]:
        right = list(dict.fromkeys(asked.article for asked in batch))
        wrong = compared[len(right) :]
        return [
            *self._rng.sample(right, min(len(right), RIGHT_READ)),
            *self._rng.sample(wrong, min(len(wrong), WRONG_READ)),
        ]

    def _english_loss(self, vectors: torch.Tensor, english: Sequence[str]) -> torch.Tensor:
        with torch.no_grad():
            meant, _ = _questions_read(self._trained, english)
        found_shares, meant_shares = (
            functional.log_softmax(some @ self._vectors.T / VECTOR_TEMPERATURE, -1)
            for some in (vectors, meant)
        )
        apart = functional.kl_div(
            found_shares, meant_shares, log_target=True, reduction="batchmean"
        )
        return apart + ENGLISH_COSINE_WEIGHT * (1 - (vectors * meant).sum(1).mean())


def _questions_read(trained: Trainable, texts: Sequence[str]) -> tuple[torch.Tensor, Tokens]:
    """The vectors (n, d) and the tokens of questions; short ones are read together, so that less
    is padding.
    """
    parts = list(short_first(texts, -(-len(texts) // _PARTS)))
    found: list[tuple[torch.Tensor, ...]] = []
    for part in parts:
        prompted = [PROMPTS["query"] + texts[n] for n in part]
        vectors, tokens, weights = forward(trained, prompted, QUESTION_TOKENS)
        counting = weights > 0
        owners = torch.tensor(part)[:, None].expand_as(weights)
        found.append((vectors, tokens[counting], weights[counting], owners[counting]))
    vectors, tokens, weights, owners = (torch.cat(kind) for kind in zip(*found, strict=True))
    order = torch.tensor([n for part in parts for n in part])
    return vectors[order.argsort()], Tokens(tokens, weights, owners, len(texts))


def _pairs_loss(trained: Trainable, pairs: Sequence[Pair], rng: random.Random) -> torch.Tensor:
    found, tokens = _questions_read(trained, [as_typed(pair.target, rng) for pair in pairs])
    sources = [PROMPTS["document"] + pair.source for pair in pairs]
    meant, meant_tokens, _ = forward(trained, sources, PAIR_TOKENS)
    said = np.array([pair.source for pair in pairs])
    same = torch.from_numpy(said[:, None] == said[None, :]).fill_diagonal_(False)
    wanted = torch.arange(len(pairs))
    met = max_similarity(tokens, meant_tokens)
    return _softmax(found @ meant.T / VECTOR_TEMPERATURE, same, wanted) + _softmax(
        met / TOKEN_TEMPERATURE, same, wanted
    )


def _softmax(scores: torch.Tensor, left_out: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(scores.masked_fill(left_out, _IMPOSSIBLE), wanted)


def max_similarity(tokens: Tokens, articles: torch.Tensor) -> torch.Tensor:
    """How well each question meets each article, token by token: (questions, articles).

    From the questions' tokens and those of the articles, (articles, t, e), zeros where they end.
    """
    count, length, width = articles.shape
    flat = articles.reshape(-1, width)
    # Only the nearest tokens have a gradient: all others would cost hundreds of times as much.
    with torch.no_grad(), fast_matrices():
        cosines = (tokens.vectors @ flat.T).view(-1, count, length)
        nearest = cosines.argmax(-1) + torch.arange(count) * length
    met = (functional.embedding(nearest, flat) * tokens.vectors[:, None]).sum(-1)
    scores = torch.zeros(tokens.questions, count)
    return scores.index_add(0, tokens.owners, met * tokens.weights[:, None])
