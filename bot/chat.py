"""The chat page of a local trial: ask in the browser what one would ask in Teams.

`GET /` is the page; `POST /ask` takes `{"q": text, "locale": the browser's, "chosen": the one that
the user picked, "history": those of the last replies}`, all tags but the question optional, and
`POST /open` `{"article": id, "locale": tag}` with the other fields of that button; both answer
with the object of `described`. `POST /languages` takes `{"locale": that to talk in, "chosen": tag,
"article": id of the one shown}`, all optional, and answers with the card to choose a language. The
page loads nothing from anywhere else, and its policy says so to the browser.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

import jinja2
from aiohttp import web

from bot.answer import MAX_QUESTION, Answer, Answerer, Asker
from bot.buttons import count_field
from bot.cards import card_for, language_card
from bot.frame import PLAIN, View
from bot.inbound import RequestError, read_object, string_field
from bot.strings import strings_for
from corpus.article import ENGLISH

T = TypeVar("T")

_LONGEST_ID = 500
_LONGEST_LOCALE = 35
_MOST_HISTORY = 10


class ChatPage:
    """The page's routes over the same answerer that the bot answers with."""

    def __init__(
        self, answerer: Answerer, executor: Executor, help_desk: str | None = None
    ) -> None:
        self._answerer = answerer
        self._help_desk = help_desk
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
            web.post("/languages", self.languages),
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
        asker = Asker(
            chosen=_tag(body, "chosen"), history=_history(body), client=_tag(body, "locale")
        )
        return self._json(await self._run(self._answerer.answer, question or "", asker))

    async def open(self, request: web.Request) -> web.Response:
        """Show an article. Raises RequestError 4xx."""
        body = await read_object(request)
        article = string_field(body, "article", longest=_LONGEST_ID)
        locale = string_field(body, "locale", longest=_LONGEST_LOCALE)
        reader = _tag(body, "reader")
        section, part = count_field(body, "section"), count_field(body, "part") or 0
        answer = await self._run(
            self._answerer.open_article, article or "", locale or "", reader, section
        )
        if answer is None:
            raise RequestError(404, strings_for(reader or locale or ENGLISH).get("vanished"))
        return self._json(answer, part)

    async def languages(self, request: web.Request) -> web.Response:
        """Offer the languages to choose from. Raises RequestError 4xx."""
        body = await read_object(request)
        article = string_field(body, "article", longest=_LONGEST_ID, required=False)
        spoken = _tag(body, "locale") or ENGLISH
        strings = strings_for(spoken)
        locales = self._answerer.languages()
        card = language_card(strings, locales, _tag(body, "chosen"), article)
        return web.json_response({"language": spoken, "rtl": strings.rtl, "card": card})

    def _json(self, answer: Answer, part: int = 0) -> web.Response:
        return web.json_response(described(answer, View(self._help_desk, part=part)))

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, function, *arguments)


def _tag(body: dict[str, Any], key: str) -> str | None:
    return string_field(body, key, longest=_LONGEST_LOCALE, required=False)


def _history(body: dict[str, Any]) -> tuple[str, ...]:
    tags = body.get("history", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise RequestError(400, "'history' must be a list of strings.")
    return tuple(tag[:_LONGEST_LOCALE] for tag in tags[-_MOST_HISTORY:])


def described(answer: Answer, view: View = PLAIN) -> dict[str, Any]:
    """An answer as the page reads it: what was found, and the card that Teams would show."""
    article = answer.article
    card = card_for(answer, strings_for(answer.language), view)
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
