"""The YAML between two `---` lines at the beginning of a file.

It is often not valid (unquoted colons, tabs); then each `key: value` line is read by itself. What
stands between two such lines but holds no keys is text between two rules, and no front matter.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from corpus.bilingual import fold, source_text

_BETWEEN_RULES = re.compile(r"\A\s*---[ \t]*\n(?!\s*\n)(.*?\n)??---[ \t]*(?:\n|\Z)", re.DOTALL)
_UNCLOSED = re.compile(r"\A\s*---[ \t]*\n[\w.-]+:[ \t]", re.ASCII)
_KEY_AND_VALUE = re.compile(
    r"^([a-z][\w.-]*)[ \t]*:[ \t]+(.*)$", re.ASCII | re.IGNORECASE | re.MULTILINE
)
_NOTHING = ("", "~", "null")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a file says of itself; `body` is the text below, which begins on line `first_line`.

    `problem` is what is wrong with it, on line `problem_line`.
    """

    values: Mapping[str, Any]
    body: str
    first_line: int = 1
    problem: str = ""
    problem_line: int = 1

    def text(self, key: str) -> str | None:
        """A value as text; None where there is none, or where it is a list or a mapping."""
        value = self.values.get(key)
        return value.strip() if isinstance(value, str) and value not in _NOTHING else None

    def date(self) -> str | None:
        """ISO 8601 date of `updated` or `ms.date`, which is written month first (11/13/2018)."""
        text = self.text("updated") or self.text("ms.date") or ""
        for form in ("%m/%d/%Y", "%Y-%m-%d"):
            try:
                day = re.split(r"[T\s]", text)[0]
                return datetime.datetime.strptime(day, form).date().isoformat()  # noqa: DTZ007
            except ValueError:
                continue
        return None


def split_front_matter(text: str) -> FrontMatter:
    """The front matter of a file, and the text below it."""
    match = _BETWEEN_RULES.match(text)
    if match is None:
        unclosed = "front matter is not closed by ---: it is read as text."
        return FrontMatter({}, text, problem=unclosed if _UNCLOSED.match(text) else "")
    yaml_text = match.group(1) or ""
    values, problem, line = _parsed(yaml_text)
    if values is None:
        return FrontMatter({}, text)
    return FrontMatter(
        values,
        text[match.end() :],
        1 + text.count("\n", 0, match.end()),
        problem,
        1 + text.count("\n", 0, match.start(1)) + line if match.group(1) else 1,
    )


def _parsed(text: str) -> tuple[Mapping[str, Any] | None, str, int]:
    """The values (None where the text is no front matter), what is wrong, and where (from 0)."""
    try:
        loaded = yaml.load(text, Loader=_loader()) or {}  # noqa: S506 - it makes nothing but text
    except (yaml.YAMLError, RecursionError) as error:
        if not _KEY_AND_VALUE.search(source_text(text)):
            return None, "", 0
        mark = getattr(error, "problem_mark", None)
        return _line_by_line(text), _invalid(text), mark.line if mark else 0
    return (loaded if isinstance(loaded, dict) else None), "", 0


def _invalid(text: str) -> str:
    lost = len(fold(text)[1])
    consequence = f"; {lost} sentence pairs in it are left out." if lost else "."
    return f"front matter is not valid YAML: read line by line (quote the value){consequence}"


@functools.cache
def _loader() -> type[Any]:
    """The loader that leaves all values text (a locale `no` is not False, a date can't be wrong).

    Libyaml's where PyYAML has it, which is ten times as fast.
    """
    return getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def _line_by_line(text: str) -> dict[str, Any]:
    return {key: value.strip().strip("\"'") for key, value in _KEY_AND_VALUE.findall(text)}
