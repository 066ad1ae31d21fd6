"""The one home of markdown-it here: CommonMark and tables, parsed to tokens.

The block rules know one thing more than CommonMark: a line that holds the mark of a sentence pair
(see `bilingual`) is never the definition of a link, as a definition does not show on a page.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.reference import reference
from markdown_it.token import Token

from corpus.bilingual import MARK

__all__ = ["Token", "block_tokens", "inline_tokens"]

# A definition's label, address and title may stand on a line each.
_DEFINITION_LINES = 3
# Levels of lists and quotes (a list is two). Deeper ones fall away, as Python's stack is finite.
_NESTING = {"maxNesting": 120}


def block_tokens(markdown: str) -> tuple[Sequence[Token], Mapping[str, str]]:
    """The block structure, and the address of each link that is defined, by its label."""
    env: dict[str, dict[str, dict[str, str]]] = {}
    tokens = _block_parser().parse(markdown, env)
    defined = env.get("references", {})
    return tokens, {label: definition["href"] for label, definition in defined.items()}


def inline_tokens(markdown: str) -> Sequence[Token]:
    """The tokens of one paragraph's text.

    Escapes and entities are tokens of their own, of the type `text_special`: `content` is what
    shows, `markup` what is written.
    """
    return _inline_parser().parseInline(markdown)[0].children or ()


@functools.cache
def _block_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", _NESTING).enable("table").disable("inline")
    parser.block.ruler.at("reference", _definition)
    return parser


@functools.cache
def _inline_parser() -> MarkdownIt:
    return MarkdownIt("commonmark").disable("text_join")


def _definition(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    last = min(first + _DEFINITION_LINES, end) - 1
    if MARK.search(state.src[state.bMarks[first] : state.eMarks[last]]):
        return False
    return reference(state, first, end, silent)
