"""Where articles come from: git repositories and folders, as `babeldesk.toml` names them.

A repository is cloned without its history and without the files that are not asked for, with the
`git` command; later it is brought to what its branch is now. What can't be reached leaves what was
there before in place.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from corpus.files import Defaults, Root
from corpus.reader import normalise_locale

_KEYS = frozenset({"name", "git", "path", "branch", "folder", "locale", "base_url", "attribution"})
_NAME = re.compile(r"[\w][\w.-]*", re.ASCII)
# Other protocols of git run commands (ext::) or read what nobody meant.
_ADDRESS = re.compile(r"(?:https|http|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+", re.ASCII)
_SECONDS = 1800
# Runs git in a folder with some arguments, and gives what it prints.
_Git = Callable[..., str]


class SyncError(ValueError):
    """A source is not described well, or can't be reached; the message says which and why."""


@dataclass(frozen=True, slots=True)
class ArticleSource:
    """One source of articles: a repository (`git`) or a folder on this machine (`path`).

    `branch` is the repository's default where it is None; `folder` the one below the repository
    that holds the articles, "" for all of it.
    """

    name: str
    git: str | None = None
    path: Path | None = None
    branch: str | None = None
    folder: str = ""
    defaults: Defaults = field(default_factory=Defaults)


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came of a source: the folder where its articles are to be, what can be read there (None
    where nothing can), and the commit before and now; both are "" for a folder on this machine.
    """

    folder: Path
    root: Root | None
    before: str = ""
    now: str = ""
    error: str = ""


def read_sources(path: Path) -> list[ArticleSource]:
    """The sources that a file names. Raises SyncError for a file that is not there or is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SyncError(f"{path}: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SyncError(f"{path} is not valid TOML: {error}.") from error
    entries = data.get("source", [])
    if not isinstance(entries, list) or not entries:
        raise SyncError(f"{path} names no source: add a [[source]] with git or path.")
    sources = [_source(entry, f"{path}, source {n}", path) for n, entry in enumerate(entries, 1)]
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise SyncError(f"{path}: two sources have the name {name}: give each its own.")
    return sources


def pull(source: ArticleSource, into: Path, environ: Mapping[str, str]) -> Pulled:
    """Bring a source up to date below the folder `into`. What goes wrong is in `Pulled.error`.

    `environ` is the environment that git runs in: where it finds its settings and its keys.
    """
    # Nobody is there to be asked for a password.
    git = partial(_git, {**environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"})
    if source.path:
        if not source.path.exists():
            return Pulled(source.path, None, error=f"{source.path} is not there.")
        return Pulled(source.path, Root(source.path, source.defaults))
    place = into / source.name
    folder = place / source.folder
    before = _commit(git, place)
    try:
        if before and git(place, "remote", "get-url", "origin") == source.git:
            _update(git, source, place)
        else:
            _clone(git, source, place)
    except SyncError as error:
        found = Root(folder, source.defaults) if before and folder.is_dir() else None
        return Pulled(folder, found, before, before, str(error))
    if not folder.is_dir():
        return Pulled(folder, None, before, _commit(git, place), f"has no folder {source.folder}.")
    return Pulled(folder, Root(folder, source.defaults), before, _commit(git, place))


def _update(git: _Git, source: ArticleSource, place: Path) -> None:
    _sparse(git, source, place)
    git(place, "fetch", "--quiet", "--depth=1", "origin", source.branch or "HEAD")
    git(place, "reset", "--quiet", "--hard", "FETCH_HEAD")


def _clone(git: _Git, source: ArticleSource, place: Path) -> None:
    """Clone beside the place, then take it: a clone that fails leaves what was there."""
    fresh = place.with_name(f".{place.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    branch = ["--branch", source.branch] if source.branch else []
    try:
        git(
            fresh.parent,
            *("clone", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--no-checkout"),
            *("--filter=blob:none", *branch, "--", source.git or "", fresh.name),
        )
        _sparse(git, source, fresh)
        git(fresh, "checkout", "--quiet")
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _sparse(git: _Git, source: ArticleSource, place: Path) -> None:
    if source.folder:
        git(place, "sparse-checkout", "set", source.folder)
    else:
        git(place, "sparse-checkout", "disable")


def _commit(git: _Git, place: Path) -> str:
    try:
        return git(place, "rev-parse", "HEAD") if (place / ".git").exists() else ""
    except SyncError:
        return ""


def _git(environ: Mapping[str, str], folder: Path, *arguments: str) -> str:
    """What git prints. Raises SyncError with its last word where it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell; addresses are checked when they are read
            ["git", *arguments],  # noqa: S607 - the user's own git
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise SyncError("needs the git command: install git.") from error
    except subprocess.TimeoutExpired as error:
        raise SyncError(f"git {arguments[0]} took longer than {_SECONDS} s.") from error
    if done.returncode:
        words = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise SyncError(f"git {arguments[0]} failed: {words[-1] if words else done.returncode}")
    return done.stdout.strip()


def _source(entry: Any, where: str, path: Path) -> ArticleSource:
    if not isinstance(entry, dict):
        raise SyncError(f"{where} is no table: write [[source]] above it.")
    for key, value in entry.items():
        if key not in _KEYS:
            raise SyncError(f"{where}: there is no key {key}; there is {', '.join(sorted(_KEYS))}.")
        if not isinstance(value, str) or not value.strip():
            raise SyncError(f"{where}: {key} must be a text in quotes.")
    if ("git" in entry) == ("path" in entry):
        raise SyncError(f"{where}: give either git (an address) or path (a folder).")
    address = entry.get("git")
    if address is not None and not _ADDRESS.fullmatch(address):
        raise SyncError(f"{where}: git {address} is no address: give one with https:// or git@.")
    name = entry.get("name") or Path((address or entry["path"]).rstrip("/")).stem
    if not _NAME.fullmatch(name):
        raise SyncError(f"{where}: name {name} may hold letters, digits, points and dashes only.")
    folder, branch = entry.get("folder", ""), entry.get("branch")
    if folder.startswith(("/", "-")) or ".." in Path(folder).parts:
        raise SyncError(f"{where}: folder {folder} must lie below the repository.")
    if branch and branch.startswith("-"):
        raise SyncError(f"{where}: branch {branch} is no name of a branch.")
    local = path.parent / entry["path"] if "path" in entry else None
    return ArticleSource(name, address, local, branch, folder, _defaults(entry, where))


def _defaults(entry: dict[str, str], where: str) -> Defaults:
    named = entry.get("locale")
    locale = normalise_locale(named) if named else None
    if named and locale is None:
        raise SyncError(f"{where}: locale {named} is no language tag such as tr-TR.")
    base = entry.get("base_url")
    if base and not base.startswith(("https://", "http://")):
        raise SyncError(f"{where}: base_url {base} is no web address: give one with https://.")
    return Defaults(locale, base, entry.get("attribution"))
