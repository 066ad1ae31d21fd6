"""The command line. The only place that exits, reads the environment and configures logging."""

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
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from bot.config import Config
from bot.progress import progress_bars

if TYPE_CHECKING:
    from rich.table import Table

    from bot.answer import Answerer
    from index.search import Searcher

app = typer.Typer(
    name="babeldesk",
    help="A helpdesk chatbot that answers people in their own language from your articles.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_FILE_WIDTH = 120
_INDEX_DEFAULT = "BABELDESK_INDEX, else .babeldesk/index"

Roots = Annotated[
    list[Path], typer.Argument(metavar="DIR", help="Folders of articles, one per locale.")
]
Questions = Annotated[list[Path], typer.Argument(metavar="QUESTIONS.jsonl")]
IndexFolder = Annotated[
    Path | None,
    typer.Option("--index", help="Index folder.", show_default=_INDEX_DEFAULT),
]
BaseUrl = Annotated[
    str | None, typer.Option(help="Address that relative links in articles are resolved against.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


@app.command()
def check(roots: Roots, base_url: BaseUrl = None, quiet: Quiet = False) -> None:
    """Read articles, and list what is in them and what is wrong with them."""
    from bot.terminal import check_table
    from corpus.check import UNREADABLE
    from corpus.check import check as check_corpus

    with _errors(), progress_bars(quiet=quiet) as tell:
        report = check_corpus(
            roots, _address(base_url), lambda done, all_: tell("Reading", done, all_)
        )
    for problem in report.problems:
        typer.echo(problem)
    _print_table(check_table(report))
    if report.fragments:
        typer.echo(
            f"{report.fragments} files in includes folders hold {report.fragment_segments} more "
            "segments, which show where an article includes them."
        )
    if not report.locales or report.locales.keys() == {UNREADABLE}:
        _fail(f"No article can be read below {', '.join(map(str, roots))}.")


@app.command()
def index(
    roots: Roots,
    out: Annotated[
        Path | None,
        typer.Option(help="Index folder.", show_default=_INDEX_DEFAULT),
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
    with _errors(), progress_bars(quiet=quiet) as tell:
        from index.build import LazyEmbedder, build
        from index.embedding import BUNDLED_MODEL, Prefixes

        folder = out or _config().index
        start = time.perf_counter()
        given = query_prefix is not None or passage_prefix is not None
        prefixes = Prefixes(query_prefix or "", passage_prefix or "") if given else None
        embedder = LazyEmbedder(model or BUNDLED_MODEL, prefixes)
        report = build(roots, folder, embedder, _address(base_url), tell)
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
    from bot.batch import answer_lines, timed, to_dict
    from bot.terminal import answer_text
    from corpus.reader import normalise_locale

    if (text is None) == (batch is None):
        _fail("Give either a question or --batch FILE: babeldesk ask 'How do I ...?'", code=2)
    if locale is not None and normalise_locale(locale) is None:
        _fail(f"{locale} is no language tag: give one such as tr-TR or fr.", code=2)
    with _errors():
        answerer = _answerer(index)
        if batch is not None:
            with _lines(batch) as lines:
                for line in answer_lines(lines, answerer):
                    typer.echo(line)
            return
        answer, milliseconds = timed(lambda: answerer.answer(text or "", locale=locale))
    if as_json:
        shown = json.loads(answer.article.to_json()) if answer.article else None
        result = {**to_dict(answer, milliseconds), "content": shown}
        typer.echo(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        typer.echo(answer_text(answer))


@app.command()
def evaluate(
    questions: Questions,
    index: IndexFolder = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Again without each kind of evidence.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Ask the questions of files with known answers, and say how good the answers are."""
    from bot.batch import timed
    from bot.terminal import ablation_table, evaluation_table
    from index.evaluation import Question, Result, ablations, read_questions
    from index.evaluation import evaluate as evaluate_questions

    with _errors(), progress_bars(quiet=quiet) as tell:
        asked = read_questions(*questions)
        if ablate:
            searcher = _searcher(index)
            found = ablations(searcher, asked, lambda n, all_: tell("Asking", n, all_))
            _print_table(ablation_table(found))
            return
        answerer = _answerer(index)
        count = iter(range(1, len(asked) + 1))

        def result(question: Question) -> Result:
            answer, milliseconds = timed(lambda: answerer.answer(question.text))
            tell("Asking", next(count), len(asked))
            articles = tuple(hit.article_id for hit in answer.hits)
            return Result(answer.language, answer.outcome, articles, milliseconds)

        evaluation = evaluate_questions(asked, result)
    if as_json:
        typer.echo(evaluation.to_json())
    else:
        _print_table(evaluation_table(evaluation))


@app.command()
def calibrate(
    questions: Questions,
    index: IndexFolder = None,
    fusion: Annotated[
        bool, typer.Option("--fusion", help="Also fit how much each kind of evidence counts.")
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(help="Also write what was fitted beside this model.", show_default=False),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Fit when to answer, to suggest and to give up, to questions with and without an answer."""
    from bot.terminal import calibration_text
    from index.evaluation import read_questions
    from index.training.calibrate import calibrate as calibrate_index

    with _errors(), progress_bars(quiet=quiet) as tell:
        asked = read_questions(*questions)
        folder = index or _config().index
        calibration = calibrate_index(folder, asked, tell, weights=fusion, model=model)
    typer.echo(calibration_text(calibration))


@app.command()
def train(
    corpus: Annotated[
        list[Path],
        typer.Option("--corpus", metavar="DIR", help="A folder of bilingual articles."),
    ],
    out: Annotated[Path, typer.Option(help="Model folder to write.")] = Path(".babeldesk/model"),
    model: Annotated[
        Path | None,
        typer.Option(help="Model folder to start from.", show_default="the bundled one"),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Teach the embedder your own words and languages, out of your own bilingual articles."""
    from bot.terminal import adaptation_table
    from index.embedding import BUNDLED_MODEL
    from index.training.adapt import adapt

    with _errors(), progress_bars(quiet=quiet) as tell:
        adaptation = adapt(corpus, model or BUNDLED_MODEL, out, tell)
    _print_table(adaptation_table(adaptation))
    typer.echo(f"{out}: use it with babeldesk index {' '.join(map(str, corpus))} --model {out}")


@app.command()
def bench(
    roots: Annotated[
        list[Path] | None, typer.Argument(metavar="[DIR]...", show_default=False)
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(help="Question file for the ask latency.", show_default=False)
    ] = None,
    segments: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N[,N...]",
            help="Also multiply the index to N segments, and measure asking it.",
            show_default=False,
        ),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(help="Multiply this index; index no articles.", show_default=False),
    ] = None,
) -> None:
    """Measure what indexing these articles and asking them costs on this machine."""
    from index.evaluation import read_questions
    from index.scaling import curve

    if bool(roots) == bool(index) or (index and not segments):
        _fail("Give either folders of articles, or --index FOLDER and --segments N.", code=2)
    with _errors(), tempfile.TemporaryDirectory(prefix="babeldesk-bench-") as work:
        sizes = _counts(segments or [])
        asked = read_questions(questions) if questions else []
        folder = index or Path(work) / "index"
        if roots:
            _bench_index(roots, [question.text for question in asked], Path(work))
        measured = curve(
            folder, sizes, asked, lambda made: _answerer(made).answer, Path(work) / "scale"
        )
        for point in measured if sizes else ():
            typer.echo(point)


def _bench_index(roots: list[Path], texts: list[str], work: Path) -> None:
    from index.benchmark import ask_latency, build_costs, folder_megabytes, own_megabytes

    for cost in build_costs([sys.executable, "-m", "bot"], roots, work):
        typer.echo(f"{cost.name}: {cost.seconds:.1f} s, peak {cost.megabytes:.0f} MB")
    folder = work / "index"
    typer.echo(f"index on disk: {folder_megabytes(folder):.0f} MB")
    start = time.perf_counter()
    answerer = _answerer(folder)
    answerer.answer("start")
    typer.echo(f"start to first answer: {time.perf_counter() - start:.1f} s")
    if texts:
        latency = ask_latency(texts, answerer.answer)
        typer.echo(
            f"ask, {latency.questions} questions: p50 {latency.p50:.1f} ms, "
            f"p95 {latency.p95:.1f} ms, p99 {latency.p99:.1f} ms"
        )
    typer.echo(f"resident after asking: {own_megabytes():.0f} MB")


def _counts(lists: list[str]) -> list[int]:
    """The numbers of `--segments 1000000,10000000`."""
    counts = [count.strip() for named in lists for count in named.split(",")]
    for count in counts:
        if not count.isdecimal() or not int(count):
            raise ValueError(f"--segments {count} is no number of segments.")
    return [int(count) for count in counts]


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
    with _errors():
        given = {"host": host, "port": port, "index": index}
        chosen = {name: value for name, value in given.items() if value is not None}
        config = dataclasses.replace(_config(), local=local, **chosen)  # type: ignore[arg-type]
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

    with _errors():
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


def _address(base_url: str | None) -> str | None:
    if base_url is not None and not base_url.startswith(("https://", "http://")):
        raise ValueError(f"--base-url {base_url} is no web address: give one with https://.")
    return base_url


def _config() -> Config:
    return Config.from_env(os.environ)


def _answerer(folder: Path | None) -> Answerer:
    from bot.answer import Answerer

    searcher = _searcher(folder)
    return Answerer(lambda: searcher)


def _searcher(folder: Path | None) -> Searcher:
    from index.search import Searcher

    return Searcher(folder or _config().index)


@contextlib.contextmanager
def _lines(name: str) -> Iterator[Iterator[str]]:
    if name == "-":
        yield iter(sys.stdin)
        return
    with Path(name).open(encoding="utf-8", errors="replace") as file:
        yield iter(file)


def _print_table(table: Table) -> None:
    """Print a table: as wide as it is where the output is a file, else as the terminal allows."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_FILE_WIDTH)
    console.print(table)


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Bad input ends the command with one sentence, not with a stack trace."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        _fail(_sentence(error))
    except KeyboardInterrupt:
        _fail("Stopped.", code=130)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}."
    return str(error)


def _fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(f"babeldesk: {message}", err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
