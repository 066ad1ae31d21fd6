"""The side-by-side format: every sentence in two languages, in one Markdown file.

A sentence stands as a pair of spans, the localized text first, its source beside it, both with
the same identifier (as in the `live-sxs` branches of localized documentation repositories)::

    <span data-ttu-id="7ab61-101">TARGET</span><span class="sxs-lookup"><span
    data-stu-id="7ab61-101">SOURCE</span></span>

Both texts may hold Markdown, line breaks and HTML, often damaged by machine translation. So
before the file is read as Markdown, `fold` puts a short mark in place of each pair: what stands
inside a pair can then never be taken for the structure around it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

# A text may hold spans of its own, but never the beginning of another pair.
_TARGET_END = r'</span>\s*<span class="sxs-lookup">\s*<span data-stu-id="[^"<>]*">'
_SOURCE_END = r"</span>\s*</span>"
_TEXT = r"([^<]*+(?:<(?!span data-|{end})[^<]*+)*+)"
_PAIR = re.compile(
    r'<span data-ttu-id="([^"<>]*)">'
    + _TEXT.format(end=_TARGET_END[1:])
    + _TARGET_END
    + _TEXT.format(end=_SOURCE_END[1:])
    + _SOURCE_END
)
_HALF = re.compile(r"data-[ts]tu-id=")
# Noncharacters: Unicode reserves them for a program's own use, so no text needs them.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_FOREIGN_MARKS = str.maketrans(dict.fromkeys((_OPEN, _CLOSE), "\ufffd"))
MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence and its English, as they stand in the file."""

    id: str
    target: str
    source: str


def as_spans(pair: Pair) -> str:
    """The pair of spans, as `fold` finds it."""
    name = html.escape(pair.id)
    return (
        f'<span data-ttu-id="{name}">{pair.target}</span><span class="sxs-lookup">'
        f'<span data-stu-id="{name}">{pair.source}</span></span>'
    )


def fold(text: str) -> tuple[str, list[Pair]]:
    """Replace each pair of spans by a mark; `MARK`'s group 1 is the pair's place in the list."""
    pairs: list[Pair] = []

    def mark(match: re.Match[str]) -> str:
        pairs.append(Pair(*match.groups()))
        return f"{_OPEN}{len(pairs) - 1}{_CLOSE}"

    return _PAIR.sub(mark, text.translate(_FOREIGN_MARKS) if _OPEN in text else text), pairs


def source_text(text: str) -> str:
    """The text with each pair of spans replaced by its source."""
    return _PAIR.sub(r"\3", text)


def unpaired(text: str) -> list[int]:
    """The lines (from 1) of a file on which a half of a pair stands without the other."""
    if len(_HALF.findall(text)) == 2 * len(_PAIR.findall(text)):
        return []
    rest = _PAIR.sub(lambda match: "\n" * match.group().count("\n"), text)
    return [n for n, line in enumerate(rest.split("\n"), 1) if _HALF.search(line)]
