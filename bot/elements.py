"""An article's blocks as elements of an Adaptive Card, at most version 1.5.

Lists in Markdown break on Teams' phones, so each step and item is an element of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from bot.markdown import card_markdown, card_text
from bot.strings import Strings
from corpus.article import Block
from corpus.inline import plain

Element = dict[str, Any]

_INDENT = "24px"
_NO_BREAK_SPACE = "\u00a0"
_NOTE_STYLES = {
    "TIP": "good",
    "IMPORTANT": "accent",
    "WARNING": "warning",
    "CAUTION": "attention",
}


def text_block(text: str, **properties: object) -> Element:
    """A TextBlock that wraps. The text is Markdown."""
    return {"type": "TextBlock", "text": text, "wrap": True, **properties}


def container(items: Sequence[Element], **properties: object) -> Element:
    """A Container of elements."""
    return {"type": "Container", **properties, "items": list(items)}


def elements(blocks: Sequence[Block], strings: Strings) -> list[Element]:
    """The elements that show the blocks. `strings` are those of the article's own language."""
    return [_indented(_element(group, strings), _depth(group[0])) for group in _groups(blocks)]


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Blocks that make one element: the rows of a table, the paragraphs of a note, else one."""
    group: list[Block] = []
    for block in blocks:
        if group and not _continues(group[-1], block):
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _continues(last: Block, block: Block) -> bool:
    if (last.kind, last.level) != (block.kind, block.level):
        return False
    if block.kind == "note":
        return last.label == block.label
    return block.kind == "table" and block.label != "head"


def _element(group: list[Block], strings: Strings) -> Element:
    block = group[0]
    match block.kind:
        case "heading":
            return _heading(block)
        case "step":
            return _marked(card_text(f"{block.label}."), block)
        case "item":
            return _marked("•", block)
        case "note":
            return _note(group, strings)
        case "code":
            return _code(block)
        case "table":
            return _table(group)
        case "image":
            return _image(block, strings)
        case "paragraph":
            return _text(block)


def _text(block: Block) -> Element:
    return text_block(card_markdown(segment.text for segment in block.segments))


def _heading(block: Block) -> Element:
    size = "Medium" if block.level <= 2 else "Default"
    return _text(block) | {"size": size, "weight": "Bolder", "style": "heading"}


def _marked(mark: str, block: Block) -> Element:
    columns = [
        _column("auto", {"type": "TextBlock", "text": mark}),
        _column("stretch", _text(block)),
    ]
    return {"type": "ColumnSet", "spacing": "Small", "columns": columns}


def _note(group: list[Block], strings: Strings) -> Element:
    kind = group[0].label
    label = text_block(strings.get(f"note-{kind}"), weight="Bolder")
    texts = [_text(block) | {"spacing": "Small"} for block in group]
    return container([label, *texts], style=_NOTE_STYLES.get(kind, "emphasis"))


def _code(block: Block) -> Element:
    """Code runs from left to right in any language. A RichTextBlock reads no Markdown."""
    lines = [_code_line(line) for line in block.text.splitlines()]
    return container(lines, style="emphasis", rtl=False)


def _code_line(line: str) -> Element:
    # Renderers drop spaces at the beginning of a line, and lines that are empty.
    code = line.lstrip(" \t")
    indent = _NO_BREAK_SPACE * (len(line.expandtabs(4)) - len(code.expandtabs(4)))
    run = {"type": "TextRun", "text": indent + code or _NO_BREAK_SPACE, "fontType": "Monospace"}
    return {"type": "RichTextBlock", "spacing": "None", "inlines": [run]}


def _table(rows: list[Block]) -> Element:
    width = max(len(row.cells) for row in rows)
    return {
        "type": "Table",
        "firstRowAsHeaders": rows[0].label == "head",
        "columns": [{"width": 1}] * width,
        "rows": [_row(row, width) for row in rows],
    }


def _row(row: Block, width: int) -> Element:
    texts = [card_markdown(cell) for cell in _cells(row)]
    texts += [""] * (width - len(texts))
    cells = [{"type": "TableCell", "items": [text_block(text)]} for text in texts]
    return {"type": "TableRow", "cells": cells}


def _cells(row: Block) -> Iterator[list[str]]:
    """The sentences of each cell."""
    segments = iter(row.segments)
    for count in row.cells:
        yield [next(segments).text for _ in range(count)]


def _image(block: Block, strings: Strings) -> Element:
    alternative = plain(block.text) or strings.get("image-alt-missing")
    address = urlsplit(block.label)
    if address.scheme == "https" and address.netloc:
        return {"type": "Image", "url": block.label, "altText": alternative}
    return text_block(card_markdown([f"*{alternative}*"]))


def _depth(block: Block) -> int:
    return 0 if block.kind == "heading" else block.level


def _indented(element: Element, depth: int) -> Element:
    if depth == 0:
        return element
    spacers = [_column(_INDENT) for _ in range(depth)]
    if element["type"] == "ColumnSet":
        return element | {"columns": [*spacers, *element["columns"]]}
    return {
        "type": "ColumnSet",
        "spacing": "Small",
        "columns": [*spacers, _column("stretch", element)],
    }


def _column(width: str, *items: Element) -> Element:
    return {"type": "Column", "width": width, "spacing": "Small", "items": list(items)}
