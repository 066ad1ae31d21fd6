from __future__ import annotations

import shutil
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.answer import Answer, Answerer, Asker
from bot.records import Records
from corpus.article import Article
from corpus.reader import read_corpus
from index.build import build
from index.embedding import Embedder
from index.search import Searcher
from tests.processes import running

PROJECT = Path(__file__).parent.parent
_ARTICLES = PROJECT / "corpus" / "articles"
# Enough of the starter articles to find the right one among others; the tests of all of them, and
# of what makes them good, are in test_starters.
_LOCALES = ("ar-SA", "bg-BG", "el-GR", "en-US", "tr-TR", "zh-CN")
_TOPICS = (
    *("connect-to-vpn", "onedrive-sync-stuck", "outlook-mailbox-full", "reset-password"),
    *("sync-profile-picture", "teams-microphone-not-working"),
)
# They say too little for an answer; which of them are met with suggestions is the model's affair.
_VAGUE = (
    "hesabım",
    "dosyalarım görünmüyor",
    "eşitlemiyor",
    "fotoğraf yüklenmiyor",
    "bağlanamıyorum",
    "bağlantı",
    "şirket ağına giremiyorum",
)


def copy_starters(folder: Path) -> Path:
    """Some of the starter articles in a new folder, six topics in six locales."""
    for locale in _LOCALES:
        (folder / locale).mkdir(parents=True)
        for topic in _TOPICS:
            shutil.copy(_ARTICLES / locale / f"{topic}.md", folder / locale)
    return folder


@pytest.fixture(scope="session")
def starter_articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `copy_starters`."""
    return copy_starters(tmp_path_factory.mktemp("starters") / "articles")


@pytest.fixture(scope="session")
def starters(starter_articles: Path) -> dict[tuple[str, str], Article]:
    """Those starter articles by (locale, id)."""
    return {(article.locale, article.id): article for article in read_corpus([starter_articles])}


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The bundled embedder."""
    return Embedder()


@pytest.fixture(scope="session")
def starter_index(starter_articles: Path, embedder: Embedder) -> Path:
    """An index of those starter articles, made with the bundled embedder."""
    folder = starter_articles.with_name("index")
    build([starter_articles], folder, embedder)
    return folder


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """The records of a bot to which nobody has said anything yet."""
    opened = await Records.open(tmp_path / "records.db")
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def suggesting(starter_index: Path) -> Answer:
    """A Turkish question to which the bot has but suggestions, and those suggestions."""
    searcher = Searcher(starter_index)
    answerer = Answerer(lambda: searcher)
    answers = (answerer.answer(question, Asker(client="en-US")) for question in _VAGUE)
    found = next((a for a in answers if (a.outcome, a.language) == ("suggest", "tr-TR")), None)
    assert found, f"none of {_VAGUE} is met with suggestions: add a question that is"
    return found


@pytest.fixture(scope="session")
def local_server(starter_index: Path) -> Iterator[str]:
    """The address of the real command in a local trial; it must end well when told to."""
    command = [sys.executable, "-m", "bot", "serve", "--local", "--port", "0"]
    command += ["--index", str(starter_index)]
    with running(command, r"http://127\.0\.0\.1:\d+", PROJECT) as (process, match):
        address = match.group()
        with urllib.request.urlopen(f"{address}/readyz", timeout=10) as response:  # noqa: S310
            assert response.read() == b"ready"
        yield address
        process.terminate()
        assert process.wait(20) == 0
