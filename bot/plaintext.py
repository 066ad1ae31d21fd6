"""An article's blocks as lines of plain text, for where no card can be shown."""

from __future__ import annotations

from bot.strings import Strings
from corpus.article import Block
from corpus.inline import plain


def block_text(block: Block, strings: Strings) -> str:
    """One block in plain text. `strings` are those of the article's own language."""
    indent = "   " * block.level
    match block.kind:
        case "heading":
            return f"\n{plain(block.text)}"
        case "step":
            return f"{indent}{block.label}. {plain(block.text)}"
        case "item":
            return f"{indent}• {plain(block.text)}"
        case "note":
            return f"{indent}[{strings.get(f'note-{block.label}')}] {plain(block.text)}"
        case "table":
            return indent + " | ".join(plain(cell) for cell in block.rows())
        case "code":
            return block.text
        case "image":
            return f"{indent}[{plain(block.text) or strings.get('image-alt-missing')}]"
        case "paragraph":
            return indent + plain(block.text)
