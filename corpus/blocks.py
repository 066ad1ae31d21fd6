"""From folded Markdown (see `bilingual`) to blocks.

Numbered list items become steps, others items; a paragraph that continues an item stands one
level deeper than the item. A quote is a note.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from corpus.article import Block, BlockKind, Segment
from corpus.bilingual import MARK, Pair
from corpus.inline import html_images_as_markdown, resolve_address, without_tags
from corpus.markdown import Token, block_tokens, inline_tokens
from corpus.segments import Segmenter

# The spaces come from machine translation.
_ALERT = re.compile(r"\[!\s*(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\s*\]\s*", re.IGNORECASE)
_VIDEO = re.compile(r"\[!VIDEO\s+([^\s\[\]]+)\s*\]", re.IGNORECASE)
_ANCHOR = re.compile(r"<a\s+(?:name|id)=[\"']([^\"'<>]*)[\"']\s*/?>\s*(?:</a>)?", re.IGNORECASE)
# How often what is indented too far may hold what is indented too far again.
_DEDENT_DEPTH = 5


def read_blocks(markdown: str, pairs: Sequence[Pair], base: str | None) -> tuple[Block, ...]:
    """The blocks of a folded text. `base` is what relative links are resolved against."""
    tokens, references = block_tokens(markdown)
    return tuple(_Walk(Segmenter(pairs, base, references), base).blocks(tokens))


@dataclass(slots=True)
class _ListLevel:
    """A list that the walk is inside of; `pending` until the current item's text has come."""

    kind: BlockKind
    number: int
    pending: bool = False


@dataclass(slots=True)
class _Walk:
    """One pass over the block tokens of a file."""

    segmenter: Segmenter
    base: str | None
    lists: list[_ListLevel] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)
    heading: int = 0
    dedented: int = 0

    def blocks(self, tokens: Sequence[Token]) -> Iterator[Block]:
        tokens_left = iter(tokens)
        for token in tokens_left:
            match token.type:
                case "ordered_list_open":
                    self.lists.append(_ListLevel("step", int(token.attrs.get("start", 1)) - 1))
                case "bullet_list_open":
                    self.lists.append(_ListLevel("item", 0))
                case "ordered_list_close" | "bullet_list_close":
                    self.lists.pop()
                case "list_item_open":
                    self.lists[-1].number += 1
                    self.lists[-1].pending = True
                case "blockquote_open":
                    self.quotes.append("NOTE")
                case "blockquote_close":
                    self.quotes.pop()
                case "heading_open":
                    self.heading = int(token.tag[1])
                case "heading_close":
                    self.heading = 0
                case "inline":
                    yield from self._text(token.content)
                case "fence":
                    yield from self._fence(token)
                case "code_block":
                    yield from self._indented(token.content)
                case "html_block":
                    yield from self._html(token.content)
                case "table_open":
                    yield from self._table(tokens_left)

    def _text(self, content: str) -> Iterator[Block]:
        anchor = _ANCHOR.search(content)
        content = _VIDEO.sub(r"<\1>", _ANCHOR.sub("", content))
        if self.quotes and (alert := _ALERT.match(content)):
            self.quotes[-1] = alert.group(1).upper()
            content = content[alert.end() :]
        if image := self._image(content):
            yield image
        elif segments := self.segmenter.inline(content):
            yield self._block(segments, anchor.group(1) if anchor else "")

    def _block(self, segments: tuple[Segment, ...], anchor: str) -> Block:
        if self.heading:
            return Block("heading", self.heading, segments, anchor)
        if self.lists and self.lists[-1].pending:
            current = self.lists[-1]
            current.pending = False
            label = str(current.number) if current.kind == "step" else ""
            return Block(current.kind, len(self.lists) - 1, segments, label)
        if self.quotes:
            return Block("note", len(self.lists), segments, self.quotes[-1])
        return Block("paragraph", len(self.lists), segments)

    def _image(self, content: str) -> Block | None:
        """An image block, where a paragraph is one image and nothing else."""
        if not content.lstrip().startswith("!["):
            return None
        tokens = inline_tokens(content)
        images = [token for token in tokens if token.type == "image"]
        if len(images) != 1 or any(t.type not in ("image", "softbreak") for t in tokens):
            return None
        address = str(images[0].attrs.get("src", ""))
        label = resolve_address(address, self.base) or address
        segments = self.segmenter.inline(images[0].content)
        return Block("image", len(self.lists), segments, label)

    def _fence(self, token: Token) -> Iterator[Block]:
        language = token.info.strip()
        if MARK.search(language):
            yield from self._text(language)
            language = ""
        yield from self._code(token.content, language)

    def _code(self, content: str, language: str) -> Iterator[Block]:
        if segments := self.segmenter.code(content):
            yield Block("code", len(self.lists), segments, language)

    def _indented(self, content: str) -> Iterator[Block]:
        """Code; or, where it holds pairs, a list that was indented too far to be seen as one."""
        if not MARK.search(content):
            yield from self._code(content, "")
            return
        nested, _ = block_tokens(textwrap.dedent(content))
        if self.dedented == _DEDENT_DEPTH or nested[0].type == "code_block":
            for line in content.splitlines():
                yield from self._text(line.strip())
            return
        self.dedented += 1
        yield from self.blocks(nested)
        self.dedented -= 1

    def _html(self, content: str) -> Iterator[Block]:
        for line in without_tags(html_images_as_markdown(content)).splitlines():
            if line.strip():
                yield from self._text(line.strip())

    def _table(self, tokens: Iterator[Token]) -> Iterator[Block]:
        cells: list[tuple[Segment, ...]] = []
        head = False
        for token in tokens:
            if token.type == "table_close":
                return
            if token.type == "tr_open":
                cells = []
            elif token.type in ("th_open", "td_open"):
                head = token.type == "th_open"
            elif token.type == "inline":
                cells.append(self.segmenter.inline(token.content))
            elif token.type == "tr_close" and any(cells):
                segments = tuple(segment for cell in cells for segment in cell)
                counts = tuple(len(cell) for cell in cells)
                yield Block("table", len(self.lists), segments, "head" if head else "", counts)
