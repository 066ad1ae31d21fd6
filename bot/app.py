"""The server: its parts put together, its routes, its start and its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.adapter import Adapter
from bot.answer import Answerer
from bot.chat import ChatPage
from bot.config import Config
from bot.conversation import Helpdesk
from bot.handler import HelpdeskBot
from bot.inbound import MAX_BYTES, json_errors, this_machine_only
from bot.records import Records
from bot.strings import strings_for
from corpus.article import ENGLISH

# An answer is 20 ms of computing: more threads than this would only take turns.
_THREADS = 4
_ADAPTER = web.AppKey("adapter", Adapter)
_BOT = web.AppKey("bot", HelpdeskBot)


def create_app(
    config: Config, answerer: Answerer, records: Records, ready: Callable[[], bool]
) -> web.Application:
    """The server's application, to be run by aiohttp.

    `ready` says whether the answerer can be asked yet. Raises ConfigError unless the server may
    start with `config`.
    """
    config.check()
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="answer")
    app = web.Application(
        client_max_size=MAX_BYTES,
        middlewares=[json_errors, this_machine_only] if config.local else [json_errors],
    )
    app.add_routes([web.get("/healthz", _health), web.get("/readyz", _readiness(ready))])
    if config.local:
        app.add_routes(ChatPage(answerer, executor, config.help_desk).routes())
    app[_BOT] = HelpdeskBot(Helpdesk(answerer, records, executor, config.help_desk))
    app.router.add_post("/api/messages", _messages)
    app.cleanup_ctx.append(partial(_working, config, executor))
    return app


async def _working(
    config: Config, executor: ThreadPoolExecutor, app: web.Application
) -> AsyncIterator[None]:
    """Hold the threads and the connections for as long as the server runs."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        app[_ADAPTER] = Adapter(config, session, _apology)
        yield
    executor.shutdown(cancel_futures=True)


async def _messages(request: web.Request) -> web.Response:
    return await request.app[_ADAPTER].process(request, request.app[_BOT])


async def _health(_: web.Request) -> web.Response:
    return web.Response(text="ok")


def _readiness(ready: Callable[[], bool]) -> Handler:
    async def respond(_: web.Request) -> web.Response:
        return web.Response(text="ready") if ready() else web.Response(status=503, text="starting")

    return respond


def _apology(locale: str | None) -> str:
    return strings_for(locale or ENGLISH).get("error-turn")
