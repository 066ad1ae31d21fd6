from __future__ import annotations

import math
import random
from pathlib import Path

import bm25s
import numpy as np
import pytest

from index.lexical import K1, B, WordIndex, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wi-fi is down", ["wi", "fi", "is", "down"]),
        ("passwords", ["passwords", "passw*"]),
        ("error 0x80070005", ["error", "0x80070005", "0x800*"]),
        ("头像 outlook", ["头", "像", "头像", "outlook", "outlo*"]),
        ("รหัส", ["ร", "ห", "ั", "ส", "รห", "หั", "ัส"]),
        ("비밀번호를", ["비밀번호를", "비밀", "밀번", "번호", "호를"]),
        ("snake_case", ["snake", "case"]),
        ("?!", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_scores_are_bm25() -> None:
    documents = ["mail box full", "mail lost", "vpn"]
    scores = WordIndex(documents).scores("mail mail")
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    lengths = [3, 2, 1]

    def expected(length: int) -> float:
        return idf / (1 + K1 * (1 - B + B * length / (sum(lengths) / 3)))

    np.testing.assert_allclose(scores, [expected(3), expected(2), 0], rtol=1e-5)


WORDS = ["mail", "mailbox", "full", "vpn", "wi-fi", "şifre", "密码重置", "비밀번호를", "รหัส", "x9"]


def some_documents(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randrange(1, 30))) for _ in range(count)]


def test_scores_are_those_of_bm25s() -> None:
    documents = some_documents(50, seed=1)
    other = bm25s.BM25(method="lucene", k1=K1, b=B)
    other.index([tokens(document) for document in documents], show_progress=False)
    index = WordIndex(documents)
    for word in (*WORDS, "mail vpn full 密码", "mailboxes"):
        known = [token for token in tokens(word) if token in other.vocab_dict]
        np.testing.assert_allclose(index.scores(word), other.get_scores(known), rtol=1e-5)


def saved(index: WordIndex, folder: Path) -> dict[str, bytes]:
    index.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "documents",
    [
        [0, 1, 2, 3, 4],
        [4, 3, 1],
        ["new printer", 0, "şifre x9", 1, 2, 3, 4, ""],
        ["printer"],
    ],
)
def test_a_renewed_index_is_the_one_made_anew(documents: list[str | int], tmp_path: Path) -> None:
    before = [*some_documents(4, seed=2), "gone tomorrow"]
    old = WordIndex(before)
    old.save(tmp_path / "old")
    texts = [before[known] if isinstance(known, int) else known for known in documents]
    anew = saved(WordIndex(texts), tmp_path / "anew")
    assert saved(WordIndex(documents, old), tmp_path / "renewed") == anew
    assert saved(WordIndex(documents, WordIndex.load(tmp_path / "old")), tmp_path / "x") == anew


def test_a_damaged_index_is_refused(tmp_path: Path) -> None:
    WordIndex(["mail box full", "vpn"]).save(tmp_path)
    np.save(tmp_path / "counts.npy", np.zeros(2, dtype=np.uint16))
    with pytest.raises(ValueError, match="is damaged: build it again"):
        WordIndex.load(tmp_path)


def test_unknown_words_score_nothing() -> None:
    assert WordIndex(["vpn", "wifi"]).scores("bread recipe").tolist() == [0, 0]
    assert WordIndex(["vpn", "wifi"]).scores("").tolist() == [0, 0]


def test_an_empty_document_keeps_its_place() -> None:
    scores = WordIndex(["", "vpn", ""]).scores("vpn")
    assert scores.argmax() == 1
    assert len(scores) == 3


def test_a_saved_index_scores_the_same(tmp_path: Path) -> None:
    index = WordIndex(["mail box full", "mail lost", "vpn"])
    index.save(tmp_path)
    for text in ("mail", "lost vpn", "nothing"):
        np.testing.assert_array_equal(WordIndex.load(tmp_path).scores(text), index.scores(text))


def test_no_documents_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one document"):
        WordIndex([])
