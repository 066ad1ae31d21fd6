from __future__ import annotations

from pathlib import Path

from corpus.alignment import differing_blocks, side_by_side
from corpus.article import Article
from corpus.reader import read_corpus
from index.build import build
from index.embedding import Embedder
from index.search import Searcher
from tests.corpora import write

ENGLISH = (
    "# Print\n\nBefore.\n\n1. Open it.\n2. Wait.\n\n> [!NOTE]\n> Mind it.\n\n|A|B|\n|-|-|\n|c|d|\n"
)
GERMAN = (
    "# Drucken\n\n1. Öffnen.\n2. Warten.\n3. Fertig.\n\n> [!NOTE]\n> Achtung.\n\n"
    "|E|F|\n|-|-|\n|g|h|\n"
)


def articles(folder: Path) -> dict[str, Article]:
    write(folder, {"en-US/print.md": ENGLISH, "de-DE/print.md": GERMAN})
    return {article.locale: article for article in read_corpus([folder])}


def test_blocks_are_aligned_by_what_they_are_and_where_they_stand(tmp_path: Path) -> None:
    found = articles(tmp_path)
    aligned = side_by_side(found["de-DE"], found["en-US"])
    assert [(block.text, block.source) for block in aligned.blocks] == [
        ("Drucken", "Print"),
        ("Öffnen.", "Open it."),
        ("Warten.", "Wait."),
        ("Fertig.", None),
        ("Achtung.", "Mind it."),
        ("E F", "A B"),
        ("g h", "c d"),
    ]
    differing = differing_blocks(found["de-DE"], found["en-US"])
    assert [block.text for block in differing] == ["Fertig.", "Before."]


def test_english_of_its_own_is_kept(tmp_path: Path) -> None:
    found = articles(tmp_path)
    aligned = side_by_side(found["de-DE"], found["en-US"])
    other = side_by_side(aligned, aligned)
    assert other == aligned


def test_an_article_of_the_index_comes_side_by_side(tmp_path: Path, embedder: Embedder) -> None:
    articles(tmp_path / "articles")
    build([tmp_path / "articles"], tmp_path / "index", embedder)
    searcher = Searcher(tmp_path / "index", embedder)
    article = searcher.article("print", "de-DE")
    assert article
    assert article.blocks[1].source == "Open it."
    english = searcher.article("print", "en-US")
    assert english
    assert english.blocks[1].source is None
