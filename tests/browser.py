"""Chromium, as the tests drive it: headless, on this machine's pages only, with pictures kept."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, Route, expect, sync_playwright

from corpus.article import Article
from corpus.inline import plain

SCREENSHOTS = Path(__file__).parent.parent / ".cache" / "screenshots"

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_PROGRAM = next(filter(None, map(shutil.which, _NAMES)), None)
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A first start reads 300 MB from disk, which a busy machine may be slow at.
_START_PATIENCE_MS = 120_000
_PATIENCE_MS = 30_000
# The cells of each row that hold anything, in the order in which they are read. The zero-width
# space keeps Teams from reading a mark as Markdown.
_CELLS = """rows => rows.map(row => [...row.children]
    .map(cell => cell.innerText.replace(/[\\s\u200b]+/g, ' ').trim()).filter(text => text))"""


needs_chromium = pytest.mark.skipif(
    _PROGRAM is None, reason=f"none of {', '.join(_NAMES)} is installed"
)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Skips the test that asks for it where Playwright does not run."""
    expect.set_options(timeout=_PATIENCE_MS)
    with contextlib.ExitStack() as stack:
        try:
            playwright = stack.enter_context(sync_playwright())
        except Error as error:
            pytest.skip(f"Playwright's driver does not run here: {error}")
        yield stack.enter_context(
            playwright.chromium.launch(
                executable_path=_PROGRAM, args=_FLAGS, timeout=_START_PATIENCE_MS
            )
        )


@contextlib.contextmanager
def local_page(browser: Browser, foreign: list[str], width: int = 1280) -> Iterator[Page]:
    """A page that reaches this machine only: what it asks of other hosts is noted in `foreign`."""

    def gate(route: Route) -> None:
        if urlsplit(route.request.url).hostname in ("127.0.0.1", "localhost"):
            route.continue_()
        else:
            foreign.append(route.request.url)
            route.abort()

    with browser.new_context(
        locale="en-US", viewport={"width": width, "height": 1000}, service_workers="block"
    ) as context:
        context.set_default_timeout(_PATIENCE_MS)
        context.route("**/*", gate)
        yield context.new_page()


def keep_picture(page: Page, name: str) -> None:
    """Save what the page shows now below `.cache/screenshots`, for people to look at."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")


def marked_lines(article: Article) -> list[list[str]]:
    """The steps and items of an article as a reader sees them: the mark, then the text."""
    return [
        [f"{block.label}." if block.kind == "step" else "•", plain(block.text)]
        for block in article.blocks
        if block.kind in ("step", "item")
    ]


def cells(rows: Locator) -> list[list[str]]:
    """What each of these rows shows, cell by cell, without those that are empty."""
    shown: list[list[str]] = rows.evaluate_all(_CELLS)
    return shown
