"""Teaching an encoder that a translated sentence means what its English says.

Multilingual distillation (Reimers and Gurevych 2020, arXiv:2004.09813): the encoder's own vectors
of the English sentences, as they are before training, are the targets; localized sentences, typed
as people type them, are drawn to them by cosine and by a softmax over all English sentences.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn import functional

from index.training.bitext import Pair, sampled
from index.training.e5 import PROMPTS
from index.training.export import TokenEncoder, Trainable
from index.training.typing_noise import as_typed

BATCH = 128
MAX_TOKENS = 48
LEARNING_RATE = 1e-4
TEMPERATURE = 0.02
COSINE_WEIGHT = 5.0
# English sentences nearer than this say the same: neither is wrong for the other's translation.
SAME_MEANING = 0.975
WARM_UP = 60
_SORTED_TOGETHER = 32

Told = Callable[[int, int, float], None]
"""Called with the steps done, the steps in all, and the loss."""


def distil(
    trained: Trainable, pairs: Sequence[Pair], count: int, rng: random.Random, tell: Told
) -> None:
    """Train in place on `count` pairs, each English sentence equally often."""
    sources = sorted({pair.source for pair in pairs})
    place = {source: n for n, source in enumerate(sources)}
    space = torch.from_numpy(vectors(trained, sources, PROMPTS["document"]))
    batches = by_length(sampled(pairs, count, rng), BATCH, rng)
    steps = Steps(trained.model, LEARNING_RATE, len(batches))
    for done, batch in enumerate(batches, 1):
        typed = [PROMPTS["query"] + as_typed(pair.target, rng) for pair in batch]
        meant = torch.tensor([place[pair.source] for pair in batch])
        found, _, _ = forward(trained, typed, MAX_TOKENS)
        loss = _loss(found, space, meant)
        steps.take(loss)
        tell(done, len(batches), float(loss.detach()))


def _loss(found: torch.Tensor, space: torch.Tensor, meant: torch.Tensor) -> torch.Tensor:
    targets = space[meant]
    same = targets @ space.T > SAME_MEANING
    same[torch.arange(len(meant)), meant] = False
    scores = (found @ space.T / TEMPERATURE).masked_fill(same, -1e4)
    cosine = (found * targets).sum(1).mean()
    return functional.cross_entropy(scores, meant) + COSINE_WEIGHT * (1 - cosine)


class Steps:
    """AdamW with a warm-up of WARM_UP steps, at most a tenth of all, and a linear fall; the word
    table stays as it is.

    The table is most of the weights, and what it knows of words that the corpus lacks would be
    lost if the others moved away from it.
    """

    def __init__(self, model: TokenEncoder, rate: float, steps: int, head_rate: float = 0) -> None:
        """`rate` is the highest learning rate, `head_rate` that of the token layers (0: fixed)."""
        table = model.bert.embeddings.word_embeddings.weight
        table.requires_grad_(False)
        head = [*model.projection.parameters(), *model.importance.parameters()]
        body = [weight for weight in model.bert.parameters() if weight is not table]
        self._weights = [*body, *head]
        groups = [{"params": body, "lr": rate}, {"params": head, "lr": head_rate}]
        self._optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
        warm_up = min(WARM_UP, -(-steps // 10))
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer,
            lambda step: min(1.0, (step + 1) / warm_up) * max(0.03, 1 - step / steps),
        )
        model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0

    def take(self, loss: torch.Tensor) -> None:
        """One step down a loss."""
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self._schedule.step()


def forward(
    trained: Trainable, texts: Sequence[str], max_tokens: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The vectors (n, d), token vectors (n, tokens, e) and token weights (n, tokens) of texts."""
    ids, mask = token_ids(trained.tokenizer, texts, max_tokens)
    with fast_matrices():
        hidden = trained.model.hidden(ids, mask)
    return trained.model.read(hidden.float(), mask)


def token_ids(
    tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Padded ids and their mask: (n, tokens) each."""
    tokenizer.enable_truncation(max_tokens)
    tokenizer.enable_padding(pad_id=tokenizer.token_to_id("<pad>"))
    encodings = tokenizer.encode_batch(list(texts))
    return (
        torch.tensor([encoding.ids for encoding in encodings]),
        torch.tensor([encoding.attention_mask for encoding in encodings]),
    )


def fast_matrices() -> contextlib.AbstractContextManager[object]:
    """16-bit matrix products where the processor has them: two to four times the speed."""
    able = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=able)


@torch.no_grad()
def vectors(trained: Trainable, texts: Sequence[str], prompt: str) -> NDArray[np.float32]:
    """Unit vectors of texts by the model as it is: (n, d)."""
    trained.model.eval()
    found = np.empty((len(texts), trained.model.bert.config.hidden_size), dtype=np.float32)
    for part in short_first(texts, BATCH):
        found[part] = forward(trained, [prompt + texts[n] for n in part], 256)[0].numpy()
    trained.model.train()
    return found


def short_first(texts: Sequence[str], size: int) -> Iterator[list[int]]:
    """The places of texts, `size` at a time, from the shortest text to the longest: so that those
    read together are about equally long.
    """
    order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
    return (order[start : start + size] for start in range(0, len(order), size))


def by_length(pairs: Sequence[Pair], size: int, rng: random.Random) -> list[list[Pair]]:
    """Batches of pairs that are about equally long: less of a batch is padding."""
    batches: list[list[Pair]] = []
    for start in range(0, len(pairs), size * _SORTED_TOGETHER):
        part = sorted(
            pairs[start : start + size * _SORTED_TOGETHER], key=lambda pair: len(pair.target)
        )
        cut: Iterator[list[Pair]] = (part[n : n + size] for n in range(0, len(part), size))
        batches.extend(cut)
    rng.shuffle(batches)
    return batches
