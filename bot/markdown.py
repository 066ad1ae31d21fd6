"""An article's Markdown as text for an Adaptive Card's TextBlock.

Teams reads that text as Markdown again, each client in its own dialect: all know bold, italics
and links, none should be left to guess at the rest. So the article's Markdown is parsed here and
written anew, with marks that every client reads alike and everything else escaped. What looks
like damaged Markdown stays, as text.
"""

from __future__ import annotations

import functools
import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from corpus.inline import without_tags

# Stands before what would start a list, a heading, a quote or a link definition. A backslash
# would do on a desktop, but Teams on a phone shows it.
_ZERO_WIDTH_SPACE = "\u200b"
_HAIR_SPACE = "\u200a"

_SCHEMES = frozenset({"http", "https", "mailto"})
_BLOCK_START = re.compile(
    r"(?:\d{1,9}[.)]|[-+]|#{1,6})(?=\s|\Z)|>|-{3}|~{3}|\[[^\]]+\]:"  # in the text as it is sent
)
_SPECIAL = re.compile(
    r"[*`]"
    r"|(?<!\w)_|_(?!\w)"  # inside a word an underscore means nothing
    r"|~(?=~)"
    r"|(?<=\])\("
    r"|&(?=#?\w+;)"
    r"|\\(?=[!-/:-@\[-`{-~]|\Z)"
)
_BRACKET = re.compile(r"[\[\]]")
_SPACES = re.compile(r"\s{2,}|[\t\n\r]")
# Two asterisks that touch their text. CommonMark also asks what stands outside of them, which
# fails where Chinese or Japanese quotation marks are inside and no space is around.
_STRONG = re.compile(r"\*\*(?![\s*])((?:(?!\*\*).)+?)(?<![\s*])\*\*(?!\*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one style; `href` is where it leads if it is a link."""

    text: str
    bold: bool = False
    italic: bool = False
    href: str | None = None


def card_markdown(texts: Iterable[str]) -> str:
    """Sentences of Markdown as one line of Markdown for a TextBlock, joined by a space.

    Each is parsed by itself, so that damage in one does not spread to the next.
    """
    parsed: list[Run] = []
    for text in texts:
        if parsed:
            parsed.append(Run(" "))
        parsed.extend(runs(text))
    return _guarded("".join(_written(parsed)))


def card_text(text: str) -> str:
    """Text that holds no Markdown, for a TextBlock."""
    return _guarded(_escaped(text))


def runs(markdown: str) -> Iterator[Run]:
    """The text of inline Markdown in its styles: entities resolved, HTML tags as spaces.

    Inline code is bold, as a TextBlock has no code. Links other than http, https and mailto are
    text.
    """
    open_marks: list[str] = []
    href: str | None = None
    for token in _parser().parseInline(markdown)[0].children or []:
        if token.type == "link_open":
            href = _safe(str(token.attrs.get("href", "")))
        elif token.type == "link_close":
            href = None
        elif token.nesting == 1:
            open_marks.append(token.tag)
        elif token.nesting == -1:
            open_marks.remove(token.tag)
        elif text := _visible(token):
            bold = "strong" in open_marks or token.type == "code_inline"
            yield Run(text, bold, "em" in open_marks or token.type == "image", href)


def _visible(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " "
    text = without_tags(token.content) if token.type == "html_inline" else token.content
    return _SPACES.sub(" ", text)


def _safe(address: str) -> str | None:
    try:
        known = urlsplit(address).scheme.lower() in _SCHEMES
    except ValueError:
        return None
    return address.replace("(", "%28").replace(")", "%29") if known else None


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.inline.ruler.before("emphasis", "strong", _strong)
    return parser


def _strong(state: StateInline, silent: bool) -> bool:
    """The markdown-it rule for `_STRONG`; three asterisks are left to CommonMark's rule."""
    if state.src[max(state.pos - 1, 0) : state.pos] == "*":
        return False
    match = _STRONG.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        end = state.posMax
        state.push("strong_open", "strong", 1)
        state.pos, state.posMax = match.span(1)
        state.md.inline.tokenize(state)
        state.push("strong_close", "strong", -1)
        state.posMax = end
    state.pos = match.end()
    return True


def _written(parsed: list[Run]) -> Iterator[str]:
    """Each run as Markdown, with an eye to the characters that touch it."""
    before = ""
    for run, following in zip_longest(parsed, parsed[1:]):
        after = "[" if following and following.href else following.text[:1] if following else ""
        text = _marked(run, before[-1:], after)
        if before.endswith("*") and text.startswith("*"):
            yield _HAIR_SPACE  # or the marks of two runs would be read as one
        yield text
        before = text


def _marked(run: Run, before: str, after: str) -> str:
    if not (run.bold or run.italic or run.href):
        return _escaped(run.text)
    if run.href:
        before = after = ""
    start, end = _span(run.text, before, after)
    if start >= end:
        return _escaped(run.text)
    core = _escaped(run.text[start:end], in_link=run.href is not None)
    marks = "*" * (2 * run.bold + run.italic)
    core = f"{marks}{core}{marks}"
    core = f"[{core}]({run.href})" if run.href else core
    return _escaped(run.text[:start]) + core + _escaped(run.text[end:])


def _span(text: str, before: str, after: str) -> tuple[int, int]:
    """Which part of the text the marks may enclose for every client to see them as marks.

    Never the spaces around it; nor punctuation at an end that a letter touches from outside.
    """
    bare = text.strip()
    start = text.find(bare)
    end = start + len(bare)
    if start == 0 and _is_letter(before):
        start += sum(1 for _ in takewhile(_is_no_letter, bare))
    if end == len(text) and _is_letter(after):
        end -= sum(1 for _ in takewhile(_is_no_letter, reversed(bare)))
    return start, end


def _is_letter(char: str) -> bool:
    """Whether any client may take the character for part of a word; "" is none."""
    if not char or char.isspace() or char in string.punctuation:
        return False
    return unicodedata.category(char)[0] != "P"


def _is_no_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "PSZ"


def _escaped(text: str, *, in_link: bool = False) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", text)
    return _BRACKET.sub(r"\\\g<0>", text) if in_link else text


def _guarded(text: str) -> str:
    text = text.strip()
    return _ZERO_WIDTH_SPACE + text if _BLOCK_START.match(text) else text
