"""The command line: reading, indexing, asking and serving; `quality` has the other commands."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot import editing, quality
from bot.console import (
    INDEX_DEFAULT,
    AsJson,
    IndexFolder,
    Quiet,
    Roots,
    errors,
    fail,
    open_answerer,
    settings,
    web_address,
)
from bot.progress import progress_bars

if TYPE_CHECKING:
    from corpus.files import Root
    from index.build import Progress
    from index.embedding import Prefixes

app = typer.Typer(
    name="babeldesk",
    help="A helpdesk chatbot that answers people in their own language from your articles.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(editing.app)
app.add_typer(quality.app)

BaseUrl = Annotated[
    str | None, typer.Option(help="Address that relative links in articles are resolved against.")
]


@app.command()
def index(
    roots: Roots,
    out: Annotated[
        Path | None,
        typer.Option(help="Index folder.", show_default=INDEX_DEFAULT),
    ] = None,
    base_url: BaseUrl = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A sentence-transformers model: a folder, or a hub model on this machine."
        ),
    ] = None,
    query_prefix: Annotated[
        str | None, typer.Option(help="What the model wants before a question.")
    ] = None,
    passage_prefix: Annotated[
        str | None, typer.Option(help="What the model wants before what articles say.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Make or renew an index of articles. What serves goes on serving until the new one is done."""
    with errors(), progress_bars(quiet=quiet) as tell:
        from index.embedding import Prefixes

        given = query_prefix is not None or passage_prefix is not None
        prefixes = Prefixes(query_prefix or "", passage_prefix or "") if given else None
        folder = out or settings().index
        _index(roots, folder, web_address(base_url), tell, model, prefixes)


def _index(
    roots: Sequence[Path | Root],
    folder: Path,
    base_url: str | None,
    tell: Progress,
    model: str | None = None,
    prefixes: Prefixes | None = None,
    keep: Sequence[Path] = (),
) -> None:
    """Make or renew an index, and say what that gave."""
    from corpus.docfx import with_docset_address
    from corpus.files import Root
    from index.build import LazyEmbedder, build
    from index.embedding import BUNDLED_MODEL

    if base_url is None:
        named = (root if isinstance(root, Root) else Root(root) for root in roots)
        roots = [with_docset_address(root) for root in named]
    start = time.perf_counter()
    embedder = LazyEmbedder(model or BUNDLED_MODEL, prefixes)
    report = build(roots, folder, embedder, base_url, tell, keep)
    for problem in report.problems:
        typer.echo(problem, err=True)
    seconds = time.perf_counter() - start
    what = (
        f"{report.changed} files read, {report.removed} articles removed"
        if report.version
        else "nothing had changed"
    )
    typer.echo(
        f"{folder}: {sum(report.articles.values())} articles, {sum(report.segments.values())} "
        f"segments, {len(report.articles)} locales ({what}; {seconds:.1f} s)."
    )


