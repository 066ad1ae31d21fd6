"""The index as it is now: a new version serves as soon as it is published."""

from __future__ import annotations

import logging
from pathlib import Path

from index import versions
from index.embedding import Embedder
from index.search import Searcher

_log = logging.getLogger(__name__)


class LiveIndex:
    """Holds the searcher of the version that serves, and changes it for a newer one.

    Every locale is open before a version serves: nobody waits for one, and a version that is
    damaged anywhere never comes to serve.
    """

    def __init__(self, folder: Path, embedder: Embedder | None = None) -> None:
        """Open the version that serves in a folder. Raises versions.IndexNotUsableError."""
        self._folder = folder
        self._searcher = _opened(folder, embedder)

    @property
    def searcher(self) -> Searcher:
        """The searcher to use for the next question."""
        return self._searcher

    def refresh(self) -> bool:
        """Change to the newest version where there is one; whether there was.

        A version that can't be opened is logged, and the one that serves goes on serving.
        """
        try:
            version, _ = versions.current(self._folder)
            if version == self._searcher.version:
                return False
            self._searcher = _opened(self._folder, self._searcher.embedder)
        except versions.IndexNotUsableError as error:
            _log.warning("the new index is not used, the old one goes on serving: %s", error)
            return False
        _log.info("now serving %s", version)
        return True


def _opened(folder: Path, embedder: Embedder | None) -> Searcher:
    searcher = Searcher(folder, embedder)
    searcher.open_all()
    return searcher
