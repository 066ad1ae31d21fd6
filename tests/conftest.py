from __future__ import annotations

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
STARTERS = PROJECT / "corpus" / "articles"
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


@pytest.fixture(scope="session")
def starters() -> dict[tuple[str, str], Article]:
    """The starter articles by (locale, id)."""
    return {(article.locale, article.id): article for article in read_corpus([STARTERS])}


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The bundled embedder."""
    return Embedder()


@pytest.fixture(scope="session")
def starter_index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """An index of the starter articles, made with the bundled embedder."""
    folder = tmp_path_factory.mktemp("starters") / "index"
    build([STARTERS], folder, embedder)
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
