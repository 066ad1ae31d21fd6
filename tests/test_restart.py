"""What was told to a bot is there when it comes back, however it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.buttons import ChooseLanguage, OpenArticle, Rate
from bot.strings import strings_for
from corpus.article import Article
from tests.fake_connector import activity
from tests.processes import running

PROJECT = Path(__file__).parent.parent
PICTURE = "sync-profile-picture"
ARABIC_QUESTION = "لماذا لا يتم تحديث صورة ملفي الشخصي؟"
QUESTION = "Profil resmim SharePoint'te neden güncellenmiyor?"


@pytest.fixture
def index(starter_index: Path, tmp_path: Path) -> Path:
    """The starter index, with no records beside it yet."""
    linked = tmp_path / "index"
    linked.symlink_to(starter_index)
    return linked


@contextmanager
def served(index: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "bot", "serve", "--local", "--port", "0"]
    command += ["--index", str(index)]
    environ = {**os.environ, **environment}
    with running(command, r"http://127\.0\.0\.1:\d+", PROJECT, environ) as (process, match):
        yield process, match.group()


def say(address: str, text: str | None = None, **changes: Any) -> Any:
    """What the bot replies at once: the activities, or what answers an invoke."""
    body = activity(text, serviceUrl=address, deliveryMode="expectReplies", **changes)
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{address}/api/messages", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
        return json.loads(response.read())


def report(index: Path) -> Any:
    command = [sys.executable, "-m", "bot", "report", "--index", str(index), "--json"]
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_what_was_said_survives_a_kill(
    index: Path, starters: dict[tuple[str, str], Article]
) -> None:
    with served(index) as (process, address):
        say(address, QUESTION)
        say(address, "zxcv qwrt", id="2", **{"from": {"id": "29:somebody"}})
        rated = Rate(OpenArticle(PICTURE, "tr-TR", reply="r"), helpful=True).data()
        action = {"type": "Action.Execute", "verb": "rate", "data": rated}
        say(address, type="invoke", name="adaptiveCard/action", value={"action": action})
        say(address, value={**ChooseLanguage(None).data(), "language": "ar-SA"}, id="3")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    found = report(index)
    assert found["languages"]["tr-TR"] == {
        "outcomes": {"answer": 1},
        "helpful": 1,
        "unhelpful": 0,
    }
    assert [question["text"] for question in found["unanswered"]] == ["zxcv qwrt"]
    with served(index) as (_, address):
        arabic, english = (starters[locale, PICTURE] for locale in ("ar-SA", "en-US"))
        [message] = say(address, ARABIC_QUESTION, id="4")["activities"]
        assert arabic.title in str(message["attachments"])
        [message] = say(address, "in english please", id="5")["activities"]
        assert english.title in str(message["attachments"])
        [welcome, *_] = say(address, "help", id="6")["activities"]
        assert welcome["speak"].startswith(strings_for("ar-SA").get("welcome-title"))


def test_no_question_is_written_where_none_is_to_be_kept(index: Path) -> None:
    with served(index, BABELDESK_KEEP_QUESTIONS="0") as (_, address):
        say(address, QUESTION)
    assert report(index) == {"languages": {}, "unanswered": [], "complaints": []}
    for file in index.parent.glob("records.db*"):
        assert "güncellenmiyor".encode() not in file.read_bytes()


def test_records_that_cannot_be_opened_are_named(index: Path) -> None:
    records = index.with_name("records.db")
    records.write_text("not a database at all, but long enough to be taken for one" * 99)
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "bot", "serve", "--local", "--port", "0", "--index", str(index)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"The records in {records} can't be opened" in done.stderr.splitlines()[-1]


def test_the_report_is_a_table_and_what_was_not_answered(index: Path) -> None:
    with served(index) as (_, address):
        say(address, QUESTION)
        say(address, "zxcv qwrt", id="2", **{"from": {"id": "29:somebody"}})
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "bot", "report", "--index", str(index), "--days", "1"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "1 (100%)" in next(line for line in done.stdout.splitlines() if "tr-TR" in line)
    assert "Without an answer (1 different):" in done.stdout
    assert "1 × zxcv qwrt" in done.stdout
