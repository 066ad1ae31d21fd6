"""The sections of a long article, and its parts where it is too big for one card."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator, Sequence

from corpus.article import Article, Block, Segment
from corpus.inline import plain

# Shorter articles are shown whole: four in five of the articles of a help centre have fewer blocks.
_LONG = 15
# A paragraph that is bold from end to end is a heading in all but name.
_BOLD = re.compile(r"\*\*[^*]+\*\*\s*:?")
# Characters in a block that is no more divided: a card holds several.
_MOST_LETTERS = 8_000


def below_title(article: Article) -> tuple[Block, ...]:
    """The blocks without the heading that says what the title says."""
    first = article.blocks[0] if article.blocks else None
    repeated = first and (first.kind, first.level) == ("heading", 1)
    if first and repeated and plain(first.text) == article.title:
        return article.blocks[1:]
    return article.blocks


def sections(article: Article) -> list[tuple[Block, ...]]:
    """The sections of a long article, from one heading to the next; what stands before the first
    heading is none of them. [] for an article that is shown whole.
    """
    blocks = below_title(article)
    starts = [place for place, block in enumerate(blocks) if _is_heading(block)]
    if len(blocks) <= _LONG or len(starts) + (starts[:1] != [0]) < 2:
        return []
    return [blocks[a:b] for a, b in zip(starts, [*starts[1:], len(blocks)], strict=True)]


def matching_section(article: Article, segments: Sequence[str]) -> int | None:
    """The number of the section of a long article that the best of these segments (ids, best
    first) stands in; None where that is none.
    """
    best = segments[0] if segments else None
    for number, section in enumerate(sections(article)):
        if any(segment.id == best for block in section for segment in block.segments):
            # A heading alone helps nobody.
            return number if len(section) > 1 else None
    return None


def divisible(blocks: Collection[Block]) -> Iterator[Block]:
    """The blocks; those too big to stand together with another on a card as several of them."""
    for block in blocks:
        if sum(len(segment.text) for segment in block.segments) <= _MOST_LETTERS or block.cells:
            yield block
            continue
        for segments in _handfuls(block.segments):
            yield dataclasses.replace(block, segments=segments)


def _handfuls(segments: Sequence[Segment]) -> Iterator[tuple[Segment, ...]]:
    handful: list[Segment] = []
    for segment in (piece for whole in segments for piece in _pieces(whole)):
        if handful and sum(len(s.text) for s in [*handful, segment]) > _MOST_LETTERS:
            yield tuple(handful)
            handful = []
        handful.append(segment)
    if handful:
        yield tuple(handful)


def _pieces(segment: Segment) -> Iterator[Segment]:
    """A segment, cut at white space where it is longer than a block may be."""
    rest = segment.text
    while len(rest) > _MOST_LETTERS:
        cut = max(rest.rfind(space, 1, _MOST_LETTERS) for space in " \n")
        cut = cut if cut > 0 else _MOST_LETTERS
        yield dataclasses.replace(segment, text=rest[:cut])
        rest = rest[cut:]
    yield dataclasses.replace(segment, text=rest)


def _is_heading(block: Block) -> bool:
    if block.kind == "heading":
        return True
    # Translation may damage the bold, so the English decides where there is one.
    text = (block.source or block.text).strip()
    return (block.kind, block.level) == ("paragraph", 0) and bool(_BOLD.fullmatch(text))
