"""A localized article side by side with its English one, where its file does not give the English.

Blocks are aligned by what they are (a heading of a level, a step of a number, ...) in the order
in which they stand: the longest runs that both articles have in common, as `difflib` finds them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from difflib import SequenceMatcher

from corpus.article import Article, Block

_Shape = tuple[object, ...]


def side_by_side(localized: Article, english: Article) -> Article:
    """The localized article with the English of each block that has a counterpart; sentences that
    have their English already keep it.
    """
    if any(segment.source is not None for segment in localized.segments):
        return localized
    blocks = list(localized.blocks)
    for own, other in _counterparts(localized, english):
        blocks[own] = _with_source(blocks[own], english.blocks[other])
    return dataclasses.replace(localized, blocks=tuple(blocks))


def differing_blocks(localized: Article, english: Article) -> list[Block]:
    """The blocks of either article that have no counterpart in the other, the localized first."""
    pairs = list(_counterparts(localized, english))
    own, other = {a for a, _ in pairs}, {b for _, b in pairs}
    return [
        *(block for place, block in enumerate(localized.blocks) if place not in own),
        *(block for place, block in enumerate(english.blocks) if place not in other),
    ]


def _counterparts(localized: Article, english: Article) -> Iterator[tuple[int, int]]:
    shapes = [[_shape(block) for block in article.blocks] for article in (localized, english)]
    matcher = SequenceMatcher(a=shapes[0], b=shapes[1], autojunk=False)
    for run in matcher.get_matching_blocks():
        yield from zip(range(run.a, run.a + run.size), range(run.b, run.b + run.size), strict=True)


def _shape(block: Block) -> _Shape:
    # The anchor of a heading is made of its words.
    label = "" if block.kind in ("heading", "image") else block.label
    return block.kind, block.level, label, block.cells


def _with_source(block: Block, english: Block) -> Block:
    if len(block.segments) != len(english.segments):
        return block
    segments = tuple(
        dataclasses.replace(segment, source=other.text)
        for segment, other in zip(block.segments, english.segments, strict=True)
    )
    return dataclasses.replace(block, segments=segments)
