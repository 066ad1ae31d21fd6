"""What an article says of itself, and the English that comes out of it."""

from __future__ import annotations

import dataclasses

import pytest

from corpus.article import Article, Block, Segment

TURKISH = Article(
    id="vpn",
    locale="tr-TR",
    title="VPN'e bağlanma",
    blocks=(
        Block("heading", 1, (Segment("1", "**VPN**'e bağlanma", "Connect to the **VPN**"),), "vpn"),
        Block(
            "step",
            0,
            (Segment("2", "Ayarlar'ı açın.", "Open Settings."), Segment("3", "Bekleyin.", "Wait.")),
            "1",
        ),
        Block("code", 1, (Segment("t1", "a\nb", "a\nb"), Segment("4", "# son", "# end")), "ps1"),
        Block(
            "table",
            0,
            (Segment("5", "bir", "one"), Segment("6", "iki", "two"), Segment("7", "üç", "three")),
            "head",
            (2, 0, 1),
        ),
        Block("image", 0, (), "https://a.example/x.png"),
    ),
    url="https://a.example/vpn",
    updated="2021-05-28",
    attribution="Contoso",
)


def test_the_text_of_blocks_in_both_languages() -> None:
    assert [(b.text, b.source) for b in TURKISH.blocks] == [
        ("**VPN**'e bağlanma", "Connect to the **VPN**"),
        ("Ayarlar'ı açın. Bekleyin.", "Open Settings. Wait."),
        ("a\nb\n# son", "a\nb\n# end"),
        ("bir iki üç", "one two three"),
        ("", ""),
    ]


def test_the_cells_of_a_row() -> None:
    assert TURKISH.blocks[3].rows() == ("bir iki", "", "üç")


def test_segments_and_steps() -> None:
    assert [segment.id for segment in TURKISH.segments] == ["1", "2", "3", "t1", "4", "5", "6", "7"]
    assert TURKISH.steps == 1


def test_the_english_of_a_bilingual_article() -> None:
    english = TURKISH.english()
    assert english
    assert (english.locale, english.title) == ("en-US", "Connect to the VPN")
    assert [b.text for b in english.blocks] == [b.source for b in TURKISH.blocks]
    assert [b.source for b in english.blocks] == [b.source for b in TURKISH.blocks]
    shape = [(b.kind, b.level, b.label, b.cells) for b in TURKISH.blocks]
    assert [(b.kind, b.level, b.label, b.cells) for b in english.blocks] == shape
    assert (english.id, english.url, english.updated) == ("vpn", TURKISH.url, "2021-05-28")
    assert english.english() is english


def test_the_english_title_is_the_heading_or_else_the_title() -> None:
    untitled = dataclasses.replace(TURKISH, blocks=TURKISH.blocks[1:])
    english = untitled.english()
    assert english
    assert english.title == "VPN'e bağlanma"


@pytest.mark.parametrize("source", [None, ""])
def test_without_the_english_of_every_sentence_there_is_none(source: str | None) -> None:
    blocks = (*TURKISH.blocks, Block("paragraph", 0, (Segment("8", "son", source),)))
    article = dataclasses.replace(TURKISH, blocks=blocks)
    assert (article.english() is None) == (source is None)
    assert blocks[-1].source == source


def test_json_holds_everything() -> None:
    assert Article.from_json(TURKISH.to_json()) == TURKISH
    bare = Article("a/ü", "zh-TW", "標題 \u2028", ())
    assert Article.from_json(bare.to_json()) == bare


def test_the_hash_is_of_what_the_article_says() -> None:
    assert TURKISH.content_hash == Article.from_json(TURKISH.to_json()).content_hash
    first, *others = TURKISH.blocks
    changes = (
        dataclasses.replace(TURKISH, title="VPN"),
        dataclasses.replace(TURKISH, url=None),
        dataclasses.replace(TURKISH, blocks=tuple(others)),
        dataclasses.replace(TURKISH, blocks=(dataclasses.replace(first, level=2), *others)),
    )
    assert len({TURKISH.content_hash, *(change.content_hash for change in changes)}) == 5
