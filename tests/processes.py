"""Programs that run beside the tests: started, waited for, and ended whatever happens."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_START_SECONDS = 60
_END_SECONDS = 20


@contextlib.contextmanager
def running(
    command: Sequence[str], announces: str, cwd: Path, env: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], re.Match[str]]]:
    """A program from when it prints a line that matches `announces`, and that match.

    It is sent SIGTERM at the end. Raises RuntimeError where it ends, or is ended after a minute,
    without that line.
    """
    with subprocess.Popen(  # noqa: S603 (a command of the tests' own)
        command,
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        try:
            yield process, _announced(process, announces)
        finally:
            _end(process)


def _announced(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    assert process.stdout
    output = []
    guard = threading.Timer(_START_SECONDS, process.kill)
    guard.start()
    try:
        for line in process.stdout:
            output.append(line)
            if match := re.search(pattern, line):
                # Nobody reads the rest, but a full pipe would stop the program.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return match
    finally:
        guard.cancel()
    raise RuntimeError(f"{process.args!r} never said {pattern!r}:\n{''.join(output)}")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
