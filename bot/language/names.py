"""Product names and the like, which are the same in every language and so are evidence for none.

`bot.language.training` finds them in bilingual articles: words that translations leave as they are.
Beside these go addresses, codes, and names that are written together (`IgnoreLegalHold`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

NAMES = "names.txt"
WORD = re.compile(r"[^\W\d_]+")
_CODES = re.compile(
    r"\w+://\S+|\S+@\S+|\S*[\\/]\S*[\\/]\S*|\b\w+(?:\.\w+)+\b|\b\w*\d\w*\b|\b[A-Z]?[a-z]+[A-Z]\w*"
)


class Names:
    """Takes names out of texts."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` in lower case."""
        self._names = frozenset(names)

    def without(self, text: str) -> str:
        """The text without names and codes."""
        return WORD.sub(self._blank, _CODES.sub(" ", text))

    def _blank(self, word: re.Match[str]) -> str:
        return " " if word.group().lower() in self._names else word.group()

    @classmethod
    def load(cls, folder: Path) -> Names:
        """Read what `save` wrote."""
        return cls((folder / NAMES).read_text(encoding="utf-8").split())


def save(names: Iterable[str], folder: Path) -> None:
    """Write names into a folder."""
    (folder / NAMES).write_text("\n".join(names) + "\n", encoding="utf-8")
