from __future__ import annotations

import pytest

from bot.sections import below_title, divisible, matching_section, sections
from corpus.article import Article, Block, BlockKind, Segment


def block(kind: BlockKind, text: str, level: int = 0, source: str | None = None) -> Block:
    return Block(kind, level, (Segment(text, text, source),))


def article(*blocks: Block, title: str = "Printing") -> Article:
    return Article("printing", "tr-TR", title, blocks)


STEPS = [block("step", f"step {number}") for number in range(20)]
LONG = article(
    block("heading", "Printing", 1),
    block("paragraph", "Before."),
    block("heading", "On Windows", 2),
    *STEPS[:10],
    block("heading", "Links", 2),
    block("heading", "On a phone", 3),
    *STEPS[10:],
)


def test_a_long_article_has_a_section_for_each_heading() -> None:
    found = sections(LONG)
    assert [section[0].text for section in found] == ["On Windows", "Links", "On a phone"]
    assert [len(section) for section in found] == [11, 1, 11]


def test_a_paragraph_in_bold_is_a_heading_by_its_english_if_it_has_one() -> None:
    bold = [
        block("paragraph", "** Windows'ta", source="**On Windows**"),
        block("paragraph", "**Telefonda**:"),
        block("paragraph", "**Not** Bekleyin."),
        block("paragraph", "**Bekleyin**", source="Wait."),
        block("paragraph", "**İçeride**", level=1),
    ]
    found = sections(article(*bold, *STEPS))
    assert [section[0].text for section in found] == ["** Windows'ta", "**Telefonda**:"]


@pytest.mark.parametrize(
    "shown",
    [
        article(block("heading", "A", 2), STEPS[0], block("heading", "B", 2), STEPS[1]),
        article(*STEPS),
        article(block("heading", "Printing", 1), block("heading", "All", 2), *STEPS),
    ],
)
def test_a_short_article_and_one_without_parts_is_shown_whole(shown: Article) -> None:
    assert sections(shown) == []
    assert matching_section(shown, ["step 1"]) is None


@pytest.mark.parametrize(
    ("segments", "section"),
    [
        (["step 3", "step 15"], 0),
        (["step 15"], 2),
        (["On a phone"], 2),
        (["Before."], None),
        (["Printing"], None),
        (["Links"], None),  # nothing but its heading
        (["elsewhere"], None),
        ([], None),
    ],
)
def test_the_section_of_the_sentence_that_matches_best(
    segments: list[str], section: int | None
) -> None:
    assert matching_section(LONG, segments) == section


def test_the_title_is_not_repeated() -> None:
    assert below_title(LONG)[0].text == "Before."
    assert below_title(article(block("heading", "Other", 1)))[0].text == "Other"


def test_a_block_is_divided_between_its_sentences_and_at_spaces() -> None:
    sentences = tuple(Segment(str(n), f"{n} " * 1500) for n in range(5))
    whole = Block("step", 1, (*sentences, Segment("x", "x" * 20_000)), "3")
    divided = list(divisible([STEPS[0], whole]))
    assert divided[0] == STEPS[0]
    assert {(b.kind, b.level, b.label) for b in divided[1:]} == {("step", 1, "3")}
    assert all(sum(len(s.text) for s in b.segments) <= 8_000 for b in divided)
    text = "".join(segment.text for b in divided[1:] for segment in b.segments)
    assert text == "".join(segment.text for segment in whole.segments)
