"""The commands for whoever writes and translates articles."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.console import (
    AsJson,
    IndexFolder,
    Quiet,
    Roots,
    errors,
    fail,
    open_searcher,
    print_table,
    web_address,
)
from bot.progress import progress_bars

if TYPE_CHECKING:
    from corpus.check import CheckReport
    from corpus.files import Problem

app = typer.Typer()

# Problems of one kind that a terminal shows.
_SHOWN = 20
# Where an article must be among the hits to count as found.
_FOUND_AMONG = 3


class Format(StrEnum):
    """How problems are printed."""

    TEXT = "text"
    GITHUB = "github"
    JSON = "json"


@app.command()
def check(
    roots: Roots,
    base_url: Annotated[
        str | None,
        typer.Option(help="Address that relative links in articles are resolved against."),
    ] = None,
    questions: Annotated[
        list[Path] | None,
        typer.Option(help="Also say which articles these questions don't find in the index."),
    ] = None,
    index: IndexFolder = None,
    output: Annotated[
        Format, typer.Option("--format", help="github: annotations for a workflow run.")
    ] = Format.TEXT,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Print more than {_SHOWN} problems of one kind.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail where there is a problem.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Read articles, and list what is in them and what is wrong with them.

    That is what can't be read, sentences that are not translated, numbers and links that differ
    from the English, steps out of order, articles that are built otherwise than the English ones,
    that say the same, or that some locales lack.
    """
    from bot.terminal import check_table
    from corpus.check import UNREADABLE
    from corpus.check import check as check_corpus

    with errors(), progress_bars(quiet=quiet or output is not Format.TEXT) as tell:
        report = check_corpus(
            roots, web_address(base_url), lambda done, all_: tell("Reading", done, all_)
        )
        report.problems.extend(_unfound(report, questions or [], index))
    match output:
        case Format.JSON:
            typer.echo(_as_json(report))
        case Format.GITHUB:
            for problem in report.problems:
                typer.echo(_annotation(problem))
        case Format.TEXT:
            for line in _lines(report.problems, None if everything else _SHOWN):
                typer.echo(line)
            print_table(check_table(report))
            if report.fragments:
                typer.echo(
                    f"{report.fragments} files in includes folders hold "
                    f"{report.fragment_segments} more segments, which show where an article "
                    "includes them."
                )
    if not report.locales or report.locales.keys() == {UNREADABLE}:
        fail(f"No article can be read below {', '.join(map(str, roots))}.")
    if strict and report.problems:
        raise typer.Exit(1)


def _unfound(report: CheckReport, files: Sequence[Path], index: Path | None) -> Iterator[Problem]:
    """The articles that none of the questions about them finds."""
    from corpus.files import Problem
    from index.evaluation import read_questions

    if not files:
        return
    asked: set[str] = set()
    found: set[str] = set()
    searcher = open_searcher(index)
    for question in read_questions(*files):
        asked |= question.right
        hits = searcher.search(question.text, question.locale, _FOUND_AMONG)
        found |= question.right & {hit.article_id for hit in hits}
    paths = {article_id: path for (_, article_id), path in sorted(report.paths.items())}
    for article_id, path in sorted(paths.items()):
        if article_id not in found:
            what = "finds it" if article_id in asked else "asks for it"
            yield Problem(path, 1, f"no question {what}.", "unfound")


def _lines(problems: Sequence[Problem], limit: int | None) -> Iterator[str]:
    """The problems kind by kind; of each as many as asked for."""
    shown: Counter[str] = Counter()
    for problem in sorted(problems, key=lambda problem: problem.kind):
        shown[problem.kind] += 1
        if limit is None or shown[problem.kind] <= limit:
            yield str(problem)
        elif shown[problem.kind] == limit + 1:
            total = sum(other.kind == problem.kind for other in problems)
            yield f"… and {total - limit} more ({problem.kind}): --all prints them."


def _annotation(problem: Problem) -> str:
    """https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions."""
    path, message = (
        text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        for text in (str(problem.path), problem.message)
    )
    place = f"file={path.replace(',', '%2C')},line={problem.line},title={problem.kind}"
    return f"::warning {place}::{message}"


def _as_json(report: CheckReport) -> str:
    problems = [
        {"path": str(p.path), "line": p.line, "kind": p.kind, "message": p.message}
        for p in report.problems
    ]
    locales = {locale: dataclasses.asdict(count) for locale, count in report.locales.items()}
    return json.dumps({"locales": locales, "problems": problems}, ensure_ascii=False, indent=2)


@app.command()
def coverage(
    roots: Roots,
    page: Annotated[
        Path | None, typer.Option("--html", help="Write all of it as a page.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say which articles each locale has, and how much of them is translated."""
    from bot.coverage_page import coverage_html
    from bot.terminal import coverage_tables
    from corpus.coverage import coverage as cover

    with errors(), progress_bars(quiet=quiet or as_json) as tell:
        found = cover(roots, lambda done, all_: tell("Reading", done, all_))
        if page:
            page.write_text(coverage_html(found), encoding="utf-8")
    if not found.shares:
        fail(f"No article can be read below {', '.join(map(str, roots))}.")
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2))
        return
    for table in coverage_tables(found):
        print_table(table)
    if page:
        typer.echo(f"{page}: {len(found.shares)} articles, {len(found.locales)} locales.")


@app.command()
def new(
    article: Annotated[str, typer.Argument(help="The article's id, such as mail/full-mailbox.")],
    locales: Annotated[
        str, typer.Option(help="Locales to prepare for translation, split by commas.")
    ] = "",
    title: Annotated[
        str | None, typer.Option(help="Its English title.", show_default=False)
    ] = None,
    root: Annotated[Path, typer.Option("--in", help="The folder of articles.")] = Path("articles"),
) -> None:
    """Begin an article: the English file, and one for each locale with every sentence beside it.

    Where the English file is there already, the files of the locales are made from it. No file is
    ever overwritten.
    """
    from corpus.article import ENGLISH
    from corpus.reader import normalise_locale
    from corpus.scaffold import new_article, side_by_side_markdown

    with errors():
        tags = [tag.strip() for tag in locales.split(",") if tag.strip()]
        wrong = [tag for tag in tags if normalise_locale(tag) in (None, ENGLISH)]
        if wrong:
            raise ValueError(f"{wrong[0]} is no locale to translate to: give one such as tr-TR.")
        if article.startswith("/") or ".." in Path(article).parts:
            raise ValueError(f"{article} is no id: give a path such as mail/full-mailbox.")
        name = article.removesuffix(".md")
        english = root / ENGLISH / f"{name}.md"
        if not english.exists():
            heading = title or Path(name).name.replace("-", " ").capitalize()
            today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
            _write_new(english, new_article(heading, today))
        text = english.read_text(encoding="utf-8")
        for tag in tags:
            locale = normalise_locale(tag) or tag
            path = root / locale / f"{name}.md"
            _write_new(path, side_by_side_markdown(text, name, locale))


def _write_new(path: Path, text: str) -> None:
    if path.exists():
        typer.echo(f"{path} is there already: left as it is.")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    typer.echo(f"{path} written.")
