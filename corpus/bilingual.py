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

import re
from dataclasses import dataclass

_PAIR = re.compile(
    r'<span data-ttu-id="([^"]*)">(.*?)</span>\s*<span class="sxs-lookup">\s*'
    r'<span data-stu-id="[^"]*">(.*?)</span>\s*</span>',
    re.DOTALL,
)
# Noncharacters: Unicode reserves them for a program's own use, so no file holds them.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence and its English, as they stand in the file."""

    id: str
    target: str
    source: str


def fold(text: str) -> tuple[str, list[Pair]]:
    """Replace each pair of spans by a mark; `MARK`'s group 1 is the pair's place in the list."""
    pairs: list[Pair] = []

    def mark(match: re.Match[str]) -> str:
        pairs.append(Pair(*match.groups()))
        return f"{_OPEN}{len(pairs) - 1}{_CLOSE}"

    return _PAIR.sub(mark, text), pairs


def unpaired(text: str) -> list[int]:
    """The lines (from 1) of a file on which a half of a pair stands without the other."""
    rest = _PAIR.sub(lambda match: "\n" * match.group().count("\n"), text)
    lines = rest.split("\n")
    return [
        n for n, line in enumerate(lines, 1) if "data-ttu-id=" in line or "data-stu-id=" in line
    ]
