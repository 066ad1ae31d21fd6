"""Makes the bundled embedder:
`python -m index.training.encoder CORPUS --questions FILE... --out index/model`.

1. multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672; MIT), as `index.training.e5` has it,
   its vocabulary cut to the pieces that the corpus, the questions or many languages use;
2. `index.training.distil`: localized sentences to the vectors of their English;
3. `index.training.tune`: questions to the articles that answer them, as one vector and token by
   token;
4. `index.training.export`: 8-bit integers in one file.

`babeldesk calibrate --fusion` then fits what lies beside it. Takes two to three hours on
two cores for 36 locales. The seed is fixed; threads make the result equal only within noise.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertModel

from index.evaluation import Question, read_questions
from index.training import e5
from index.training.bitext import Bitext, read_bitext
from index.training.distil import Told, distil
from index.training.export import TokenEncoder, Trainable, save
from index.training.tune import tune
from index.training.typing_noise import without_marks

log = logging.getLogger(__name__)

SEED = 0
DISTILLED_SENTENCES = 90_000
TOKEN_DIMENSION = 96
# A piece that the corpus holds fewer times is cut into smaller ones.
FEWEST_USES = 5
# Pieces kept beside those, by their frequency over the hundred languages of the tokenizer: a
# corpus in another language is read as well.
COMMON_PIECES = 60_000
_SPECIAL = (0, 1, 2, 3)
_TOLD_EVERY = 25


def used_pieces(tokenizer: Tokenizer, bitext: Bitext, questions: Sequence[Question]) -> list[int]:
    """The ids of the pieces to keep, in their order."""
    counts: Counter[int] = Counter()
    texts = {text for pair in bitext.pairs for text in (pair.target, pair.source)}
    for ids in _encoded(tokenizer, sorted(texts)):
        counts.update(ids)
    for ids in _encoded(tokenizer, [as_asked for q in questions for as_asked in _forms(q.text)]):
        counts.update(dict.fromkeys(ids, FEWEST_USES))
    used = {piece for piece, count in counts.items() if count >= FEWEST_USES}
    return sorted({*_SPECIAL, *used, *_common_pieces(tokenizer)})


def _encoded(tokenizer: Tokenizer, texts: Sequence[str]) -> Iterable[list[int]]:
    for start in range(0, len(texts), 10_000):
        encodings = tokenizer.encode_batch(
            list(texts[start : start + 10_000]), add_special_tokens=False
        )
        yield from (encoding.ids for encoding in encodings)


def _forms(text: str) -> tuple[str, ...]:
    return text, text.lower(), without_marks(text.lower())


def _common_pieces(tokenizer: Tokenizer) -> list[int]:
    """The pieces with the highest scores, and every single letter of any script."""
    vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
    by_score = sorted(range(len(vocabulary)), key=lambda piece: -vocabulary[piece][1])
    letters = (
        piece
        for piece, (text, _) in enumerate(vocabulary)
        if len(text) == 1 and unicodedata.category(text)[0] in "LMN"
    )
    return [*by_score[:COMMON_PIECES], *letters]


def untrained(pieces: Sequence[int], cache: Path) -> Trainable:
    """multilingual-e5-small with the vocabulary `pieces`, and fresh token layers."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        e5.save(e5.fetch(cache), folder, pieces)
        bert = BertModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    prompt_tokens = len(tokenizer.encode(e5.PROMPTS["query"]).ids) - 1
    return Trainable(TokenEncoder(bert, TOKEN_DIMENSION, prompt_tokens), tokenizer)


def train(bitext: Bitext, questions: Sequence[Question], cache: Path) -> Trainable:
    """Steps 1 to 3 of the recipe."""
    rng = random.Random(SEED)
    torch.manual_seed(SEED)
    pieces = used_pieces(e5.tokenizer(e5.fetch(cache)), bitext, questions)
    log.info("vocabulary: %d pieces", len(pieces))
    trained = untrained(pieces, cache)
    distil(trained, bitext.pairs, DISTILLED_SENTENCES, rng, _told("distil"))
    tune(trained, bitext, questions, rng, _told("tune"))
    return trained


def _told(stage: str) -> Told:
    def tell(done: int, steps: int, loss: float) -> None:
        if done % _TOLD_EVERY == 0 or done == steps:
            log.info("%s: step %d of %d, loss %.3f", stage, done, steps, loss)

    return tell


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="folder with one folder of articles per locale")
    parser.add_argument("--questions", type=Path, nargs="+", required=True, help="question files")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write to")
    parser.add_argument("--cache", type=Path, default=e5.CACHE, help="where e5's weights lie")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    questions = read_questions(*arguments.questions)
    bitext = read_bitext([arguments.corpus])
    log.info("%d pairs, %d articles", len(bitext.pairs), len(bitext.articles))
    save(train(bitext, questions, arguments.cache), arguments.out)


if __name__ == "__main__":
    main()
