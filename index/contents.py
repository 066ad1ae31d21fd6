"""What the articles of one locale say, in one SQLite file: an index folder serves by itself."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.article import Article

_SCHEMA = """
CREATE TABLE IF NOT EXISTS article (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    updated TEXT NOT NULL,
    segments INTEGER NOT NULL,
    bilingual INTEGER NOT NULL,  -- whether the English can be had from its sources
    derived INTEGER NOT NULL,    -- whether it is such an English, and no file's own
    body BLOB NOT NULL           -- Article.to_json, deflated
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An article's line in the table, without its body."""

    id: str
    content_hash: str
    updated: str
    bilingual: bool
    derived: bool


class Contents:
    """The articles of one locale by id, in the order of their ids."""

    def __init__(self, path: Path, *, write: bool = False) -> None:
        """Open a contents file; `write` makes it where it isn't there.

        Raises sqlite3.OperationalError where a file to read is missing.
        """
        # Immutable: a published index never changes, so no locks and no journal are needed.
        address = path.resolve().as_uri()
        uri = address if write else f"{address}?mode=ro&immutable=1"
        self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
        if write:
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute(_SCHEMA)

    def get(self, article_id: str) -> Article | None:
        """The article, or None where this locale doesn't have it."""
        query = "SELECT body FROM article WHERE id = ?"
        row = self._db.execute(query, (article_id,)).fetchone()
        return None if row is None else _article(row[0])

    def title(self, article_id: str) -> str | None:
        """The article's title, or None where this locale doesn't have it."""
        row = self._db.execute("SELECT title FROM article WHERE id = ?", (article_id,)).fetchone()
        return None if row is None else str(row[0])

    def ids(self) -> list[str]:
        """Every article's id, in order."""
        return [str(article_id) for (article_id,) in self._rows("id", None)]

    def entries(self, among: Iterable[str] | None = None) -> list[Entry]:
        """The articles' entries, ordered by id; where ids are given, of those `among` them."""
        rows = self._rows("id, content_hash, updated, bilingual, derived", among)
        return [Entry(i, h, u, bool(b), bool(d)) for i, h, u, b, d in rows]

    def articles(self, among: Iterable[str] | None = None) -> Iterator[Article]:
        """The articles, ordered by id; where ids are given, those `among` them."""
        return (_article(body) for (body,) in self._rows("body", among))

    def _rows(self, columns: str, among: Iterable[str] | None) -> sqlite3.Cursor:
        some = "" if among is None else "WHERE id IN (SELECT value FROM json_each(?))"
        query = f"SELECT {columns} FROM article {some} ORDER BY id"  # noqa: S608 - our own words
        return self._db.execute(query, () if among is None else (json.dumps(list(among)),))

    def segment_count(self) -> int:
        """How many segments the articles have in all."""
        return int(self._db.execute("SELECT total(segments) FROM article").fetchone()[0])

    def put(self, article: Article, *, derived: bool = False) -> None:
        """Add an article, or replace the one of the same id."""
        body = article.to_json()
        bilingual = all(segment.source is not None for segment in article.segments)
        self._db.execute(
            "INSERT OR REPLACE INTO article VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                article.id,
                article.title,
                article.content_hash,
                article.updated or "",
                sum(1 for _ in article.segments),
                bilingual,
                derived,
                zlib.compress(body.encode(), 6),
            ),
        )

    def delete(self, article_ids: Iterable[str]) -> None:
        """Take articles out; ids that aren't there are passed over."""
        self._db.executemany("DELETE FROM article WHERE id = ?", [(i,) for i in article_ids])

    def close(self) -> None:
        """Write what is not written yet, and close the file."""
        self._db.commit()
        self._db.close()


def _article(body: bytes) -> Article:
    return Article.from_json(zlib.decompress(body).decode())
