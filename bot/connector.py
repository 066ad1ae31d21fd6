"""The way out: HTTP to the channel's service, on pooled connections, with the bot's own token.

The limits and the status codes worth another try:
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from yarl import URL

from bot.config import Config

LOGIN_URL: Final = "https://login.microsoftonline.com"

_SCOPE: Final = "https://api.botframework.com/.default"
# A multi-tenant bot asks for its token here, whatever tenant it was registered in.
_SHARED_TENANT: Final = "botframework.com"
_RENEW_BEFORE_S: Final = 300
_PASSING = frozenset({412, 429, 502, 503, 504})
_TRIES: Final = 4
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_LONGEST_WAIT_S: Final = 5.0
_LOG = logging.getLogger(__name__)


class ConnectorError(Exception):
    """The channel's service, or the token for it, cannot be had."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the channel's service answered."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


class AppToken:
    """The token that the bot shows to the channel's service: OAuth 2.0 client credentials.

    One token serves every conversation until shortly before it expires, and one request fetches
    it however many turns wait for it.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Config,
        login_url: str = LOGIN_URL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        tenant = config.tenant_id if config.app_type == "SingleTenant" else _SHARED_TENANT
        self._session = session
        self._url = f"{login_url}/{tenant}/oauth2/v2.0/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": config.app_id,
            "client_secret": config.app_password,
            "scope": _SCOPE,
        }
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._renew_at = float("-inf")

    async def get(self) -> str:
        """The token. Raises ConnectorError with the reason that the login service gives."""
        async with self._lock:
            if self._clock() >= self._renew_at:
                await self._fetch()
            return self._token

    async def _fetch(self) -> None:
        try:
            async with self._session.post(self._url, data=self._form, timeout=_TIMEOUT) as response:
                grant = json.loads(await response.read())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ConnectorError(f"no token from {self._url}: {error!r}") from error
        if not isinstance(grant, dict) or "access_token" not in grant:
            raise ConnectorError(f"no token from {self._url}: {_reason(grant)}")
        self._token = grant["access_token"]
        self._renew_at = self._clock() + int(grant.get("expires_in", 0)) - _RENEW_BEFORE_S


async def send(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    headers: Mapping[str, str],
    data: bytes | str | None,
    *,
    pause_s: float = 0.5,
) -> Reply:
    """One request, tried again after growing pauses while the service is busy or away.

    `pause_s` is the first pause; a service that names its own (Retry-After) is obeyed, up to
    five seconds, since the user waits. Raises ConnectorError when the service cannot be reached.
    """
    reply = None
    for attempt in range(_TRIES):
        if attempt:
            _LOG.warning("%s %s: try %d of %d failed", method, url, attempt, _TRIES)
            await asyncio.sleep(_pause(reply, pause_s * 2 ** (attempt - 1)))
        reply = await _send_once(session, method, url, headers, data)
        if reply is not None and reply.status not in _PASSING:
            return reply
    if reply is None:
        raise ConnectorError(f"{method} {url}: the service cannot be reached")
    return reply


async def _send_once(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    headers: Mapping[str, str],
    data: bytes | str | None,
) -> Reply | None:
    """The answer, or None where the connection failed: most often a pooled one gone stale."""
    try:
        # The address is encoded already: a conversation id holds characters such as ":" and "@".
        # A redirect would carry the token to a host that nobody checked.
        async with session.request(
            method,
            URL(url, encoded=True),
            headers=headers,
            data=data,
            allow_redirects=False,
            timeout=_TIMEOUT,
        ) as response:
            body = await response.read()
            return Reply(response.status, response.reason or "", response.headers, body)
    except TimeoutError as error:
        # The service may have taken the message: a second one would be shown twice.
        raise ConnectorError(f"{method} {url}: no answer in time") from error
    except aiohttp.ClientConnectionError:
        return None
    except aiohttp.ClientError as error:
        raise ConnectorError(f"{method} {url}: {error!r}") from error


def _pause(reply: Reply | None, seconds: float) -> float:
    """How long to wait before the next try: what the service asks for, else growing, jittered."""
    asked = reply.headers.get("Retry-After", "") if reply else ""
    if asked.isascii() and asked.isdigit():
        return min(float(asked), _LONGEST_WAIT_S)
    return seconds * (1 + random.random())


def _reason(grant: Any) -> str:
    if not isinstance(grant, dict):
        return "the answer is not an object"
    return f"{grant.get('error', 'no error named')}: {grant.get('error_description', '')}"
