"""What `babeldesk check` counts and reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.__main__ import app
from corpus.bilingual import fold
from corpus.check import UNREADABLE, LocaleCount, check
from corpus.coverage import coverage
from corpus.reader import Problem, read_corpus
from corpus.scaffold import side_by_side_markdown
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
        "tr-TR/printer.md:1: is missing in de-DE, en-US.",
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


def kinds(problems: list[Problem], folder: Path) -> list[tuple[str, str]]:
    return [(problem.kind, str(problem).removeprefix(f"{folder}/")) for problem in problems]


def test_sentences_are_compared_with_their_english(tmp_path: Path) -> None:
    pairs = [
        ("Kurulum", "Set-up"),
        ("Wait until the light is green.", "Wait until the light is green."),
        ("", "Then select **Save**."),
        ("30 dakika bekleyin.", "Wait 20 minutes."),
        ("٢٠ دقيقة", "20 minutes"),
        ("1.500 dosya, üç kez", "1,500 files, 3 times"),
        ("[Yardım](https://x.example/tr-tr/a)", "[Help](https://x.example/en-us/a)"),
        ("[Yardım](https://x.example/b)", "[Help](https://x.example/a)"),
        ("Microsoft Defender for Office 365", "Microsoft Defender for Office 365"),
    ]
    lines = [sentence(number, *pair) for number, pair in enumerate(pairs)]
    write(tmp_path, {"tr-TR/a.md": "# " + "\n\n".join(lines)})
    assert kinds(check([tmp_path]).problems, tmp_path) == [
        ("untranslated", "tr-TR/a.md:3: is not translated: “Wait until the light is green.”."),
        ("untranslated", "tr-TR/a.md:5: is not translated: “Then select Save.”."),
        ("numbers", "tr-TR/a.md:7: says 30 for 20: “30 dakika bekleyin.”."),
        ("links", "tr-TR/a.md:15: leads to x.example/b? for x.example/a?: “Yardım”."),
    ]


def test_steps_that_jump_are_reported(tmp_path: Path) -> None:
    text = "# A\n\n1. One.\n\nText.\n\n2. Two.\n\nText.\n\n4. Four.\n\n## B\n\n3. Three.\n"
    write(tmp_path, {"en-US/a.md": text})
    assert kinds(check([tmp_path]).problems, tmp_path) == [
        ("order", "en-US/a.md:1: step 4 comes after step 2: “Four.”."),
    ]


def test_plain_articles_that_are_built_otherwise_are_reported(tmp_path: Path) -> None:
    files = {
        "en-US/a.md": "# A\n\nText.\n\n1. One.\n2. Two.\n",
        "de-DE/a.md": "# A\n\nText.\n\n1. Eins.\n2. Zwei.\n",
        "tr-TR/a.md": "# A\n\n1. Bir.\n2. İki.\n3. Üç.\n",
    }
    write(tmp_path, files)
    assert kinds(check([tmp_path]).problems, tmp_path) == [
        (
            "structure",
            "tr-TR/a.md:1: is built otherwise than the English one: 2 blocks have no "
            "counterpart, first the step “Üç.”.",
        ),
    ]


def test_articles_that_say_the_same_are_reported_once(tmp_path: Path) -> None:
    words = " ".join(f"word{n}" for n in range(60))
    files = {
        "en-US/a.md": f"# A\n\n{words} end.\n",
        "en-US/b.md": f"# A\n\n{words} finish.\n",
        "en-US/c.md": f"# C\n\n{words[:200]} and other things are said here instead.\n",
    }
    write(tmp_path, files)
    [(kind, text)] = kinds(check([tmp_path]).problems, tmp_path)
    assert kind == "duplicate"
    assert text.startswith("en-US/a.md:1: says nearly what b says (9")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_problems_for_programs(corpus: Path) -> None:
    found = json.loads(run("check", corpus, "--format", "json").stdout)
    assert found["locales"]["de-DE"] == {"articles": 1, "segments": 3, "steps": 2, "problems": 0}
    assert {
        "path": f"{corpus}/tr-TR/printer.md",
        "line": 1,
        "kind": "missing",
        "message": "is missing in de-DE, en-US.",
    } in found["problems"]
    lines = run("check", corpus, "--format", "github").stdout.splitlines()
    assert (
        f"::warning file={corpus}/tr-TR/printer.md,line=8,title=format::"
        "half of a sentence pair: its other span is missing."
    ) in lines
    assert len(lines) == len(found["problems"])


def test_strict_fails_where_there_is_a_problem(corpus: Path, tmp_path: Path) -> None:
    assert run("check", corpus, "--strict").exit_code == 1
    fine = tmp_path / "fine"
    write(fine, {"en-US/a.md": "# A\n\n1. One.\n"})
    assert run("check", fine, "--strict").exit_code == 0


def test_a_terminal_shows_the_first_of_many(tmp_path: Path) -> None:
    write(tmp_path, {f"en-US/{n}.md": "text\n" for n in range(30)})
    some = run("check", tmp_path).stdout
    assert some.count("no title") == 20
    assert "… and 10 more (format): --all prints them." in some
    assert run("check", tmp_path, "--all").stdout.count("no title") == 30


def test_articles_that_no_question_finds(starter_index: Path, tmp_path: Path) -> None:
    questions = tmp_path / "q.jsonl"
    asked = [
        {"q": "How do I connect to VPN?", "locale": "en-US", "article": "connect-to-vpn"},
        {"q": "the office printer is on fire", "locale": "en-US", "article": "reset-password"},
    ]
    questions.write_text("\n".join(map(json.dumps, asked)))
    folder = tmp_path / "articles"
    names = ("connect-to-vpn", "reset-password", "onedrive-sync-stuck")
    write(folder, {f"en-US/{name}.md": f"# {name}\n\nText.\n" for name in names})
    arguments = ["--questions", questions, "--index", starter_index, "--format", "json"]
    found = json.loads(run("check", folder, *arguments).stdout)["problems"]
    assert [(Path(p["path"]).stem, p["kind"], p["message"]) for p in found] == [
        ("onedrive-sync-stuck", "unfound", "no question asks for it."),
        ("reset-password", "unfound", "no question finds it."),
    ]


def test_coverage_counts_what_is_translated(tmp_path: Path) -> None:
    half = f"# {sentence(1, 'Yazıcı', 'Printer')}\n\n{sentence(2, '', 'Turn it on.')}\n"
    files = {
        "en-US/printer.md": "# Printer\n\nTurn it on.\n",
        "en-US/vpn.md": "# Connect to the VPN\n",
        "tr-TR/printer.md": half,
        "de-DE/vpn.md": VPN_DE,
    }
    write(tmp_path, files)
    found = coverage([tmp_path])
    assert found.locales == ("en-US", "de-DE", "tr-TR")
    assert found.shares == {
        "printer": {"en-US": 1.0, "tr-TR": 0.5},
        "vpn": {"en-US": 1.0, "de-DE": 1.0},
    }
    assert found.titles == {"printer": "Printer", "vpn": "Connect to the VPN"}
    assert (found.of_locale("tr-TR"), found.of_locale("de-DE")) == (0.25, 0.5)


def test_coverage_as_tables_and_as_a_page(tmp_path: Path, corpus: Path) -> None:
    page = tmp_path / "coverage.html"
    printed = run("coverage", corpus, "--html", page).stdout
    cells = [
        [cell.strip() for cell in line.strip("│┃").split("│")] for line in printed.splitlines()
    ]
    assert ["tr-TR", "2", "100.0%"] in cells
    assert ["printer", "·", "·", "●"] in cells
    html = page.read_text(encoding="utf-8")
    assert html.count('<td class="none"></td>') == 2
    assert html.count('<td class="all">✓</td>') == 4


def test_a_new_article_is_ready_to_be_translated(tmp_path: Path) -> None:
    arguments = ["new", "mail/full-mailbox", "--title", "Full mailbox", "--in", tmp_path]
    done = run(*arguments, "--locales", "tr-TR,de_de")
    assert done.exit_code == 0, done.output
    found = {article.locale: article for article in read_corpus([tmp_path])}
    assert found.keys() == {"en-US", "tr-TR", "de-DE"}
    english, turkish = found["en-US"], found["tr-TR"]
    assert (english.id, english.title, english.steps) == ("mail/full-mailbox", "Full mailbox", 2)
    source = turkish.english()
    assert source
    assert [b.text for b in source.blocks] == [b.text for b in english.blocks]
    assert {segment.text for segment in turkish.segments} == {""}
    assert {p.kind for p in check([tmp_path]).problems} == {"untranslated"}
    before = (tmp_path / "tr-TR/mail/full-mailbox.md").read_text()
    again = run(*arguments, "--locales", "tr-TR")
    assert "is there already: left as it is." in again.output
    assert (tmp_path / "tr-TR/mail/full-mailbox.md").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x", "--locales", "nonsense"], "nonsense is no locale to translate to"),
        (["x", "--locales", "en-US"], "en-US is no locale to translate to"),
        (["../x"], "../x is no id"),
        (["/x"], "/x is no id"),
    ],
)
def test_what_is_no_new_article_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = run("new", *arguments, "--in", tmp_path)
    assert done.exit_code == 1
    assert said in done.output
    assert list(tmp_path.iterdir()) == []


def test_an_english_file_becomes_one_with_a_place_for_each_translation() -> None:
    english = (
        "---\ntitle: Printer\nlocale: en-US\n---\n# Printer\n\nTurn it on. Wait 2 minutes.\n\n"
        "1. Select **Add**. Then **Save**.\n    - a\n\n> [!NOTE]\n> Mind it.\n\n"
        "|Light|Means|\n|:--|:--|\n|Red| |\n\n```\nprint x\n```\n"
    )
    words = {"Printer": "Drucker", "Red": "Rot"}
    german = side_by_side_markdown(english, "printer", "de-DE", lambda s: words.get(s, f"<{s}>"))
    assert german.startswith("---\ntitle: Drucker\nlocale: de-DE\n---\n# <span data-ttu-id=")
    folded, pairs = fold(german.partition("---\n# ")[2])
    assert [(pair.target, pair.source) for pair in pairs][:5] == [
        ("Drucker", "Printer"),
        ("<Turn it on.>", "Turn it on."),
        ("<Wait 2 minutes.>", "Wait 2 minutes."),
        ("<Select **Add**.>", "Select **Add**."),
        ("<Then **Save**.>", "Then **Save**."),
    ]
    assert [pair.target for pair in pairs][-3:] == ["<Light>", "<Means>", "Rot"]
    assert len({pair.id for pair in pairs}) == len(pairs)
    assert folded.endswith("|:--|:--|\n|\ufdd09\ufdd1||\n\n```\nprint x\n```\n")
