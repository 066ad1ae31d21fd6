"""Articles to a versioned index folder: incremental and atomic.

Two passes. First the files are read, and what changed goes into each locale's contents; English
articles are taken from the sources of bilingual ones where no English file stands. Then each
locale that changed is embedded and its words are counted; the others' files are shared with the
version before. Nothing is in force until the last step.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpus.article import ENGLISH, Article
from corpus.parallel import read_all
from corpus.reader import Problem, Reading, Source, corpus_files
from index import locale_index, versions
from index.contents import Contents
from index.embedding import Embedder
from index.locale_index import LocaleIndex
from index.store import Vectors

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

_TELL_EVERY = 100
_log = logging.getLogger(__name__)


class NoArticlesError(ValueError):
    """The folders hold no article that can be indexed."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. `version` is None where nothing had changed.

    `articles` and `segments` count what the index holds per locale; `changed` how many files
    were new or said something new, `removed` how many articles are gone, `embedded` how many
    segments had to be embedded.
    """

    version: Path | None
    articles: dict[str, int]
    segments: dict[str, int]
    changed: int
    removed: int
    embedded: int
    problems: tuple[Problem, ...]


def build(
    roots: Sequence[Path],
    out: Path,
    embedder: Embedder,
    base_url: str | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Index all articles below `roots` into `out`; an index that is there serves until the end.

    Raises FileNotFoundError for a missing root, NoArticlesError where there is nothing to index,
    and versions.IndexBusyError where another build is at work.
    """
    tell = progress or (lambda _what, _done, _total: None)
    sources = [source for source in corpus_files(roots) if not source.is_fragment]
    with versions.building(out) as made:
        usable = _usable_version(out, embedder, base_url)
        draft = _Draft(made, usable.folder, usable.records) if usable else _Draft(made, None, {})
        draft.read(sources, base_url, tell)
        if usable and not draft.touched:
            return draft.report(None, usable.meta.articles, usable.meta.segments, 0)
        draft.derive_english()
        draft.drop_empty_locales()
        if not draft.locales():
            named = ", ".join(str(root) for root in roots)
            raise NoArticlesError(f"No article can be read below {named}: run babeldesk check.")
        embedded = draft.index_locales(embedder, tell)
        new = draft.finish(embedder, base_url)
        version = versions.publish(out, made)
        return draft.report(version, new.articles, new.segments, embedded)


def _usable_version(out: Path, embedder: Embedder, base_url: str | None) -> _Usable | None:
    """The version to build on; None where everything must be made anew."""
    try:
        version, meta = versions.current(out)
        if (meta.model_fingerprint, meta.base_url) != (embedder.fingerprint, base_url):
            return None
        for locale in meta.articles:
            versions.opened(version / locale, LocaleIndex)
        return _Usable(version, meta, versions.opened(version / "files.json", _file_records))
    except versions.IndexNotUsableError as error:
        _log.info("everything is made anew: %s", error)
        return None


def _file_records(path: Path) -> dict[str, _FileRecord]:
    records = json.loads(path.read_text(encoding="utf-8"))
    return {name: _FileRecord(*record) for name, record in records.items()}


@dataclass(slots=True)
class _FileRecord:
    """What a file gave the last time: its hash, and the article that came of it."""

    file_hash: str
    locale: str
    article_id: str

    @property
    def key(self) -> tuple[str, str]:
        return self.locale, self.article_id


@dataclass(frozen=True, slots=True)
class _Usable:
    """A version to build on, whole: all of it opens. `records` are by resolved path."""

    folder: Path
    meta: versions.Meta
    records: dict[str, _FileRecord]


