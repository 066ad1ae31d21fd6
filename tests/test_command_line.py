"""The real command, run as a user runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from corpus.article import Article
from index import versions
from tests.corpora import VPN_TR, write

PROJECT = Path(__file__).parent.parent
SHARED = PROJECT.parent / "shared"
QUESTION = "Profil resmim SharePoint'te neden güncellenmiyor?"


def babeldesk(
    *arguments: str | Path, stdin: str | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "bot", *map(str, arguments)],
        cwd=PROJECT,
        input=stdin,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
        check=False,
    )


def test_ask_prints_title_steps_and_source(
    starter_index: Path, starters: dict[tuple[str, str], Article]
) -> None:
    done = babeldesk("ask", QUESTION, "--index", starter_index)
    article = starters["tr-TR", "sync-profile-picture"]
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == article.title
    assert lines[1] == "=" * len(article.title)
    numbered = [line for line in lines if re.match(r"\d+\. ", line)]
    assert [line.partition(".")[0] for line in numbered] == [
        block.label for block in article.blocks if block.kind == "step" and block.level == 0
    ]
    assert "sync-profile-picture (tr-TR)" in lines[-1]
    assert "20 Kas 2026" in lines[-1]


def test_ask_in_a_language_that_is_missing_says_so(starter_index: Path) -> None:
    question = "Comment se connecter au VPN de l'entreprise depuis la maison ?"
    lines = babeldesk("ask", question, "--index", starter_index).stdout.splitlines()
    assert "anglais" in lines[0]
    assert lines[2].endswith("VPN") or "VPN" in lines[2]


def test_ask_for_another_language_and_json(starter_index: Path) -> None:
    done = babeldesk("ask", QUESTION, "--locale", "el", "--json", "--index", starter_index)
    answer: dict[str, Any] = json.loads(done.stdout)
    assert (answer["language"], answer["locale"]) == ("el-GR", "el-GR")
    assert (answer["outcome"], answer["article"]) == ("answer", "sync-profile-picture")
    assert answer["content"]["locale"] == "el-GR"
    assert answer["content"]["blocks"]


def test_batch(starter_index: Path) -> None:
    lines = [
        json.dumps({"q": QUESTION}),
        "not json",
        json.dumps({"q": 5}),
        "",
        json.dumps({"q": "404", "locale": "tr-TR"}),
        json.dumps({"q": "vpn", "locale": 7}),
        json.dumps({"q": "how to cook a steak"}),
    ]
    done = babeldesk("ask", "--batch", "-", "--index", starter_index, stdin="\n".join(lines))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, len(answers)) == (0, 6)
    first = answers[0]
    assert list(first) == ["q", "language", "outcome", "article", "locale", "score", "hits", "ms"]
    assert (first["q"], first["language"], first["outcome"]) == (QUESTION, "tr-TR", "answer")
    assert (first["article"], first["locale"]) == ("sync-profile-picture", "tr-TR")
    assert first["hits"][0] == {
        "article": "sync-profile-picture",
        "locale": "tr-TR",
        "score": first["score"],
    }
    assert len({hit["article"] for hit in first["hits"]}) == 6
    assert first["ms"] > 0
    assert answers[1]["error"].startswith("line 2 is not JSON")
    assert "line 3 is not a question" in answers[2]["error"]
    assert answers[3]["language"] == "tr-TR"
    assert "line 6: locale must be a string" in answers[4]["error"]
    assert (answers[5]["outcome"], answers[5]["article"]) == ("none", None)


def test_batch_from_a_file(starter_index: Path, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(json.dumps({"q": "vpn"}) + "\n")
    done = babeldesk("ask", "--batch", tmp_path / "q.jsonl", "--index", starter_index)
    assert json.loads(done.stdout)["hits"][0]["article"] == "connect-to-vpn"


def test_batch_survives_what_is_no_text(starter_index: Path, tmp_path: Path) -> None:
    lines = [
        b"\xef\xbb\xbf" + b'{"q": "vpn"}',
        b'{"q": "\\ud800 vpn"}',
        b"\xff\xfe",
        b'{"q": "vpn"}',
    ]
    (tmp_path / "q.jsonl").write_bytes(b"\r\n".join(lines))
    done = babeldesk("ask", "--batch", tmp_path / "q.jsonl", "--index", starter_index)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert ["error" in answer for answer in answers] == [False, False, True, False]
    assert answers[1]["q"] == "? vpn"
    assert answers[0]["hits"] == answers[3]["hits"]


def test_a_model_is_found_again_from_elsewhere(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "index" / "model", tmp_path / "own")
    relative = os.path.relpath(tmp_path / "own", PROJECT)
    root = write(tmp_path / "corpus", {"tr-TR/vpn.md": VPN_TR})
    out = tmp_path / "index"
    assert babeldesk("index", root, "--out", out, "--model", relative).returncode == 0
    _, meta = versions.current(out)
    assert meta.model == str(tmp_path / "own")
    assert "VPN" in babeldesk("ask", "vpn bağlan", "--index", out).stdout


def test_output_that_the_terminal_can_not_show(starter_index: Path) -> None:
    env = {"PYTHONIOENCODING": "cp1252"}
    done = babeldesk("ask", "نسيت كلمة المرور", "--index", starter_index, env=env)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_shows_where_the_index_is() -> None:
    for command in ("ask", "index", "evaluate", "serve"):
        text = " ".join(babeldesk(command, "--help").stdout.replace("│", " ").split())
        assert "BABELDESK_INDEX, else .babeldesk/index" in text


def test_evaluate(starter_index: Path, tmp_path: Path) -> None:
    questions = [
        {"q": QUESTION, "locale": "tr-TR", "article": "sync-profile-picture"},
        {"q": "forgot my password", "locale": "en-US", "article": "reset-password"},
        {"q": "steak recipe", "locale": "en-US"},
    ]
    path = tmp_path / "q.jsonl"
    path.write_text("\n".join(map(json.dumps, questions)))
    done = babeldesk("evaluate", path, "--json", "--index", starter_index)
    rates = json.loads(done.stdout)["rates"]
    assert (rates["all"]["hit1"], rates["all"]["language"]) == (1, 1)
    assert rates["unanswerable"]["none"] == 1
    table = babeldesk("evaluate", path, "--index", starter_index).stdout
    assert re.search(r"non-English +│ +1 │ +1\.000", table)
    assert "p99" in table


def test_check(tmp_path: Path) -> None:
    root = write(tmp_path, {"tr-TR/vpn.md": VPN_TR, "tr-TR/odd.md": "---\na: b: c\n---\n# Title\n"})
    (tmp_path / "tr-TR" / "bad.md").write_bytes(b"\0")
    done = babeldesk("check", root)
    assert done.returncode == 0
    assert re.search(r"tr-TR +│ +2 │ +4 │ +2 │ +1 ", done.stdout)
    assert re.search(r"unreadable +│ +0 │ +0 │ +0 │ +1 ", done.stdout)
    assert f"{root}/tr-TR/odd.md:2: front matter is not valid YAML" in done.stdout
    assert f"{root}/tr-TR/bad.md:1: is not a text file" in done.stdout


@pytest.mark.skipif(not SHARED.is_dir(), reason="the seed documents are not beside the project")
def test_the_seeds_are_one_article_in_five_locales_and_english(tmp_path: Path) -> None:
    done = babeldesk("index", SHARED / "seeds", "--out", tmp_path / "index")
    assert "6 articles, " in done.stdout
    assert "6 locales" in done.stdout
    again = babeldesk("index", SHARED / "seeds", "--out", tmp_path / "index")
    assert "nothing had changed" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["ask", "vpn", "--index", "/nowhere"], 1, "There is no index in /nowhere; run: babeldesk"),
        (["ask"], 2, "Give either a question or --batch FILE"),
        (["ask", "a", "--batch", "b"], 2, "Give either a question or --batch FILE"),
        (["index", "/nowhere", "--out", "/nowhere/x"], 1, "/nowhere does not exist"),
        (["check", "/nowhere"], 1, "/nowhere does not exist"),
        (["serve"], 1, "pass --local for a trial"),
        (["serve", "--local", "--index", "/nowhere"], 1, "There is no index in /nowhere"),
        (["serve", "--local", "--host", "0.0.0.0"], 1, "set it to 127.0.0.1"),  # noqa: S104
        (["evaluate", "/nowhere.jsonl"], 1, "/nowhere.jsonl: No such file or directory."),
        (["ask", "--batch", "/nowhere.jsonl"], 1, "There is no index in .babeldesk/none"),
        (["ask", "vpn", "--locale", "klingon!"], 2, "klingon! is no language tag"),
        (["check", ".", "--base-url", "not a url"], 1, "--base-url not a url is no web address"),
        (["index", "tests", "--out", "README.md"], 1, "README.md is a file: name a folder"),
        (["manifest", "--app-id", "x", "--domain", "a.example"], 1, "is not a GUID"),
        (["bench"], 2, "Give either folders of articles, or --index FOLDER and --segments N."),
        (["bench", "--index", "x"], 2, "Give either folders of articles, or --index FOLDER"),
        (["bench", ".", "--index", "x", "--segments", "9"], 2, "Give either folders of articles"),
        (["bench", "--index", "x", "--segments", "9,ten"], 1, "--segments ten is no number of"),
        (["bench", "--index", "x", "--segments", "9"], 1, "There is no index in x; run: babeldesk"),
        (["index", ".", "--model", "no/such", "--out", "/nowhere/x"], 1, "is not on this machine"),
        (["report", "--index", "/nowhere/x"], 1, "There are no records in /nowhere/records.db"),
    ],
)
def test_errors_are_one_sentence(arguments: list[str], code: int, sentence: str) -> None:
    done = babeldesk(*arguments, env={"BABELDESK_APP_ID": "", "BABELDESK_INDEX": ".babeldesk/none"})
    assert done.returncode == code
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_manifest(tmp_path: Path) -> None:
    app_id = "6f9d3c1e-5a3b-4c8e-9a53-0f1d7a2b4c6d"
    out = tmp_path / "app.zip"
    done = babeldesk("manifest", "--app-id", app_id, "--domain", "bot.example.com", "--out", out)
    assert done.returncode == 0
    assert "36 languages and English" in done.stdout
    assert "Still a placeholder: privacy_url" in done.stdout
    with zipfile.ZipFile(out) as package:
        assert json.loads(package.read("manifest.json"))["bots"][0]["botId"] == app_id


@pytest.mark.slow
def test_bench_measures_real_builds(tmp_path: Path) -> None:
    questions = tmp_path / "q.jsonl"
    questions.write_text(json.dumps({"q": "vpn", "locale": "en-US", "article": "connect-to-vpn"}))
    articles = PROJECT / "corpus" / "articles"
    done = babeldesk("bench", articles, "--questions", questions, "--segments", "1800")
    assert done.returncode == 0, done.stderr
    for line in (
        r"index everything: \d+\.\d s, peak \d{3,} MB",
        r"index, nothing changed: \d+\.\d s",
        r"index, 10 articles changed: \d+\.\d s",
        r"index on disk: \d+ MB",
        r"start to first answer: \d+\.\d s",
        r"ask, 1 questions: p50 \d+\.\d ms",
        r"resident after asking: \d{3,} MB",
        r"\n1,800 segments in \d+ locales; in [-\w]+ \d+ of \d+ articles, exact, 8 bits: built",
        r" recall@10 [01]\.\d{3}, ask p50 \d+\.\d p99 \d+\.\d ms\n",
    ):
        assert re.search(line, done.stdout), done.stdout


def test_a_port_that_is_taken_is_named(starter_index: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = babeldesk("serve", "--local", "--port", str(port), "--index", starter_index)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert f"Can't listen on 127.0.0.1:{port} (" in last
    assert last.endswith("choose another with --host and --port.")
