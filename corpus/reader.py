"""Reads folders of Markdown articles.

A corpus is a folder with one folder per locale (`tr-TR/reset-password.md`), or loose files whose
front matter names their locale. English plain files stand in `en-US/`. What is known of the
format, and where it comes from:

- A file starts with YAML front matter between two `---` lines. It is often not valid YAML
  (unquoted colons, tabs); then each `key: value` line is read by itself.
- The locale is `ms.contentlocale` or `locale` of the front matter, else the locale folder's name.
- The id is the path below the locale folder without its suffix. A loose file's id is its
  `ms.assetid`, else the anchor of its first heading, else its name.
- `includes` folders hold fragments that articles pull in with `[!INCLUDE [label](path)]`; they
  are no articles themselves.
- The title is the first level-1 heading; `title` of the front matter is often poorer.
- Relative links are resolved against `base_url` of the front matter, else the configured one.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import langcodes
import yaml
from langcodes.tag_parser import LanguageTagError

from corpus.article import ENGLISH, Article, Block
from corpus.bilingual import fold, unpaired
from corpus.blocks import read_blocks
from corpus.inline import plain

SUFFIXES = frozenset({".md", ".markdown", ".txt"})
_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(.*?\n)?---[ \t]*(?:\n|\Z)", re.DOTALL)
_INCLUDE = re.compile(r"\[!INCLUDE\s*\[[^\]]*\]\(([^)]+)\)\s*\]", re.IGNORECASE)
_LOCALE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|\d{3}))?", re.ASCII)
_INCLUDE_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file: what, and on which line (from 1)."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a corpus, and the folder that was named on the command line."""

    path: Path
    root: Path

    @property
    def is_fragment(self) -> bool:
        """Whether the file is only there to be included in others."""
        return "includes" in self.path.relative_to(self.root).parts[:-1]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came out of one file. `article` is None where it could not be read."""

    source: Source
    article: Article | None
    problems: tuple[Problem, ...]
    file_hash: str


class UnreadableFile(ValueError):  # noqa: N818 - reads as a sentence where it is raised
    """A file that is no text, or can't be opened."""


def corpus_files(roots: Iterable[Path]) -> Iterator[Source]:
    """The article files below the given folders, in a stable order.

    Raises FileNotFoundError for a folder that isn't there.
    """
    for root in roots:
        if not root.exists():
            raise FileNotFoundError(f"{root} does not exist: name a folder of articles.")
        paths = [root] if root.is_file() else sorted(root.rglob("*"))
        for path in paths:
            hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
            if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
                yield Source(path, root.parent if root.is_file() else root)


def read_corpus(
    roots: Iterable[Path],
    base_url: str | None = None,
    on_problem: Callable[[Problem], None] | None = None,
) -> Iterator[Article]:
    """Every article below the given folders. An unreadable file is reported and passed over."""
    for source in corpus_files(roots):
        if source.is_fragment:
            continue
        reading = read_file(source, base_url)
        for problem in reading.problems:
            if on_problem:
                on_problem(problem)
        if reading.article:
            yield reading.article


def read_file(source: Source, base_url: str | None = None, known_hash: str = "") -> Reading:
    """Read one file. Where its hash is `known_hash` the article is not read again (None)."""
    problems: list[Problem] = []
    try:
        text = _text(source, problems)
    except UnreadableFile as error:
        return Reading(source, None, (Problem(source.path, 1, str(error)),), "")
    digest = hashlib.blake2b(f"{base_url}\0{text}".encode(), digest_size=16).hexdigest()
    if digest == known_hash:
        return Reading(source, None, (), digest)
    article = _article(source, text, base_url, problems)
    return Reading(source, article, tuple(problems), digest)


def _article(
    source: Source, text: str, base_url: str | None, problems: list[Problem]
) -> Article | None:
    def report(line: int, message: str) -> None:
        problems.append(Problem(source.path, line, message))

    match = _FRONT_MATTER.match(text)
    meta = _front_matter(match.group(1) or "", report) if match else {}
    body = text[match.end() :] if match else text
    locale, article_id = _identity(source, meta)
    if locale is None:
        report(1, "no locale: name it in the front matter (locale: tr-TR) or by the folder.")
        return None
    first_line = text.count("\n", 0, match.end()) if match else 0
    for line in unpaired(body):
        report(first_line + line, "half of a sentence pair: its other span is missing.")
    base = _text_value(meta, "base_url") or base_url
    base = None if base is None else base.rstrip("/") + "/"
    folded, pairs = fold(body)
    blocks = read_blocks(folded, pairs, base)
    if not blocks:
        report(first_line + 1, "no text below the front matter.")
        return None
    heading = next((b for b in blocks if b.kind == "heading" and b.level == 1), None)
    title = plain(heading.text) if heading else plain(_text_value(meta, "title") or "")
    if not title:
        report(first_line + 1, "no title: add a level-1 heading (# Title).")
        title = plain(blocks[0].text)[:80]
    return Article(
        id=article_id or _anchor_id(blocks) or source.path.stem,
        locale=locale,
        title=title,
        blocks=blocks,
        url=_text_value(meta, "url") or _address(base, article_id),
        updated=_date(meta),
        attribution=_text_value(meta, "attribution"),
    )