@dataclass(slots=True)
class _Draft:
    """A version that is being made in `made`, from the version `old` if there is one.

    `before` and `records` are what each file gave then and gives now, by resolved path;
    `writing` are the contents of the locales that change, `emptied` the locales that have nothing
    left, `touched` the ids of what changed.
    """

    made: Path
    old: Path | None
    before: dict[str, _FileRecord]
    records: dict[str, _FileRecord] = field(default_factory=dict)
    writing: dict[str, Contents] = field(default_factory=dict)
    emptied: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    changed: int = 0
    removed: int = 0

    def read(self, sources: Sequence[Source], base_url: str | None, tell: Progress) -> None:
        """Read every file; put what is new into the contents, take out what is gone."""
        owners: dict[tuple[str, str], str] = {}
        paths = {source: str(source.path.resolve()) for source in sources}
        known = {s: self.before[p].file_hash for s, p in paths.items() if p in self.before}
        for done, reading in enumerate(read_all(sources, base_url, known), 1):
            self._take(reading, paths[reading.source], owners)
            if done % _TELL_EVERY == 0 or done == len(sources):
                tell("Reading articles", done, len(sources))
        for locale, article_id in {record.key for record in self.before.values()} - set(owners):
            self._contents_to_write(locale).delete([article_id])
            self.touched.add(article_id)
            self.removed += 1

    def _take(self, reading: Reading, path: str, owners: dict[tuple[str, str], str]) -> None:
        self.problems.extend(reading.problems)
        record = self._record(path, reading)
        if record is None:
            return
        if record.key in owners:
            message = f"says what {owners[record.key]} says (same id, same locale): left out."
            self.problems.append(Problem(reading.source.path, 1, message))
            return
        owners[record.key] = path
        self.records[path] = record
        if reading.article:
            self._contents_to_write(record.locale).put(reading.article)
            self.touched.add(record.article_id)
            self.changed += 1

    def _record(self, path: str, reading: Reading) -> _FileRecord | None:
        if reading.article:
            return _FileRecord(reading.file_hash, reading.article.locale, reading.article.id)
        before = self.before.get(path)
        if before and not reading.file_hash:
            # What can't be read now is served as it was, and is read again next time.
            return _FileRecord("", before.locale, before.article_id)
        unchanged = before and before.file_hash == reading.file_hash
        return before if unchanged else None

    def _contents_to_write(self, locale: str) -> Contents:
        """A locale's contents in the new version, begun with those of the old."""
        if locale not in self.writing:
            folder = self.made / locale
            folder.mkdir()
            if self.old and (self.old / locale).is_dir():
                shutil.copyfile(self.old / locale / "articles.db", folder / "articles.db")
            self.writing[locale] = Contents(folder / "articles.db", write=True)
        return self.writing[locale]

    def _contents(self, locale: str) -> Contents:
        if locale in self.writing or self.old is None:
            return self._contents_to_write(locale)
        return Contents(self.old / locale / "articles.db")

    def locales(self) -> list[str]:
        """All locales of the version, sorted."""
        old = {p.name for p in self.old.iterdir() if p.is_dir()} if self.old else set()
        return sorted((old | self.writing.keys()) - self.emptied)

    def derive_english(self) -> None:
        """Renew the English of what changed from the bilingual article that is newest."""
        english = self._contents_to_write(ENGLISH)
        wanted = self.touched - {entry.id for entry in english.entries() if not entry.derived}
        newest: dict[str, tuple[str, str]] = {}
        for locale in self.locales():
            for entry in self._contents(locale).entries() if locale != ENGLISH else ():
                # Of articles that are equally new the first locale's: the same in every build.
                known = newest.get(entry.id)
                newer = known is None or entry.updated > known[0]
                if newer and entry.bilingual and entry.id in wanted:
                    newest[entry.id] = (entry.updated, locale)
        english.delete(wanted - newest.keys())
        for locale in self.locales():
            contents = self._contents(locale)
            for article_id in sorted(i for i, (_, chosen) in newest.items() if chosen == locale):
                self._put_english(english, contents.get(article_id))

    @staticmethod
    def _put_english(english: Contents, article: Article | None) -> None:
        if article and (derived := article.english()):
            english.put(derived, derived=True)

    def drop_empty_locales(self) -> None:
        """Take out the locales that have no article left."""
        for locale in [name for name, contents in self.writing.items() if not contents.entries()]:
            self.writing.pop(locale).close()
            shutil.rmtree(self.made / locale)
            self.emptied.add(locale)

    def index_locales(self, embedder: Embedder, tell: Progress) -> int:
        """Index the locales that changed, share the others; how many segments were embedded."""
        total = sum(contents.segment_count() for contents in self.writing.values())
        done = embedded = 0
        for locale in self.locales():
            if self.old and locale not in self.writing:
                versions.link_tree(self.old / locale, self.made / locale)
                continue
            reusable = self._reusable(locale)
            contents = self.writing[locale]
            done += contents.segment_count()
            contents.close()
            embedded += locale_index.write(self.made / locale, embedder, reusable)
            tell("Indexing", done, total)
        return embedded

    def _reusable(self, locale: str) -> dict[str, tuple[Vectors, Vectors]]:
        """The vectors of the articles that say what they said in the old version."""
        if self.old is None or not (self.old / locale / "segments.faiss").exists():
            return {}
        old = LocaleIndex(self.old / locale)
        then = {entry.id: entry.content_hash for entry in old.contents.entries()}
        now = {entry.id: entry.content_hash for entry in self.writing[locale].entries()}
        vectors = old.vectors_by_article()
        return {i: pair for i, pair in vectors.items() if then[i] == now.get(i)}

    def finish(self, embedder: Embedder, base_url: str | None) -> versions.Meta:
        """Write what the next build and the loading of this one need to know."""
        records = {p: [r.file_hash, r.locale, r.article_id] for p, r in self.records.items()}
        (self.made / "files.json").write_text(json.dumps(records), encoding="utf-8")
        folders = sorted(p for p in self.made.iterdir() if p.is_dir())
        indexes = {folder.name: LocaleIndex(folder) for folder in folders}
        meta = versions.Meta(
            schema=versions.SCHEMA,
            model=embedder.name,
            model_fingerprint=embedder.fingerprint,
            dimension=embedder.dimension,
            base_url=base_url,
            articles={name: len(index.article_ids) for name, index in indexes.items()},
            segments={name: index.segment_count for name, index in indexes.items()},
            corpus_hashes={name: _corpus_hash(index.contents) for name, index in indexes.items()},
        )
        meta.save(self.made)
        return meta

    def report(
        self,
        version: Path | None,
        articles: dict[str, int],
        segments: dict[str, int],
        embedded: int,
    ) -> BuildReport:
        problems = tuple(self.problems)
        return BuildReport(
            version, articles, segments, self.changed, self.removed, embedded, problems
        )


def _corpus_hash(contents: Contents) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for entry in contents.entries():
        digest.update(f"{entry.id}\0{entry.content_hash}\n".encode())
    return digest.hexdigest()
