"""Runs the server: the index that is live, the web application, a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable

from aiohttp import web

from bot.answer import Answerer
from bot.app import create_app
from bot.config import Config
from bot.records import Records
from index.live import LiveIndex

# How often to look for a new version of the index: soon enough that an edit seems to be live at
# once, seldom enough to cost nothing.
_REFRESH_SECONDS = 2.0
_GRACE_SECONDS = 10.0
_log = logging.getLogger(__name__)


async def run(config: Config, tell: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; messages in work are answered first.

    `tell` gets the lines for whoever started it. Raises what Config.check, LiveIndex, Records.open
    and the binding of the port raise.
    """
    stopped = asyncio.Event()
    index = LiveIndex(config.index)
    answerer = Answerer(lambda: index.searcher)
    # The first question pays for what is loaded late; nobody should wait for it.
    await asyncio.to_thread(answerer.answer, "start")
    records = await Records.open(config.records, keep_questions=config.keep_questions)
    app = create_app(config, answerer, records, ready=lambda: not stopped.is_set())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE_SECONDS)
    try:
        await runner.setup()
        site = web.TCPSite(runner, config.host, config.port)
        await _bind(site, config)
        for line in _greeting(config, _port(runner), index):
            tell(line)
        await _serve_until(stopped, index)
    finally:
        await runner.cleanup()
        await records.close()


async def _bind(site: web.TCPSite, config: Config) -> None:
    try:
        await site.start()
    except OSError as error:
        place = f"{config.host}:{config.port}"
        raise OSError(
            f"Can't listen on {place} ({os.strerror(error.errno or 0)}): "
            "choose another with --host and --port."
        ) from error


async def _serve_until(stopped: asyncio.Event, index: LiveIndex) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl+C raises instead
            loop.add_signal_handler(number, stopped.set)
    while not stopped.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), _REFRESH_SECONDS)
        try:
            await asyncio.to_thread(index.refresh)
        except Exception:  # noqa: BLE001 - whatever is wrong with a new index, the old one serves
            _log.exception("a new version of the index could not be looked for")


def _port(runner: web.AppRunner) -> int:
    """The port that was really bound: the system chooses where 0 was asked for."""
    return int(runner.addresses[0][1])


def _greeting(config: Config, port: int, index: LiveIndex) -> list[str]:
    locales = index.searcher.meta.articles
    line = f"Babeldesk answers from {sum(locales.values())} articles in {len(locales)} locales."
    host = f"[{config.host}]" if ":" in config.host else config.host
    if not config.local:
        return [line, f"Teams reaches it at http://{host}:{port}/api/messages (put TLS before it)."]
    elsewhere = "" if config.index == Config.index else f" --index {config.index}"
    return [
        line,
        f"Ask it on the page    http://{host}:{port}/",
        f"or in a terminal      .venv/bin/babeldesk ask{elsewhere} "
        '"Profil resmim SharePoint\'te neden güncellenmiyor?"',
        "Stop it with Ctrl+C.",
    ]
