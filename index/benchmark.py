"""What indexing and asking cost here: seconds, megabytes, milliseconds.

Each build runs in a process of its own, through the command line as a user would run it, so that
its peak memory is its own. Memory is the highest resident set of that process and its children
added up, sampled every 50 ms.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from corpus.reader import corpus_files

_SAMPLE_SECONDS = 0.05
_CHANGED_ARTICLES = 10
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took: wall-clock seconds and peak resident megabytes."""

    name: str
    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles over single questions, in milliseconds, after a warm-up."""

    questions: int
    p50: float
    p95: float
    p99: float


class BenchmarkError(RuntimeError):
    """A command that was to be measured failed."""


def build_costs(program: Sequence[str], roots: Sequence[Path], work: Path) -> Iterator[Cost]:
    """Index the articles three times: anew, with nothing changed, with ten articles changed.

    `program` is the command that has the sub-command `index`. Works on a copy of the articles
    below `work`; the index is left in `work/index`.
    """
    copies = [work / "corpus" / f"{n}" / root.name for n, root in enumerate(roots)]
    for root, copy in zip(roots, copies, strict=True):
        shutil.copytree(root, copy)
    command = [*program, "index", *map(str, copies), "--out", str(work / "index"), "--quiet"]
    yield measured("index everything", command)
    yield measured("index, nothing changed", command)
    _change(copies)
    yield measured(f"index, {_CHANGED_ARTICLES} articles changed", command)


def _change(roots: Sequence[Path]) -> None:
    """Add a sentence to ten articles, spread evenly over all of them."""
    sources = [source for source in corpus_files(roots) if not source.is_fragment]
    for place in np.linspace(0, len(sources) - 1, _CHANGED_ARTICLES, dtype=int):
        path = sources[place].path
        path.write_bytes(path.read_bytes() + b"\n\nRestart the computer once more.\n")


def measured(name: str, command: Sequence[str]) -> Cost:
    """The cost of one command. Raises BenchmarkError where it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    peak = 0
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        time.sleep(_SAMPLE_SECONDS)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise BenchmarkError(f"{' '.join(command)} failed ({process.returncode}).")
    return Cost(name, seconds, peak / _MEGABYTE)


def _resident(pid: int) -> int:
    """The resident bytes of a process and all below it; 0 where it has just ended."""
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
        return sum(process.memory_info().rss for process in family)
    except psutil.NoSuchProcess:
        return 0


def ask_latency(questions: Sequence[str], ask: Callable[[str], object]) -> Latency:
    """How long single questions take, one after another; the first round is not counted."""
    for question in questions:
        ask(question)
    times = []
    for question in questions:
        start = time.perf_counter()
        ask(question)
        times.append((time.perf_counter() - start) * 1000)
    p50, p95, p99 = (float(p) for p in np.percentile(times, [50, 95, 99]))
    return Latency(len(times), p50, p95, p99)


def folder_megabytes(folder: Path) -> float:
    """The size of a folder's files, each inode counted once."""
    files = {p.stat().st_ino: p.stat().st_size for p in folder.rglob("*") if p.is_file()}
    return sum(files.values()) / _MEGABYTE


def own_megabytes() -> float:
    """The resident memory of this process."""
    return psutil.Process(os.getpid()).memory_info().rss / _MEGABYTE
