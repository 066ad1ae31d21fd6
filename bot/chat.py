"""The chat page of a local trial: ask in the browser what one would ask in Teams.

`GET /` is the page; `POST /ask` takes `{"q": text, "locale": tag or absent}` and `POST /open`
`{"article": id, "locale": tag}`. Both answer with the object of `described`. The page loads
nothing from anywhere else, and its policy says so to the browser.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

import jinja2
from aiohttp import web

from bot.answer import MAX_QUESTION, Answer
from bot.cards import card_for
from bot.inbound import RequestError, read_object, string_field
from bot.strings import strings_for
from corpus.article import ENGLISH

T = TypeVar("T")

_LONGEST_ID = 500
_LONGEST_LOCALE = 35


class ChatPage:
    """The page's three routes over the same two functions that the bot answers with."""

    def __init__(
        self,
        answer: Callable[[str, str | None], Answer],
        open_article: Callable[[str, str], Answer | None],
        executor: Executor,
    ) -> None:
        self._answer = answer
        self._open_article = open_article
        self._executor = executor
        loader = jinja2.PackageLoader("bot", "console")
        self._template = jinja2.Environment(loader=loader, autoescape=True).get_template(
            "chat.html"
        )

    def routes(self) -> list[web.RouteDef]:
        """What to add to the application's router."""
        return [
            web.get("/", self.page),
            web.post("/ask", self.ask),
            web.post("/open", self.open),
        ]

    async def page(self, _: web.Request) -> web.Response:
        """The page itself."""
        nonce = secrets.token_urlsafe(16)
        text = self._template.render(nonce=nonce, longest=MAX_QUESTION)
        return web.Response(text=text, content_type="text/html", headers=_headers(nonce))

    async def ask(self, request: web.Request) -> web.Response:
        """Answer a question. Raises RequestError 4xx."""
        body = await read_object(request)
        question = string_field(body, "q", longest=MAX_QUESTION)
        locale = string_field(body, "locale", longest=_LONGEST_LOCALE, required=False)
        return _json(await self._run(self._answer, question or "", locale))

    async def open(self, request: web.Request) -> web.Response:
        """Show an article. Raises RequestError 4xx."""
        body = await read_object(request)
        article = string_field(body, "article", longest=_LONGEST_ID)
        locale = string_field(body, "locale", longest=_LONGEST_LOCALE)
        answer = await self._run(self._open_article, article or "", locale or "")
        if answer is None:
            raise RequestError(404, strings_for(locale or ENGLISH).get("vanished"))
        return _json(answer)

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, function, *arguments)


def described(answer: Answer) -> dict[str, Any]:
    """An answer as the page reads it: what was found, and the card that Teams would show."""
    article = answer.article
    card = card_for(answer, strings_for(answer.language))
    return {
        "language": answer.language,
        "outcome": answer.outcome,
        "in_english_instead": answer.in_english_instead,
        "rtl": bool(card.get("rtl", False)),
        "article": article
        and {
            "id": article.id,
            "locale": article.locale,
            "title": article.title,
            "url": article.url,
            "updated": article.updated,
        },
        "card": card,
        "suggestions": [
            {"article_id": s.article_id, "locale": s.locale, "title": s.title}
            for s in answer.suggestions
        ],
    }


def _json(answer: Answer) -> web.Response:
    return web.json_response(described(answer))


def _headers(nonce: str) -> dict[str, str]:
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
