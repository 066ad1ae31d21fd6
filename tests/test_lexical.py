from __future__ import annotations

import math
from pathlib import Path

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
