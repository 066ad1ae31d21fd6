"""From folders to texts: which files are articles, and what they say with their includes in place.

- Folders whose name begins with a dot are passed over, links to folders are not followed.
- What a repository says of itself (README, LICENSE, ... in capitals) is no article, unless it is
  named on the command line.
- A table of contents (TOC.md) is none either.
- `includes` folders hold fragments that articles pull in with `[!INCLUDE [label](path)]`; they
  are no articles themselves. A path is relative to the file it stands in; `~/` is the root.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from corpus.front_matter import split_front_matter

MARKDOWN = frozenset({".md", ".markdown", ".txt"})
HTML = frozenset({".html", ".htm"})
XLIFF = frozenset({".xlf", ".xliff"})
SUFFIXES = MARKDOWN | HTML | XLIFF
_OF_THE_REPOSITORY = frozenset(
    {"CHANGELOG", "CODE_OF_CONDUCT", "CONTRIBUTING", "LICENCE", "LICENSE", "README", "SECURITY"}
    | {"TOC"}
)
_INCLUDE = re.compile(r"\[!INCLUDE\s*\[[^\[\]]*\]\(\s*<?([^()<>\n]+?)>?\s*\)\s*\]", re.IGNORECASE)
_BEGINNING_OF_ITEM = re.compile(r"[\s>]*(?:[-*+]|\d+[.)])?\s*")
_INCLUDE_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file: what, on which line (from 1), and of which kind it is: "format",
    or one of `corpus.review`.
    """

    path: Path
    line: int
    message: str
    kind: str = "format"

    def __str__(self) -> str:
        return f"{readable(str(self.path))}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for all articles of a folder that do not say otherwise: the locale (BCP 47), the
    address that relative links are resolved against, and the credit that a licence asks for. A
    locale goes before the names of folders.
    """

    locale: str | None = None
    base_url: str | None = None
    attribution: str | None = None

    def __str__(self) -> str:
        return "\0".join(value or "" for value in (self.locale, self.base_url, self.attribution))


_NONE = Defaults()


@dataclass(frozen=True, slots=True)
class Root:
    """A folder of articles, or a single one, and what holds for them."""

    path: Path
    defaults: Defaults = _NONE


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a corpus: the folder that was named on the command line, the file's path `inside`
    it, with slashes between the names, and what holds for it.
    """

    root: Path
    inside: str
    defaults: Defaults = _NONE

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.root / self.inside

    @property
    def is_fragment(self) -> bool:
        """Whether the file is only there to be included in others."""
        return "includes" in self.inside.split("/")[:-1]


class UnreadableFile(ValueError):  # noqa: N818 - reads as a sentence where it is raised
    """A file that is no text, or can't be opened."""


def corpus_files(roots: Iterable[Path | Root]) -> Iterator[Source]:
    """The article files below the given folders, in a stable order, each once.

    Raises FileNotFoundError for a folder that isn't there.
    """
    seen: set[str] = set()
    for named in roots:
        root, defaults = (named.path, named.defaults) if isinstance(named, Root) else (named, _NONE)
        if not root.exists():
            raise FileNotFoundError(f"{root} does not exist: name a folder of articles.")
        folder = root.parent if root.is_file() else root
        place = os.path.abspath(folder)  # noqa: PTH100 - Path.resolve follows links
        for inside in _named_file(root) if root.is_file() else _files_below(folder):
            if (path := f"{place}/{inside}") not in seen:
                seen.add(path)
                yield Source(folder, inside, defaults)


def _named_file(path: Path) -> Iterator[str]:
    if path.suffix.lower() in SUFFIXES:
        yield path.name


