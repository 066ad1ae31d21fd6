"""What each file of a corpus gave when it was last read, so that only what may say something new
is read again.

A file whose size and times (of its last writing, and of its last change of any kind) are what they
were says what it said, and is not opened. That is believed neither of a file that was written just
before it was read, as one more writing in the same tick of the file system's clock would leave no
trace, nor of one that includes others: those are read, and their hash decides.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from corpus.files import Defaults
from corpus.reader import Reading, Source
from index import versions

FILE = "files.json"
# More than a tick of any file system's clock: FAT's are two seconds long.
_SETTLED = 3_000_000_000


class FileRecord(NamedTuple):
    """A file's hash, the article that came of it, and its stamp; "" where it is to be read."""

    file_hash: str
    locale: str
    article_id: str
    stamp: str

    @property
    def key(self) -> tuple[str, str]:
        """Which article it is."""
        return self.locale, self.article_id


class File(NamedTuple):
    """A file of the corpus as it is now, and what it gave `before`; `path` is its resolved path."""

    source: Source
    path: str
    stamp: str
    before: FileRecord | None

    @property
    def unread(self) -> FileRecord | None:
        """What it gives without being read; None where it must be read."""
        return self.before if self.before and self.before.stamp == self.stamp != "" else None

    def read(self, reading: Reading) -> FileRecord | None:
        """What it gives by a reading; None where that is nothing."""
        stamp = "" if reading.includes else self.stamp
        if reading.article:
            return FileRecord(reading.file_hash, reading.article.locale, reading.article.id, stamp)
        if self.before and not reading.file_hash:
            # What can't be read now is served as it was, and is read again next time.
            return self.before._replace(file_hash="", stamp="")
        if self.before and self.before.file_hash == reading.file_hash:
            return self.before._replace(stamp=stamp)
        return None


def files(sources: Sequence[Source], before: Mapping[str, FileRecord]) -> list[File]:
    """The files as they are now, in their order. `before` are the records by resolved path."""
    now = time.time_ns()
    # Only the roots are resolved: of a hundred thousand files that would take seconds.
    roots = {root: str(root.resolve()) for root in {source.root for source in sources}}
    paths = [f"{roots[source.root]}/{source.inside}" for source in sources]
    pairs = zip(sources, paths, strict=True)
    told = {source.defaults: _told(source.defaults) for source in sources}
    return [
        File(source, path, _stamp(path, now, told[source.defaults]), before.get(path))
        for source, path in pairs
    ]


def _told(defaults: Defaults) -> str:
    """What a stamp says of what holds for a file: nothing where nothing does."""
    if defaults == Defaults():
        return ""
    return " " + hashlib.blake2b(str(defaults).encode(), digest_size=8).hexdigest()


def _stamp(path: str, now: int, told: str) -> str:
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each would take longer than this
    except OSError:
        return ""
    if max(found.st_mtime_ns, found.st_ctime_ns) > now - _SETTLED:
        return ""
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}{told}"


def load(path: Path) -> dict[str, FileRecord]:
    """The records in a file. Raises much where it is damaged."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {name: FileRecord(*row) for name, row in rows.items()}


def save(records: Mapping[str, FileRecord], path: Path) -> None:
    """Write records into a file, in one piece or not at all."""
    versions.write_whole(path, json.dumps(records))
