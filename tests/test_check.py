"""What `babeldesk check` counts and reports."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from corpus.check import UNREADABLE, LocaleCount, check
from tests.corpora import PRINTER_TR, VPN_DE, VPN_TR, sentence, write

HALF = '<span data-ttu-id="x-1">yarım</span>\n'


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    files = {
        "tr-TR/vpn.md": VPN_TR,
        "tr-TR/vpn.txt": VPN_TR,
        "tr-TR/printer.md": PRINTER_TR + HALF,
        "tr-TR/includes/more.md": f"{sentence(1, 'bir', 'one')}\n",
        "tr-TR/includes/nul.md": "\0",
        "de-DE/vpn.md": VPN_DE,
        "en-US/vpn.md": "# Connect to the VPN\n\n1. Open Settings.\n",
        "stray.md": "# Stray\n",
        "nul.md": "\0",
    }
    return write(tmp_path, files)


def test_counts_and_problems(corpus: Path) -> None:
    told: list[tuple[int, int]] = []
    report = check([corpus], progress=lambda done, total: told.append((done, total)))
    assert report.locales == {
        "tr-TR": LocaleCount(articles=3, segments=10, steps=6, problems=2),
        "de-DE": LocaleCount(articles=1, segments=3, steps=2, problems=0),
        "en-US": LocaleCount(articles=1, segments=2, steps=1, problems=0),
        UNREADABLE: LocaleCount(articles=0, segments=0, steps=0, problems=3),
    }
    assert (report.fragments, report.fragment_segments) == (1, 1)
    assert told == [(n, 9) for n in range(1, 10)]
    first = corpus / "tr-TR" / "vpn.md"
    assert {str(p).removeprefix(f"{corpus}/") for p in report.problems} == {
        "nul.md:1: is not a text file (holds NUL bytes): save it as UTF-8.",
        "stray.md:1: no locale: name it in the front matter (locale: tr-TR) or by the folder.",
        "tr-TR/includes/nul.md:1: is not a text file (holds NUL bytes): save it as UTF-8.",
        "tr-TR/printer.md:8: half of a sentence pair: its other span is missing.",
        f"tr-TR/vpn.txt:1: says what {first} says (same id vpn, same locale).",
    }


def test_the_command_prints_problems_and_a_table(corpus: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(corpus), "-q"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert any(
        line.endswith("printer.md:8: half of a sentence pair: its other span is missing.")
        for line in lines
    )
    cells = [[cell.strip() for cell in line.strip("│┃").split("│")] for line in lines]
    assert ["de-DE", "1", "3", "2", "0"] in cells
    assert ["tr-TR", "3", "10", "6", "2"] in cells
    assert ["3 in all", "5", "15", "9", "5"] in cells


def test_a_folder_without_articles_is_a_failure(tmp_path: Path) -> None:
    write(tmp_path, {"stray.md": "# Stray\n"})
    result = CliRunner().invoke(app, ["check", str(tmp_path), "-q"])
    assert result.exit_code != 0
    assert "No article can be read" in result.output


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        check([tmp_path / "nowhere"])