@app.command()
def sync(
    config: Annotated[Path, typer.Option(help="The file that names the sources.")] = Path(
        "babeldesk.toml"
    ),
    out: Annotated[
        Path | None, typer.Option(help="Index folder.", show_default=INDEX_DEFAULT)
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Bring the articles of git repositories and folders up to date, and index what changed.

    A source that can't be reached is reported; what was there of it before goes on serving.
    """
    from corpus.sync import SyncError, pull, read_sources

    with errors(), progress_bars(quiet=quiet) as tell:
        sources = read_sources(config)
        folder = out or settings().index
        roots, lost, failed = [], [], []
        for number, source in enumerate(sources):
            tell("Fetching", number, len(sources))
            pulled = pull(source, folder.absolute().with_name("sources"), os.environ)
            if pulled.root:
                roots.append(pulled.root)
            else:
                lost.append(pulled.folder)
            if pulled.error:
                failed.append(source.name)
                typer.echo(f"{source.name}: {pulled.error}", err=True)
            elif pulled.now and pulled.now != pulled.before:
                typer.echo(f"{source.name}: now at {pulled.now[:10]}.")
        tell("Fetching", len(sources), len(sources))
        if not roots:
            raise SyncError(f"No source of {config} could be reached: the index is left as it is.")
        _index(roots, folder, None, tell, keep=lost)
    if failed:
        fail(f"{len(failed)} of {len(sources)} sources failed: {', '.join(failed)}.")


@app.command()
def ask(
    text: Annotated[str | None, typer.Argument(help="The question.", show_default=False)] = None,
    locale: Annotated[
        str | None, typer.Option(help="Answer in this language (BCP 47), whatever the question's.")
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(metavar="FILE", help='Read JSON lines {"q", "locale"} from FILE, or - .'),
    ] = None,
    index: IndexFolder = None,
    as_json: AsJson = False,
) -> None:
    """Ask a question, or many with --batch."""
    from bot.answer import Asker
    from bot.batch import answer_lines, timed, to_dict
    from bot.terminal import answer_text
    from corpus.reader import normalise_locale

    if (text is None) == (batch is None):
        fail("Give either a question or --batch FILE: babeldesk ask 'How do I ...?'", code=2)
    if locale is not None and normalise_locale(locale) is None:
        fail(f"{locale} is no language tag: give one such as tr-TR or fr.", code=2)
    with errors():
        answerer = open_answerer(index)
        if batch is not None:
            with _lines(batch) as lines:
                for line in answer_lines(lines, answerer):
                    typer.echo(line)
            return
        answer, milliseconds = timed(lambda: answerer.answer(text or "", Asker(chosen=locale)))
    if as_json:
        shown = json.loads(answer.article.to_json()) if answer.article else None
        result = {**to_dict(answer, milliseconds), "content": shown}
        typer.echo(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        typer.echo(answer_text(answer))


@app.command()
def detect(
    text: Annotated[str, typer.Argument(help="What somebody wrote.")],
    client: Annotated[
        str | None, typer.Option(help="The locale of their client (BCP 47).", show_default=False)
    ] = None,
    history: Annotated[
        list[str] | None,
        typer.Option(help="A locale they were answered in before; again for more."),
    ] = None,
    index: IndexFolder = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print the evidence.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which language a text is in, and with --explain why."""
    from bot.language.detection import detect as detect_language
    from bot.terminal import detection_text
    from index import versions

    with errors():
        _, meta = versions.current(index or settings().index)
        candidates = tuple(sorted(meta.articles))
        found = detect_language(text, candidates, client, history or ())
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2))
    else:
        typer.echo(detection_text(found, explain=explain))


@app.command()
def serve(
    local: Annotated[
        bool,
        typer.Option("--local", help="Trial: no credentials, this machine only, with a chat page."),
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
    index: IndexFolder = None,
) -> None:
    """Serve the bot to Microsoft Teams, or with --local to yourself."""
    from bot.serving import run

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    with errors():
        given = {"host": host, "port": port, "index": index}
        chosen = {name: value for name, value in given.items() if value is not None}
        config = dataclasses.replace(settings(), local=local, **chosen)  # type: ignore[arg-type]
        config.check()
        asyncio.run(run(config, lambda line: typer.echo(line)))


@app.command()
def manifest(
    app_id: Annotated[str, typer.Option(help="The bot's application (client) id.")],
    domain: Annotated[str, typer.Option(help="The host the bot is reached at.")],
    out: Annotated[Path, typer.Option(help="The zip to write.")] = Path("babeldesk.zip"),
    developer: Annotated[str | None, typer.Option(help="Your company's name.")] = None,
    website: Annotated[str | None, typer.Option(help="Your https page.")] = None,
    privacy: Annotated[str | None, typer.Option(help="Your https privacy page.")] = None,
    terms: Annotated[str | None, typer.Option(help="Your https terms of use.")] = None,
) -> None:
    """Build the app package to upload to Microsoft Teams."""
    from manifest.package import build_package

    with errors():
        report = build_package(
            app_id,
            domain,
            out,
            developer_name=developer,
            website_url=website,
            privacy_url=privacy,
            terms_url=terms,
        )
    typer.echo(
        f"{report.path}: {len(report.files)} files, {len(report.languages)} languages and English."
    )
    for name, value in report.placeholders.items():
        typer.echo(f"Still a placeholder: {name} = {value} (--{name.partition('_')[0]})")


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _end)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    with contextlib.suppress(BrokenPipeError):
        app()


def _end(number: int, _: object) -> NoReturn:
    """End as Ctrl+C does, so that nothing half made is left behind."""
    raise SystemExit(128 + number)


@contextlib.contextmanager
def _lines(name: str) -> Iterator[Iterator[str]]:
    if name == "-":
        yield iter(sys.stdin)
        return
    with Path(name).open(encoding="utf-8", errors="replace") as file:
        yield iter(file)


if __name__ == "__main__":
    main()
