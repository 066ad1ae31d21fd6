"""The commands that measure how good and how fast the answers are, and make them better."""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.console import (
    AsJson,
    IndexFolder,
    Quiet,
    errors,
    fail,
    open_answerer,
    open_searcher,
    print_table,
    settings,
)
from bot.progress import progress_bars

if TYPE_CHECKING:
    from bot.report import Report

app = typer.Typer()

Questions = Annotated[list[Path], typer.Argument(metavar="QUESTIONS.jsonl")]


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

    with errors(), progress_bars(quiet=quiet) as tell:
        asked = read_questions(*questions)
        if ablate:
            searcher = open_searcher(index)
            found = ablations(searcher, asked, lambda n, all_: tell("Asking", n, all_))
            print_table(ablation_table(found))
            return
        answerer = open_answerer(index)
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
        print_table(evaluation_table(evaluation))


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

    with errors(), progress_bars(quiet=quiet) as tell:
        asked = read_questions(*questions)
        folder = index or settings().index
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

    with errors(), progress_bars(quiet=quiet) as tell:
        adaptation = adapt(corpus, model or BUNDLED_MODEL, out, tell)
    print_table(adaptation_table(adaptation))
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
        fail("Give either folders of articles, or --index FOLDER and --segments N.", code=2)
    with errors(), tempfile.TemporaryDirectory(prefix="babeldesk-bench-") as work:
        sizes = _counts(segments or [])
        asked = read_questions(questions) if questions else []
        folder = index or Path(work) / "index"
        if roots:
            _bench_index(roots, [question.text for question in asked], Path(work))
        measured = curve(
            folder, sizes, asked, lambda made: open_answerer(made).answer, Path(work) / "scale"
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
    answerer = open_answerer(folder)
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
def report(
    index: IndexFolder = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="Of the last so many days only.", show_default="all")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Unanswered questions to list.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Say what people asked the bot, what was not answered, and whether the answers helped."""
    import asyncio

    from bot.records import Records
    from bot.terminal import report_json, report_lines, report_table

    async def read(path: Path) -> Report:
        records = await Records.open(path)
        try:
            return await records.report(days * 86_400 if days else None)
        finally:
            await records.close()

    with errors():
        config = settings()
        path = (dataclasses.replace(config, index=index) if index else config).records
        if not path.exists():
            raise ValueError(f"There are no records in {path}: a bot that serves keeps them there.")
        found = asyncio.run(read(path))
    if as_json:
        typer.echo(report_json(found))
        return
    print_table(report_table(found))
    for line in report_lines(found, limit):
        typer.echo(line)
