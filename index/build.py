"""Articles to a versioned index folder: incremental and atomic.

Two passes. First the files that may say something new (`records`) are read, and what changed goes
into each locale's contents; English articles are taken from the sources of bilingual ones where no
English file stands. Then of each locale that changed what is new is embedded and its words are
counted; the files of other locales are shared with the version before. Nothing is in force until
the last step.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import hashlib
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from corpus.article import ENGLISH
from corpus.parallel import read_all
from corpus.reader import Problem, Reading, Root, Source, corpus_files
from index import locale_index, records, versions
from index.confidence import CONFIDENCE_FILE
from index.contents import Contents
from index.embedding import Embedder, Prefixes, beside_model, fingerprint
from index.fusion import FUSION_FILE
from index.locale_index import LocaleIndex
from index.passages import EmbeddedOnce
from index.records import File, FileRecord

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


@contextlib.contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Have Python look for circular garbage a hundred times less often: a build makes millions of
    objects, nearly all of them to stay, and each look at them all takes a tenth of a second.
    """
    usual = gc.get_threshold()
    gc.set_threshold(100 * usual[0], *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


class LazyEmbedder:
    """An embedder that is loaded when it is first needed; its fingerprint is known before."""

    def __init__(self, model: str | Path, prefixes: Prefixes | None = None) -> None:
        """As of `Embedder`."""
        self.fingerprint = fingerprint(model, prefixes)
        self._load = functools.partial(Embedder, model, prefixes)

    @functools.cached_property
    def loaded(self) -> Embedder:
        """The embedder. Raises embedding.ModelNotFoundError where there is no such model."""
        embedder = self._load()
        # The libraries behind it stay: to look for what can go among their million objects would
        # take a second when the program ends.
        gc.freeze()
        return embedder


@_collecting_rarely()
def build(
    roots: Sequence[Path | Root],
    out: Path,
    embedder: Embedder | LazyEmbedder,
    base_url: str | None = None,
    progress: Progress | None = None,
    keep: Sequence[Path] = (),
) -> BuildReport:
    """Index all articles below `roots` into `out`; an index that is there serves until the end.

    Articles of files below the folders in `keep`, which can't be read now, stay as they were.
    A LazyEmbedder is loaded only where something changed.

    Raises FileNotFoundError for a missing root, NoArticlesError where there is nothing to index,
    embedding.ModelNotFoundError for a model that is not there, and versions.IndexBusyError where
    another build is at work.
    """
    tell = progress or (lambda _what, _done, _total: None)
    sources = [source for source in corpus_files(roots) if not source.is_fragment]
    if not _made_with(out, embedder.fingerprint):
        # Before anything is made: a model that is not there leaves no trace.
        embedder = _loaded(embedder)
    with versions.building(out) as made:
        old = _usable_version(out, embedder.fingerprint, base_url)
        draft = _Draft(made, old)
        draft.read(sources, base_url, tell)
        draft.keep([str(folder.resolve()) for folder in keep])
        draft.remove_lost()
        if old and not draft.touched:
            if draft.records != old.records:
                records.save(draft.records, old.folder / records.FILE)
            return draft.report(None, old.meta.articles, old.meta.segments, 0)
        draft.derive_english()
        draft.drop_empty_locales()
        if not draft.locales():
            named = ", ".join(str(getattr(root, "path", root)) for root in roots)
            raise NoArticlesError(f"No article can be read below {named}: run babeldesk check.")
        embedder = _loaded(embedder)
        embedded = draft.index_locales(embedder, tell)
        new = draft.finish(embedder, base_url)
        version = versions.publish(out, made)
        return draft.report(version, new.articles, new.segments, embedded)


def _loaded(embedder: Embedder | LazyEmbedder) -> Embedder:
    return embedder.loaded if isinstance(embedder, LazyEmbedder) else embedder


def _made_with(out: Path, fingerprint: str) -> bool:
    try:
        return versions.current(out)[1].model_fingerprint == fingerprint
    except versions.IndexNotUsableError:
        return False


def _usable_version(out: Path, fingerprint: str, base_url: str | None) -> _Usable | None:
    """The version to build on; None where everything must be made anew."""
    try:
        version, meta = versions.current(out)
        if (meta.model_fingerprint, meta.base_url) != (fingerprint, base_url):
            return None
        for locale in meta.articles:
            versions.opened(version / locale, LocaleIndex)
        return _Usable(version, meta, versions.opened(version / records.FILE, records.load))
    except versions.IndexNotUsableError as error:
        _log.info("everything is made anew: %s", error)
        return None


@dataclass(frozen=True, slots=True)
class _Usable:
    """A version to build on, whole: all of it opens. `records` are by resolved path."""

    folder: Path
    meta: versions.Meta
    records: dict[str, FileRecord]


@dataclass(slots=True)
class _Draft:
    """A version that is being made in `made`, from the version `old` if there is one.

    `records` are what each file gives now, by resolved path; `writing` are the contents of the
    locales that change, `emptied` the locales that have nothing left, `touched` the ids of what
    changed, `owners` the files that gave the articles, by locale and id.
    """

    made: Path
    old: _Usable | None
    records: dict[str, FileRecord] = field(default_factory=dict)
    owners: dict[tuple[str, str], str] = field(default_factory=dict)
    writing: dict[str, Contents] = field(default_factory=dict)
    emptied: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    changed: int = 0
    removed: int = 0

    def read(self, sources: Sequence[Source], base_url: str | None, tell: Progress) -> None:
        """Read what may be new; put what is new into the contents, take out what is gone."""
        before = self.old.records if self.old else {}
        files = records.files(sources, before)
        unsure = [file for file in files if not file.unread]
        hashes = {file.source: file.before.file_hash for file in unsure if file.before}
        readings = read_all([file.source for file in unsure], base_url, hashes)
        for done, file in enumerate(files, 1):
            if record := file.unread:
                self._own(file, record)
            else:
                self._take(file, next(readings))
            if done % _TELL_EVERY == 0 or done == len(sources):
                tell("Reading articles", done, len(sources))

    def keep(self, folders: Sequence[str]) -> None:
        """Let files below these folders give what they gave before."""
        for path, record in self.old.records.items() if self.old else ():
            kept = any(path == folder or path.startswith(f"{folder}/") for folder in folders)
            if kept and self.owners.setdefault(record.key, path) == path:
                self.records[path] = record

    def remove_lost(self) -> None:
        """Take out the articles that no file gives any more."""
        before = self.old.records.values() if self.old else ()
        for locale, article_id in {record.key for record in before} - set(self.owners):
            self._contents_to_write(locale).delete([article_id])
            self.touched.add(article_id)
            self.removed += 1

    def _take(self, file: File, reading: Reading) -> None:
        self.problems.extend(reading.problems)
        record = file.read(reading)
        if record and self._own(file, record) and reading.article:
            self._contents_to_write(record.locale).put(reading.article)
            self.touched.add(record.article_id)
            self.changed += 1

    def _own(self, file: File, record: FileRecord) -> bool:
        """Let a file give an article; False where another file gives it already."""
        owner = self.owners.setdefault(record.key, file.path)
        if owner != file.path:
            message = f"says what {owner} says (same id, same locale): left out."
            self.problems.append(Problem(file.source.path, 1, message))
            return False
        self.records[file.path] = record
        return True

    def _contents_to_write(self, locale: str) -> Contents:
        """A locale's contents in the new version, begun with those of the old."""
        if locale not in self.writing:
            folder = self.made / locale
            folder.mkdir()
            if old := self._old_folder(locale):
                shutil.copyfile(old / "articles.db", folder / "articles.db")
            self.writing[locale] = Contents(folder / "articles.db", write=True)
        return self.writing[locale]

    def _contents(self, locale: str) -> Contents:
        if locale not in self.writing and (old := self._old_folder(locale)):
            return Contents(old / "articles.db")
        return self._contents_to_write(locale)

    def _old_folder(self, locale: str) -> Path | None:
        return self.old.folder / locale if self.old and locale in self.old.meta.articles else None

    def locales(self) -> list[str]:
        """All locales of the version, sorted."""
        old = self.old.meta.articles.keys() if self.old else set()
        return sorted((old | self.writing.keys()) - self.emptied)

    def derive_english(self) -> None:
        """Renew the English of what changed from the bilingual article that is newest."""
        english = self._contents_to_write(ENGLISH)
        own = {entry.id for entry in english.entries(self.touched) if not entry.derived}
        wanted = self.touched - own
        newest: dict[str, tuple[str, str]] = {}
        for locale in self.locales():
            for entry in self._contents(locale).entries(wanted) if locale != ENGLISH else ():
                # Of articles that are equally new the first locale's: the same in every build.
                known = newest.get(entry.id)
                newer = known is None or entry.updated > known[0]
                if newer and entry.bilingual:
                    newest[entry.id] = (entry.updated, locale)
        english.delete(wanted - newest.keys())
        for locale in self.locales():
            chosen = [article_id for article_id, (_, name) in newest.items() if name == locale]
            for article in self._contents(locale).articles(chosen) if chosen else ():
                if derived := article.english():
                    english.put(derived, derived=True)

    def drop_empty_locales(self) -> None:
        """Take out the locales that have no article left."""
        for locale in [name for name, contents in self.writing.items() if not contents.ids()]:
            self.writing.pop(locale).close()
            shutil.rmtree(self.made / locale)
            self.emptied.add(locale)

    def index_locales(self, embedder: Embedder, tell: Progress) -> int:
        """Index the locales that changed, share the others; how many segments were embedded."""
        total = sum(contents.segment_count() for contents in self.writing.values())
        embedded = EmbeddedOnce(embedder)
        done = count = 0

        def advance(segments: int) -> None:
            nonlocal done
            done += segments
            tell("Indexing", min(done, total), total)

        with ThreadPoolExecutor(1) as disk:
            for locale in self.locales():
                folder, old = self.made / locale, self._old_folder(locale)
                if locale in self.writing:
                    self.writing[locale].close()
                    before = LocaleIndex(old) if old else None
                    count += locale_index.write(folder, embedder, embedded, {}, advance, before)
                    # `publish` does it too; so that it need not wait, this begins early.
                    disk.submit(versions.flush, folder)
                elif old:
                    versions.link_tree(old, folder)
        tell("Indexing", total, total)
        return count

    def finish(self, embedder: Embedder, base_url: str | None) -> versions.Meta:
        """Write what the next build and the loading of this one need to know."""
        records.save(self.records, self.made / records.FILE)
        for file in (FUSION_FILE, CONFIDENCE_FILE):
            fitted = self.old.folder if self.old else beside_model(embedder.name, file)
            shutil.copyfile(fitted / file, self.made / file)
        states = {locale: self._state(locale) for locale in self.locales()}
        meta = versions.Meta(
            schema=versions.SCHEMA,
            model=embedder.name,
            model_fingerprint=embedder.fingerprint,
            prefixes=list(embedder.prefixes) if embedder.prefixes else None,
            dimension=embedder.dimension,
            base_url=base_url,
            articles={locale: count for locale, (count, _, _) in states.items()},
            segments={locale: count for locale, (_, count, _) in states.items()},
            corpus_hashes={locale: digest for locale, (_, _, digest) in states.items()},
        )
        meta.save(self.made)
        return meta

    def _state(self, locale: str) -> tuple[int, int, str]:
        """How many articles and segments a locale has, and a hash of what it says."""
        if self.old and locale not in self.writing:
            meta = self.old.meta
            return meta.articles[locale], meta.segments[locale], meta.corpus_hashes[locale]
        index = LocaleIndex(self.made / locale)
        return len(index.article_ids), index.segment_count, _corpus_hash(index.contents)

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
