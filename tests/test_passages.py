from __future__ import annotations

from pathlib import Path

import pytest

from corpus.article import Article
from corpus.reader import read_corpus
from index.embedding import Embedder
from index.passages import EmbeddedOnce, article_text, passages
from tests.corpora import PRINTER_TR, VPN_DE, write


def articles(folder: Path, files: dict[str, str]) -> list[Article]:
    return sorted(read_corpus([write(folder, files)]), key=lambda article: article.id)


def test_a_translated_article_is_embedded_by_its_english(tmp_path: Path) -> None:
    (printer,) = articles(tmp_path, {"tr-TR/printer.md": PRINTER_TR})
    english = printer.english()
    assert english is not None
    own = passages(printer)
    assert own.borrowed
    assert own.texts == passages(english).texts
    assert own.whole == passages(english).whole
    assert [segment.text for segment in own.segments] != list(own.texts)


def test_text_without_english_is_embedded_as_it_stands(tmp_path: Path) -> None:
    (plain,) = articles(tmp_path, {"de-DE/a.md": "# Netz\n\nStecken Sie das Kabel ein.\n"})
    own = passages(plain)
    assert not own.borrowed
    assert own.texts == ("Netz", "Stecken Sie das Kabel ein.")
    assert own.whole == "Netz. Stecken Sie das Kabel ein."


def test_the_title_is_not_said_twice_and_sentences_end() -> None:
    assert article_text("Reset it", ["reset it", "Press the key", "Done!"]) == (
        "Reset it. Press the key. Done!"
    )
    assert len(article_text("T", ["word " * 1000])) == 1000


def test_each_passage_is_embedded_once(tmp_path: Path, embedder: Embedder) -> None:
    files = {"tr-TR/p.md": PRINTER_TR, "de-DE/v.md": VPN_DE}
    said = [passages(article) for article in articles(tmp_path, files)]
    once = EmbeddedOnce(embedder)
    first = once.prepare(said)
    assert first == len({t for own in said for t in own.texts}) + len({o.whole for o in said})
    assert once.prepare(said) == 0
    for own in said:
        expected = embedder.embed_passages(own.texts)
        # Eight-bit arithmetic depends a little on what else is in the batch.
        assert (once.segments(own) * expected).sum(1) == pytest.approx(1, abs=0.02)
        vector, tokens = once.whole(own)
        assert vector @ embedder.embed_passages([own.whole])[0] == pytest.approx(1, abs=0.02)
        assert tokens.shape[1] == embedder.token_dimension


def test_only_shared_passages_are_remembered(tmp_path: Path, embedder: Embedder) -> None:
    (own,) = [
        passages(a) for a in articles(tmp_path, {"de-DE/a.md": "# Netz\n\nStecken Sie es ein.\n"})
    ]
    once = EmbeddedOnce(embedder)
    once.prepare([own])
    once.forget([own])
    assert once.prepare([own]) == 3


def test_english_is_remembered_for_its_translations(tmp_path: Path, embedder: Embedder) -> None:
    (printer,) = articles(tmp_path, {"tr-TR/printer.md": PRINTER_TR})
    english = printer.english()
    assert english is not None
    once = EmbeddedOnce(embedder)
    own = passages(english)
    assert once.prepare([own]) == 4
    once.forget([own])
    assert once.prepare([passages(printer)]) == 0
