"""Reads many files at once, one process a core."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice

from corpus.reader import Reading, Source, read_file

_FILES_PER_TASK = 100
_FEW_FILES = 300
_TASKS_AHEAD = 8


def read_all(
    sources: Sequence[Source],
    base_url: str | None = None,
    known_hashes: Mapping[Source, str] | None = None,
) -> Iterator[Reading]:
    """Readings of all files, in their order.

    A file whose hash is the one in `known_hashes` comes without its article.
    """
    hashes = known_hashes or {}
    tasks = [(source, base_url, hashes.get(source, "")) for source in sources]
    workers = os.cpu_count() or 1
    if len(tasks) <= _FEW_FILES or workers == 1:
        yield from (read_file(*task) for task in tasks)
        return
    # Not forked: the parent may hold threads (torch's, FAISS's), which a fork would cut off.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_end_with_parent) as pool:
        yield from _in_order(pool, tasks)


_Task = tuple[Source, str | None, str]


def _in_order(pool: ProcessPoolExecutor, tasks: Sequence[_Task]) -> Iterator[Reading]:
    """Results in the tasks' order, with only a few chunks of them in memory at a time."""
    starts = iter(range(0, len(tasks), _FILES_PER_TASK))
    ahead: deque[Future[list[Reading]]] = deque()
    for start in islice(starts, _TASKS_AHEAD):
        ahead.append(pool.submit(_read_chunk, tasks[start : start + _FILES_PER_TASK]))
    while ahead:
        yield from ahead.popleft().result()
        for start in islice(starts, 1):
            ahead.append(pool.submit(_read_chunk, tasks[start : start + _FILES_PER_TASK]))


def _read_chunk(tasks: Sequence[_Task]) -> list[Reading]:
    return [read_file(*task) for task in tasks]


def _end_with_parent() -> None:
    """Let a worker end when its parent is killed, which leaves the parent no time to say so."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
