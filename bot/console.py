"""What the commands share: options, settings, the index, tables, errors.

The only place that reads the environment and, with `bot.__main__`, ends the process.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from bot.config import Config

if TYPE_CHECKING:
    from rich.table import Table

    from bot.answer import Answerer
    from index.search import Searcher

_FILE_WIDTH = 120
INDEX_DEFAULT = "BABELDESK_INDEX, else .babeldesk/index"

Roots = Annotated[
    list[Path], typer.Argument(metavar="DIR", help="Folders of articles, one per locale.")
]
IndexFolder = Annotated[
    Path | None,
    typer.Option("--index", help="Index folder.", show_default=INDEX_DEFAULT),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


def settings() -> Config:
    """What the environment sets."""
    return Config.from_env(os.environ)


def open_answerer(folder: Path | None) -> Answerer:
    """What answers from an index folder; without one, from the folder that is set."""
    from bot.answer import Answerer

    opened = open_searcher(folder)
    return Answerer(lambda: opened)


def open_searcher(folder: Path | None) -> Searcher:
    """What searches an index folder; without one, the folder that is set."""
    from index.search import Searcher

    return Searcher(folder or settings().index)


def print_table(table: Table) -> None:
    """Print a table: as wide as it is where the output is a file, else as the terminal allows."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_FILE_WIDTH)
    console.print(table)


def web_address(base_url: str | None) -> str | None:
    """The option --base-url. Raises ValueError for what is no web address."""
    if base_url is not None and not base_url.startswith(("https://", "http://")):
        raise ValueError(f"--base-url {base_url} is no web address: give one with https://.")
    return base_url


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Bad input ends the command with one sentence, not with a stack trace."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        fail(_sentence(error))
    except KeyboardInterrupt:
        fail("Stopped.", code=130)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}."
    return str(error)


def fail(message: str, code: int = 1) -> NoReturn:
    """Say what is wrong, and end with an exit status."""
    typer.echo(f"babeldesk: {message}", err=True)
    raise typer.Exit(code)