def _files_below(folder: Path | str, prefix: str = "") -> Iterator[str]:
    """The paths of a folder's article files, as strings: there may be a hundred thousand."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except PermissionError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path, f"{prefix}{entry.name}/")
        elif _is_article_name(entry.name) and _is_file(entry):
            yield prefix + entry.name


def _is_article_name(name: str) -> bool:
    stem, dot, suffix = name.rpartition(".")
    return dot + suffix.lower() in SUFFIXES and stem not in _OF_THE_REPOSITORY


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a file, or a link to one or to what isn't there; a link to itself is
    not worth a word.
    """
    if not entry.is_symlink():
        return entry.is_file()
    return Path(entry).is_file() or not os.path.lexists(os.path.realpath(entry))


def readable(name: str) -> str:
    """A file's name with what is not valid UTF-8 in it shown as U+FFFD."""
    return os.fsencode(name).decode("utf-8", errors="replace")


@dataclass(slots=True)
class Texts:
    """Reads a file with its includes, and remembers each file's own text and its problems, and
    whether there was anything to include, be it found or not.
    """

    root: Path
    problems: list[Problem]
    own: list[tuple[Path, str]] = field(default_factory=list)
    includes: bool = False

    def read(self, path: Path) -> str:
        """A file's text with its includes in place, its lines ended by line feeds.

        Raises UnreadableFile for the file itself; an include that can't be read is a problem.
        """
        return self._expanded(self._decoded(path), (path,))

    def beside(self, places: Iterable[Path]) -> str | None:
        """The text of the first of these files that is there, which may change by itself."""
        self.includes = True
        root = self.root.resolve()
        for place in places:
            path = place.resolve()
            if path.is_relative_to(root) and path.is_file():
                return decoded(path)[0]
        return None

    def _decoded(self, path: Path) -> str:
        text, problem = decoded(path)
        if problem:
            self.problems.append(problem)
        self.own.append((path, text))
        return text

    def _expanded(self, text: str, chain: tuple[Path, ...]) -> str:
        if "[!INCLUDE" not in text.upper():
            return text
        self.includes = True

        def included(match: re.Match[str]) -> str:
            try:
                inner = self._fragment(match.group(1), chain)
            except UnreadableFile as error:
                line = text.count("\n", 0, match.start()) + 1
                message = f"include {match.group(1)} {error}"
                self.problems.append(Problem(chain[-1], line, message))
                return ""
            return inner.replace("\n", "\n" + _continued(text, match.start()))

        return _INCLUDE.sub(included, text)

    def _fragment(self, address: str, chain: tuple[Path, ...]) -> str:
        path = self._include_path(address, chain[-1])
        if path in {link.resolve() for link in chain}:
            raise UnreadableFile("includes itself.")
        if len(chain) > _INCLUDE_DEPTH:
            raise UnreadableFile(f"is nested more than {_INCLUDE_DEPTH} deep.")
        body = split_front_matter(self._decoded(path)).body
        return self._expanded(body.strip(), (*chain, path))

    def _include_path(self, address: str, including: Path) -> Path:
        address = unquote(address).replace("\\", "/")
        root = self.root.resolve()
        folder = root if address.startswith("~/") else including.parent
        try:
            path = (folder / address.removeprefix("~/")).resolve()
            found = path.is_relative_to(root) and path.is_file()
        except (OSError, RuntimeError):  # a name too long, a link to itself
            found = False
        if not found:
            raise UnreadableFile("is not in the corpus.")
        return path


def _continued(text: str, place: int) -> str:
    """What must begin the lines of an include, for them to belong to the item it stands in."""
    beginning = text[text.rfind("\n", 0, place) + 1 : place]
    return re.sub(r"[^\s>]", " ", beginning) if _BEGINNING_OF_ITEM.fullmatch(beginning) else ""


def decoded(path: Path) -> tuple[str, Problem | None]:
    """A file's own text. Raises UnreadableFile where it can't be opened or is no text."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"can't be opened: {error.strerror}.") from error
    if b"\0" in raw:
        raise UnreadableFile("is not a text file (holds NUL bytes): save it as UTF-8.")
    try:
        text, problem = raw.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = Problem(path, line, "not valid UTF-8: bad bytes are shown as \ufffd.")
        text = raw.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n"), problem
