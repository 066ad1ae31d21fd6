"""Every command that the guides show is run, as shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import Config
from corpus.sync import read_sources
from tests.conftest import copy_starters
from tests.processes import running

PROJECT = Path(__file__).parent.parent
README = PROJECT / "README.md"
GUIDES = [PROJECT / folder / "README.md" for folder in ("corpus", "manifest", "index", "bot")]
_BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
# What would take minutes here, and the test that runs it.
ELSEWHERE = {
    "babeldesk train": "test_adapt.py",
    "babeldesk bench": "test_command_line.py",
    "babeldesk calibrate": "test_training.py",
    "babeldesk index articles --model": "test_command_line.py",
    "babeldesk sync": "test_sync.py",
    "python -m index.training.peers": "test_peers.py",
    "python -m bot.language.peers": "test_peers.py",
}

pytestmark = pytest.mark.slow


def commands(page: Path) -> Iterator[str]:
    """The commands of a page, one a line."""
    for _, block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            command = re.sub(r"\s+#.*", "", line.strip())
            if command:
                yield command


@pytest.fixture
def place(tmp_path: Path, starter_index: Path) -> Path:
    """A checkout in which `make run` has set up: the command, the articles, their index."""
    bin_folder = tmp_path / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    for name, module in (("babeldesk", " -m bot"), ("python", "")):
        script = bin_folder / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        script.chmod(0o755)
    (tmp_path / "corpus").mkdir()
    copy_starters(tmp_path / "corpus" / "articles")
    kept = [
        line
        for line in (PROJECT / "corpus/questions.jsonl").read_text(encoding="utf-8").splitlines()
        if (tmp_path / "corpus/articles/en-US" / f"{json.loads(line)['article']}.md").exists()
    ]
    (tmp_path / "corpus/questions.jsonl").write_text("\n".join(kept), encoding="utf-8")
    shutil.copytree(starter_index, tmp_path / ".babeldesk" / "index")
    return tmp_path


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT), "BABELDESK_PORT": "0"}


def run(place: Path, command: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own documentation
        ["bash", "-c", command],  # noqa: S607
        cwd=place,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def elsewhere(command: str) -> bool:
    shown = command.replace(".venv/bin/", "")
    return any(shown.startswith(known) for known in ELSEWHERE)


def test_the_first_five_minutes(place: Path) -> None:
    made = (PROJECT / "Makefile").read_text(encoding="utf-8")
    said = {}
    for command in commands(README):
        if command.startswith("make "):
            assert f"\n{command.removeprefix('make ')}: " in made
        else:
            said[command] = run(place, command)
    answers = {command: text for command, text in said.items() if "babeldesk ask" in command}
    first, second, last = answers.values()
    assert first.startswith("SharePoint ve OneDrive'da profil resminizi güncelleştirme")
    assert "VPN" in second
    assert last.startswith("Descale the coffee machine")


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.parent.name)
def test_a_guide(place: Path, page: Path) -> None:
    (place / "articles").mkdir()
    shutil.copytree(place / "corpus/articles/en-US", place / "articles/en-US")
    shutil.copytree(place / "corpus/articles/tr-TR", place / "articles/tr-TR")
    shutil.copy(place / "corpus/questions.jsonl", place / "questions.jsonl")
    settings = ""
    shown = list(commands(page))
    assert shown
    for command in shown:
        if command.startswith("export "):
            settings += f"{command}; "
        elif "babeldesk serve" in command:
            full = ["bash", "-c", f"{settings}exec {command}"]
            with running(full, r"http://[\d.]+:\d+", place, environment()):
                pass
        elif "babeldesk report" in command:
            said = run(place, command)
            assert "0 in all" in said
        elif "--strict" in command:
            with pytest.raises(AssertionError, match="::warning file="):
                run(place, command)
        elif not elsewhere(command):
            run(place, command)


def test_the_sources_that_are_shown_can_be_read(tmp_path: Path) -> None:
    text = (PROJECT / "corpus/README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "babeldesk.toml"
    path.write_text(block, encoding="utf-8")
    own, theirs = read_sources(path)
    assert own.path == tmp_path / "articles"
    assert (theirs.branch, theirs.folder) == ("live-sxs", "AlchemyInsights")
    assert theirs.defaults.attribution


def test_what_is_run_elsewhere_is_run_there() -> None:
    for name in ELSEWHERE.values():
        assert (PROJECT / "tests" / name).exists()


def test_every_setting_is_explained() -> None:
    text = (PROJECT / "bot/README.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"BABELDESK_[A-Z_]+", text))
    module = sys.modules[Config.__module__].__doc__ or ""
    assert documented == set(re.findall(r"BABELDESK_[A-Z_]+", module))


def test_links_lead_to_files() -> None:
    for page in (README, *GUIDES):
        for address in re.findall(r"\]\(([^()#]+)\)", page.read_text(encoding="utf-8")):
            if "//" not in address and address != "includes/x.md":
                assert (page.parent / address).exists(), (page, address)
