from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest

from index.embedding import (
    BUNDLED_MODEL,
    Embedder,
    ModelNotFoundError,
    Prefixes,
    PrefixesNotWantedError,
    fingerprint,
    normalise,
)
from index.encoder import ENCODER_FILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kullanıcının PROFİL Resmi", "kullanicinin profil resmi"),
        ("kullanicinin profil resmi", "kullanicinin profil resmi"),
        ("Ελληνικά Άγιος", "ελληνικα αγιος"),
        ("مُحَمَّـــد", "محمد"),
        ("ＴＥＡＭＳ ﬁle", "teams file"),
        ("หน้าจอที่", "หน้าจอที่"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("한국어", "한국어"),
        ("привіт їжак", "привіт іжак"),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == normalise(expected)
    assert normalise(normalise(text)) == normalise(text)


def test_normalise_keeps_marks_that_are_letters() -> None:
    assert normalise("ที่") == "ที่"
    assert len(normalise("שָׁ")) > 1


def test_vectors_are_unit_and_repeatable(embedder: Embedder) -> None:
    texts = ["Reset your password", "Setze dein Kennwort zurück", ""]
    vectors = embedder.embed_passages(texts)
    assert vectors.shape == (3, embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(vectors, embedder.embed_passages(texts))


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, embedder.dimension)


def test_the_same_thing_said_in_other_languages_is_near(embedder: Embedder) -> None:
    said = embedder.embed_passages(
        [
            "Change your profile picture",
            "Profil resminizi değiştirin",
            "Промяна на профилната снимка",
            "更改个人资料图片",
            "Configure an accounting rule for invoices",
        ]
    )
    cosines = said[0] @ said[1:].T
    assert min(cosines[:3]) > cosines[3] + 0.2


def test_typing_without_diacritics_changes_little(embedder: Embedder) -> None:
    plain, marked, other = embedder.embed_queries(
        ["sifremi sifirla", "Şifremi sıfırla", "Yazıcı kağıt sıkıştırıyor"]
    )
    assert float(plain @ marked) > float(other @ marked) + 0.2


def test_a_question_is_read_token_by_token(embedder: Embedder) -> None:
    query = embedder.query("Şifremi unuttum")
    np.testing.assert_allclose(query.vector, embedder.embed_queries(["Şifremi unuttum"])[0])
    assert query.tokens is not None
    assert query.tokens.weights.min() > 0
    assert query.tokens.weights.sum() == pytest.approx(1, abs=1e-4)
    assert query.tokens.vectors.shape == (len(query.tokens.weights), embedder.token_dimension)
    lengths = np.linalg.norm(query.tokens.vectors, axis=1)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-3)


def test_an_empty_question_has_no_tokens(embedder: Embedder) -> None:
    tokens = embedder.query("").tokens
    assert tokens is not None
    assert len(tokens.weights) == 0


def test_passages_have_one_vector_for_each_token(embedder: Embedder) -> None:
    texts = ["Restart the computer.", "Restart the computer and connect the cable again."]
    found = embedder.passages(texts)
    np.testing.assert_allclose(found.vectors, embedder.embed_passages(texts))
    short, long = found.tokens
    assert short.dtype == np.int8
    assert 6 < len(short) < len(long)
    assert np.abs(np.linalg.norm(long.astype(np.float32), axis=1) / 127 - 1).max() < 0.05


def test_long_questions_are_cut(embedder: Embedder) -> None:
    tokens = embedder.query("again and " * 1000).tokens
    assert tokens is not None
    assert 50 < len(tokens.weights) < 100


def test_loading_and_embedding_touch_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    assert len(Embedder().embed_queries(["hello"])) == 1


def test_a_model_that_is_not_here_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"no-such/model is not on this machine"):
        Embedder("no-such/model")
    with pytest.raises(ModelNotFoundError, match="download it first"):
        Embedder(tmp_path)


def test_fingerprints_follow_the_weights(embedder: Embedder, tmp_path: Path) -> None:
    for path in BUNDLED_MODEL.rglob("*"):
        copy = tmp_path / path.relative_to(BUNDLED_MODEL)
        if path.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    same = Embedder(tmp_path)
    assert same.fingerprint == embedder.fingerprint
    assert (embedder.name, same.name) == ("bundled", str(tmp_path))
    weights = tmp_path / ENCODER_FILE
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert fingerprint(tmp_path) != embedder.fingerprint


def test_the_bundled_model_takes_no_prefixes_but_its_own() -> None:
    with pytest.raises(PrefixesNotWantedError, match="leave out --query-prefix"):
        Embedder(prefixes=Prefixes("query: ", "passage: "))
