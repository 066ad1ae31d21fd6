"""From folded Markdown (see `bilingual`) to blocks.

The block structure comes from markdown-it (CommonMark and tables). Numbered list items become
steps, others items; a paragraph that continues an item stands one level deeper than the item.
What stands outside the pairs in a bilingual file is the same in both languages (link addresses,
code, product names in tables), so its source is itself; in a plain file there is no source.
"""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from corpus.article import Block, BlockKind, Segment
from corpus.bilingual import MARK, Pair
from corpus.inline import plain, resolve_address, resolve_links, without_tags

_ALERT = re.compile(r"\[!([A-Za-z]+)\]\s*")
_ANCHOR = re.compile(r"<a\s+(?:name|id)=\"([^\"]*)\"\s*>\s*(?:</a>)?", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


@functools.cache
def _block_parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").disable("inline")


@functools.cache
def _inline_parser() -> MarkdownIt:
    return MarkdownIt("commonmark")


def read_blocks(markdown: str, pairs: Sequence[Pair], base: str | None) -> tuple[Block, ...]:
    """The blocks of a folded text. `base` is what relative links are resolved against."""
    return tuple(_Walk(pairs, base).blocks(_block_parser().parse(markdown)))


@dataclass(slots=True)
class _ListLevel:
    """A list that the walk is inside of; `pending` until the current item's text has come."""

    kind: BlockKind
    number: int
    pending: bool = False


@dataclass(slots=True)
class _Walk:
    """One pass over the block tokens of a file."""

    pairs: Sequence[Pair]
    base: str | None
    lists: list[_ListLevel] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)
    heading: int = 0
    unnamed: int = 0

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
                    yield from self._code(token.content, token.info.strip())
                case "code_block":
                    yield from self._indented(token.content)
                case "html_block":
                    yield from self._html(token.content)
                case "table_open":
                    yield from self._table(tokens_left)

    def _text(self, content: str) -> Iterator[Block]:
        anchor = _ANCHOR.search(content)
        content = _ANCHOR.sub("", content)
        if self.quotes and (alert := _ALERT.match(content)):
            self.quotes[-1] = alert.group(1).upper()
            content = content[alert.end() :]
        if image := self._image(content):
            yield image
            return
        segments = self.segments(content)
        if not segments:
            return
        if self.heading:
            yield Block("heading", self.heading, segments, anchor.group(1) if anchor else "")
        elif self.lists and self.lists[-1].pending:
            self.lists[-1].pending = False
            current = self.lists[-1]
            label = str(current.number) if current.kind == "step" else ""
            yield Block(current.kind, len(self.lists) - 1, segments, label)
        elif self.quotes:
            yield Block("note", len(self.lists), segments, self.quotes[-1])
        else:
            yield Block("paragraph", len(self.lists), segments)

    def _image(self, content: str) -> Block | None:
        """An image block, where a paragraph is one image and nothing else."""
        if not content.lstrip().startswith("!["):
            return None
        children = _inline_parser().parseInline(content)[0].children or []
        images = [child for child in children if child.type == "image"]
        if len(images) != 1 or any(c.type not in ("image", "softbreak") for c in children):
            return None
        address = str(images[0].attrs.get("src", ""))
        segments = self.segments(images[0].content) or (self._outside(address),)
        label = resolve_address(address, self.base) or address
        return Block("image", len(self.lists), segments, label)

    def _code(self, content: str, language: str) -> Iterator[Block]:
        segments = tuple(self._pieces(content.rstrip("\n"), ("", ""), verbatim=True))
        if segments:
            yield Block("code", len(self.lists), segments, language)

    def _indented(self, content: str) -> Iterator[Block]:
        """Code; or, where it holds pairs, a list that was indented too far to be seen as one."""
        if not MARK.search(content):
            yield from self._code(content, "")
            return
        nested = _block_parser().parse(textwrap.dedent(content))
        if nested and nested[0].type == "code_block":
            for line in content.splitlines():
                yield from self._text(line.strip())
        else:
            yield from self.blocks(nested)

    def _html(self, content: str) -> Iterator[Block]:
        for line in without_tags(content).splitlines():
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
                cells.append(self.segments(token.content))
            elif token.type == "tr_close" and any(cells):
                segments = tuple(segment for cell in cells for segment in cell)
                counts = tuple(len(cell) for cell in cells)
                yield Block("table", len(self.lists), segments, "head" if head else "", counts)

    def segments(self, content: str) -> tuple[Segment, ...]:
        """The segments of inline Markdown: one for each pair, one for each text between them."""
        content = _BREAK.sub(" ", content)
        if not MARK.search(content):
            text = resolve_links(content.strip(), self.base)
            return (self._outside(text),) if plain(text) or "![" in text else ()
        found: list[Segment] = []
        for text, wrap in self._runs(content):
            found.extend(self._pieces(text, wrap))
        return _attach_punctuation(found)

    def _runs(self, content: str) -> Iterator[tuple[str, tuple[str, str]]]:
        """Runs of text outside inline tokens, each with the marks that stand around it."""
        around: list[tuple[str, str]] = []
        for token in _inline_parser().parseInline(content)[0].children or []:
            if token.nesting == 1:
                around.append(self._marks(token))
            elif token.nesting == -1:
                around.pop()
            else:
                text = self._leaf(token)
                before = "".join(opening for opening, _ in around)
                after = "".join(closing for _, closing in reversed(around))
                yield text, (before, after)

    def _marks(self, token: Token) -> tuple[str, str]:
        if token.type != "link_open":
            return token.markup, token.markup
        address = resolve_address(str(token.attrs.get("href", "")), self.base)
        return ("[", f"]({address})") if address else ("", "")

    def _leaf(self, token: Token) -> str:
        match token.type:
            case "softbreak" | "hardbreak":
                return " "
            case "code_inline":
                return f"`{token.content}`"
            case "image":
                address = resolve_address(str(token.attrs.get("src", "")), self.base)
                return f"![{token.content}]({address})" if address else token.content
            case "html_inline":
                return without_tags(token.content)
            case _:
                return token.content

    def _pieces(
        self, text: str, wrap: tuple[str, str], *, verbatim: bool = False
    ) -> Iterator[Segment]:
        before, after = wrap
        parts = MARK.split(text)
        for place, part in enumerate(parts):
            if place % 2:
                pair = self.pairs[int(part)]
                target, source = (
                    f"{before}{resolve_links(t.strip(), self.base)}{after}"
                    for t in (pair.target, pair.source)
                )
                yield Segment(pair.id, target, source)
            elif part.strip():
                yield self._outside(part if verbatim else f"{before}{part.strip()}{after}")

    def _outside(self, text: str) -> Segment:
        """A segment for text that stands in no pair."""
        self.unnamed += 1
        return Segment(f"t{self.unnamed}", text, text if self.pairs else None)


def _attach_punctuation(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Join what holds no word (a full stop, a bracket, a dash) to the segment before it."""
    joined: list[Segment] = []
    for segment in segments:
        wordless = segment.id.startswith("t") and not any(c.isalnum() for c in segment.text)
        if wordless and joined and not segment.text.startswith("!["):
            last = joined[-1]
            source = None if last.source is None else last.source + (segment.source or "")
            joined[-1] = Segment(last.id, last.text + segment.text, source)
        else:
            joined.append(segment)
    return tuple(joined)