def _text(source: Source, problems: list[Problem]) -> str:
    """A file's text with its includes in place, its lines ended by line feeds."""
    text = _decoded(source.path, problems)
    return _with_includes(text, source.path, source.root.resolve(), problems, _INCLUDE_DEPTH)


def _decoded(path: Path, problems: list[Problem]) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"can't be opened: {error.strerror}.") from error
    if b"\0" in raw:
        raise UnreadableFile("is not a text file (holds NUL bytes): save it as UTF-8.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.append(Problem(path, line, "not valid UTF-8: bad bytes are shown as \ufffd."))
        text = raw.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _with_includes(text: str, path: Path, root: Path, problems: list[Problem], depth: int) -> str:
    if "[!INCLUDE" not in text.upper():
        return text

    def included(match: re.Match[str]) -> str:
        target = (path.parent / match.group(1).strip()).resolve()
        if depth == 0 or not target.is_relative_to(root) or not target.is_file():
            line = text.count("\n", 0, match.start()) + 1
            problems.append(Problem(path, line, f"include {match.group(1)} is not in the corpus."))
            return ""
        inner = _FRONT_MATTER.sub("", _decoded(target, problems), count=1)
        return _with_includes(inner.strip(), target, root, problems, depth - 1)

    return _INCLUDE.sub(included, text)


def _front_matter(text: str, report: Callable[[int, str], None]) -> dict[str, Any]:
    try:
        loaded = yaml.load(text, Loader=_loader())  # noqa: S506 - a safe one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        lost = len(fold(text)[1])
        report(
            line,
            "front matter is not valid YAML: read line by line (quote the value)"
            + (f"; {lost} sentence pairs in it are left out." if lost else "."),
        )
        return _line_by_line(text)
    if not isinstance(loaded, dict):
        if loaded is not None:
            report(1, "front matter is not a list of keys and values: it is left out.")
        return {}
    return {str(key): value for key, value in loaded.items()}


@functools.cache
def _loader() -> type[Any]:
    """Libyaml's safe loader where PyYAML has it (ten times as fast), else the Python one."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _line_by_line(text: str) -> dict[str, Any]:
    pairs = (line.partition(":") for line in text.splitlines() if line[:1].isalpha())
    return {key.strip(): value.strip().strip("\"'") for key, colon, value in pairs if colon}


def _identity(source: Source, meta: dict[str, Any]) -> tuple[str | None, str | None]:
    """The locale and the id that front matter and path give; None where they don't."""
    named = _text_value(meta, "ms.contentlocale") or _text_value(meta, "locale")
    locale = normalise_locale(named) if named else None
    parts = (source.root.resolve().name, *source.path.relative_to(source.root).parts)
    for place, part in enumerate(parts[:-1]):
        if _LOCALE.fullmatch(part) and (folder := normalise_locale(part)):
            below = "/".join(parts[place + 1 :])
            return locale or folder, below.removesuffix(source.path.suffix)
    asset = _text_value(meta, "ms.assetid")
    return locale, asset


@functools.cache
def normalise_locale(tag: str) -> str | None:
    """The BCP 47 form of a locale tag ("zh_cn" -> "zh-CN"), or None where it is none."""
    try:
        standard = langcodes.standardize_tag(tag.strip())
    except LanguageTagError:
        return None
    if not langcodes.tag_is_valid(standard):
        return None
    return ENGLISH if standard == "en" else standard


def _anchor_id(blocks: tuple[Block, ...]) -> str | None:
    return next((b.label for b in blocks if b.kind == "heading" and b.label), None)


def _text_value(meta: dict[str, Any], key: str) -> str | None:
    value = meta.get(key)
    return str(value).strip() or None if isinstance(value, str | int | float) else None


def _date(meta: dict[str, Any]) -> str | None:
    """ISO 8601 date of `updated` or `ms.date`, which is written month first (11/13/2018)."""
    value = meta.get("updated") or meta.get("ms.date")
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    text = str(value or "").strip()
    for form in ("%m/%d/%Y", "%Y-%m-%d"):
        try:
            return datetime.datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007 - a date
        except ValueError:
            continue
    return None


def _address(base: str | None, article_id: str | None) -> str | None:
    return urljoin(base, quote(article_id)) if base and article_id else None
