"""The versions of an index folder: how a new one takes the place of the old at once.

    CURRENT        the name of the version that serves
    v0007/         a version: meta.json, files.json, fusion.json and confidence.json (what was
                   fitted for it), and one folder per locale
    .building-*    a version that is being made; left over where its build was killed

A version never changes once it has its name (but for files.json, which only builds read). The one
before the current is kept, since a server may still be opening its files; older ones are removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import filelock

SCHEMA = 4

_Part = TypeVar("_Part")

_VERSION = re.compile(r"v(\d{4,})")
_BUILDING = ".building-"


class IndexNotUsableError(ValueError):
    """There is no index to load, or it was made by another version; the message says what to do."""


class IndexBusyError(RuntimeError):
    """Another build is writing the same index folder."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What an index was made with. `prefixes` are what was given for the model, a question's and a
    passage's; `articles` and `segments` are counts per locale;
    `corpus_hashes` a hash per locale over the content hashes of its articles.
    """

    schema: int
    model: str
    model_fingerprint: str
    prefixes: list[str] | None
    dimension: int
    base_url: str | None
    articles: dict[str, int]
    segments: dict[str, int]
    corpus_hashes: dict[str, str]

    def save(self, version: Path) -> None:
        """Write meta.json into a version."""
        text = json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True)
        (version / "meta.json").write_text(text, encoding="utf-8")


def current(folder: Path) -> tuple[Path, Meta]:
    """The serving version of an index folder.

    Raises IndexNotUsableError where there is none, or one of another schema.
    """
    again = f"run: babeldesk index DIR... --out {folder}"
    try:
        version = folder / _current_name(folder)
        fields: dict[str, Any] = json.loads((version / "meta.json").read_text(encoding="utf-8"))
        schema = fields.get("schema")
        meta = Meta(**fields) if schema == SCHEMA else None
    except (FileNotFoundError, NotADirectoryError):
        raise IndexNotUsableError(f"There is no index in {folder}; {again}") from None
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise IndexNotUsableError(f"The index in {folder} is damaged; {again}") from error
    if meta is None:
        raise IndexNotUsableError(
            f"The index in {folder} has format {schema}, this version of babeldesk "
            f"reads format {SCHEMA}; {again}"
        )
    return version, meta


def opened(path: Path, read: Callable[[Path], _Part]) -> _Part:
    """What `read` makes of a part of a version.

    Raises IndexNotUsableError where it can't, whatever the library behind it raises then.
    """
    try:
        return read(path)
    except Exception as error:
        folder = path.parent.parent
        raise IndexNotUsableError(
            f"The index in {folder} is damaged ({path.name}); "
            f"run: babeldesk index DIR... --out {folder}"
        ) from error


def _current_name(folder: Path) -> str:
    return (folder / "CURRENT").read_text(encoding="utf-8", errors="replace").strip()


@contextlib.contextmanager
def building(folder: Path) -> Iterator[Path]:
    """A fresh folder in which to make a version; it is gone if the block fails.

    Raises IndexBusyError where another build is at work in the same index folder, and
    NotADirectoryError where a file stands in its place.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file: name a folder for the index.")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder / ".lock", timeout=0):
            for left in folder.glob(_BUILDING + "*"):
                shutil.rmtree(left)
            made = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=folder))
            made.chmod(0o755)
            try:
                yield made
            finally:
                shutil.rmtree(made, ignore_errors=True)
    except filelock.Timeout as error:
        raise IndexBusyError(f"Another build is writing {folder}: wait for it to end.") from error


def publish(folder: Path, made: Path) -> Path:
    """Give a finished version its name and let it serve; remove those that no one needs."""
    numbers = sorted(int(m[1]) for p in folder.iterdir() if (m := _VERSION.fullmatch(p.name)))
    version = folder / f"v{numbers[-1] + 1 if numbers else 1:04d}"
    flush(made)
    made.rename(version)
    pointer = folder / "CURRENT"
    kept = {version.name, _current_name(folder) if pointer.exists() else ""}
    write_whole(pointer, version.name + "\n")
    for number in numbers:
        old = folder / f"v{number:04d}"
        if old.name not in kept:
            shutil.rmtree(old, ignore_errors=True)
    return version


def write_whole(path: Path, text: str) -> None:
    """Write a file in one piece, or not at all."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    _flush_one(new)
    new.replace(path)


def share(version: Path, made: Path, without: Collection[str]) -> None:
    """Begin a version with all parts of another but some, by their names.

    Folders share their files; the few files beside them are copied, as they may be replaced.
    """
    for part in version.iterdir():
        if part.name in without:
            continue
        if part.is_dir():
            link_tree(part, made / part.name)
        else:
            shutil.copyfile(part, made / part.name)


def link_tree(source: Path, target: Path) -> None:
    """A copy of a folder that shares its files, where the file system allows."""
    shutil.copytree(source, target, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def flush(folder: Path) -> None:
    """Have everything below a folder on the disk, so that a power cut leaves no half version.

    What is shared with another version is there already.
    """
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_nlink == 1:
            _flush_one(path)


def _flush_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
