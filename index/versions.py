"""The versions of an index folder: how a new one takes the place of the old at once.

    CURRENT        the name of the version that serves
    v0007/         a version: meta.json, files.json and one folder per locale
    .building-*    a version that is being made; left over where its build was killed

A version never changes once it has its name. The one before the current is kept, since a server
may still be opening its files; older ones are removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

SCHEMA = 1

_VERSION = re.compile(r"v(\d{4,})")
_BUILDING = ".building-"


class IndexNotUsableError(ValueError):
    """There is no index to load, or it was made by another version; the message says what to do."""


class IndexBusyError(RuntimeError):
    """Another build is writing the same index folder."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What an index was made with. `articles` and `segments` are counts per locale;
    `corpus_hashes` a hash per locale over the content hashes of its articles.
    """

    schema: int
    model: str
    model_fingerprint: str
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
        version = folder / (folder / "CURRENT").read_text(encoding="utf-8").strip()
        fields: dict[str, Any] = json.loads((version / "meta.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise IndexNotUsableError(f"There is no index in {folder}; {again}") from None
    except (OSError, ValueError) as error:
        raise IndexNotUsableError(f"The index in {folder} is damaged; {again}") from error
    if fields.get("schema") != SCHEMA:
        raise IndexNotUsableError(
            f"The index in {folder} has format {fields.get('schema')}, this version of babeldesk "
            f"reads format {SCHEMA}; {again}"
        )
    return version, Meta(**fields)


@contextlib.contextmanager
def building(folder: Path) -> Iterator[Path]:
    """A fresh folder in which to make a version; it is gone if the block fails.

    Raises IndexBusyError where another build is at work in the same index folder.
    """
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
    _flush(made)
    made.rename(version)
    pointer = folder / "CURRENT.new"
    before = folder / "CURRENT"
    kept = {version.name, before.read_text(encoding="utf-8").strip() if before.exists() else ""}
    pointer.write_text(version.name + "\n", encoding="utf-8")
    _flush_one(pointer)
    pointer.replace(before)
    for number in numbers:
        old = folder / f"v{number:04d}"
        if old.name not in kept:
            shutil.rmtree(old, ignore_errors=True)
    return version


def link_tree(source: Path, target: Path) -> None:
    """A copy of a folder that shares its files, where the file system allows."""
    shutil.copytree(source, target, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _flush(folder: Path) -> None:
    """Have everything below a folder on the disk, so that a power cut leaves no half version."""
    for path in folder.rglob("*"):
        if path.is_file():
            _flush_one(path)


def _flush_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
