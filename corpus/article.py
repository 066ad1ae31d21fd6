"""The shared vocabulary: what an article is made of.

A *segment* is one sentence in one language with, where the file gives it, the English
sentence it was translated from. Blocks hold segments, articles hold blocks; all are
immutable and hold nothing but text.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from corpus.inline import plain

ENGLISH = "en-US"

BlockKind = Literal["heading", "paragraph", "step", "item", "note", "table", "code", "image"]


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence: `text` as the article shows it (Markdown kept), `source` its English.

    `source` is None where the file does not give the English. `id` is unique within the article.
    """

    id: str
    text: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One visual unit of an article.

    `level` is the heading level (1-6), else the nesting depth (0 = outermost; a block that
    belongs to a step or an item stands one level deeper than that step).
    `label` is the number of a step ("3"), the kind of a note ("NOTE", "TIP", ...), the language
    of code, the address of an image (its segments are the alternative text), or the anchor of a
    heading.
    A table is one block a row: `cells` counts the segments of each cell, left to right, and
    `label` is "head" on the header row.
    """

    kind: BlockKind
    level: int
    segments: tuple[Segment, ...]
    label: str = ""
    cells: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """The block's Markdown in the article's own language."""
        return _joined(self, [segment.text for segment in self.segments])

    @property
    def source(self) -> str | None:
        """The block's Markdown in English, or None where any of its segments has none."""
        sources = [segment.source for segment in self.segments if segment.source is not None]
        return _joined(self, sources) if len(sources) == len(self.segments) else None

    def rows(self) -> tuple[str, ...]:
        """The text of each cell of a table row."""
        texts = iter(segment.text for segment in self.segments)
        return tuple(" ".join(next(texts) for _ in range(count)) for count in self.cells)


@dataclass(frozen=True, slots=True)
class Article:
    """One article in one locale.

    `id` is the path below the locale folder without its suffix: the same id in two locales is
    the same article. `url` is the public address of the page, if known; `updated` an ISO 8601
    date, if known; `attribution` the credit that a licence asks for, shown with the article.
    """

    id: str
    locale: str
    title: str
    blocks: tuple[Block, ...]
    url: str | None = None
    updated: str | None = None
    attribution: str | None = None

    @property
    def content_hash(self) -> str:
        """BLAKE2b of everything the article says, as hexadecimal."""
        return hashlib.blake2b(self.to_json().encode(), digest_size=16).hexdigest()

    @property
    def segments(self) -> Iterator[Segment]:
        for block in self.blocks:
            yield from block.segments

    @property
    def steps(self) -> int:
        """How many numbered steps the article has."""
        return sum(block.kind == "step" for block in self.blocks)

    def english(self) -> Article | None:
        """The English article that this one was translated from, or None where its file does not
        give the English of every segment.
        """
        if self.locale == ENGLISH:
            return self
        blocks = []
        for block in self.blocks:
            segments = []
            for segment in block.segments:
                if segment.source is None:
                    return None
                segments.append(Segment(segment.id, segment.source, segment.source))
            blocks.append(dataclasses.replace(block, segments=tuple(segments)))
        headings = (b.text for b in blocks if b.kind == "heading" and b.level == 1)
        title = plain(next(headings, "")) or self.title
        return dataclasses.replace(self, locale=ENGLISH, title=title, blocks=tuple(blocks))

    def completed(self, mark: str) -> Article:
        """The article with the English of each sentence that has not been translated, `mark`
        behind it in brackets.
        """
        if all(plain(segment.text) or not plain(segment.source or "") for segment in self.segments):
            return self
        return dataclasses.replace(self, blocks=tuple(_completed(b, mark) for b in self.blocks))

    def to_json(self) -> str:
        """A compact JSON text that `from_json` reads back."""
        return json.dumps(
            {
                **{name: getattr(self, name) for name in _SCALARS},
                "blocks": [
                    [
                        b.kind,
                        b.level,
                        b.label,
                        b.cells,
                        [[s.id, s.text, s.source] for s in b.segments],
                    ]
                    for b in self.blocks
                ],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Article:
        data: dict[str, Any] = json.loads(text)
        blocks = tuple(
            Block(kind, level, tuple(Segment(*s) for s in segments), label, tuple(cells))
            for kind, level, label, cells, segments in data.pop("blocks")
        )
        return cls(blocks=blocks, **data)


_SCALARS = ("id", "locale", "title", "url", "updated", "attribution")


def _completed(block: Block, mark: str) -> Block:
    # In code there is no room for a remark.
    behind = "" if block.kind == "code" else f" ({mark})"
    segments = (
        segment
        if plain(segment.text) or not segment.source
        else dataclasses.replace(segment, text=f"{segment.source}{behind}")
        for segment in block.segments
    )
    return dataclasses.replace(block, segments=tuple(segments))


def _joined(block: Block, texts: list[str]) -> str:
    return ("\n" if block.kind == "code" else " ").join(texts)
