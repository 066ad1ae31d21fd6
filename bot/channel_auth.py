"""Who sends a message: the tokens with which the Bot Framework signs its requests.

The rules are those of
https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
(section "Connector to Bot"): signed with a key of the OpenID metadata, which must be endorsed for
the channel; issued by the Bot Framework, for this bot, for the address that the activity names;
neither expired nor of the future, with five minutes of tolerance. The SDK's own check lets a
token without an expiry in, and fails where a key is new.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import jwt

from bot.inbound import RequestError

ISSUER: Final = "https://api.botframework.com"
OPENID_METADATA: Final = "https://login.botframework.com/v1/.well-known/openidconfiguration"

_ALGORITHM: Final = "RS256"
_TOLERANCE_S: Final = 300
_KEYS_LIVE_S: Final = 24 * 3600
# An unknown key is looked for at once, but whoever invents keys cannot make us ask all day.
_LOOK_AGAIN_S: Final = 60
_AFTER_FAILURE_S: Final = 5
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key of the Bot Framework, and the channels (such as "msteams") it signs for."""

    key: jwt.PyJWK
    endorsements: frozenset[str]


class SigningKeys:
    """The Bot Framework's current keys by their id, fetched when first needed and once a day."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        metadata_url: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._metadata_url = metadata_url
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: dict[str, SigningKey] = {}
        self._fetched_at = self._not_before = float("-inf")

    async def get(self, key_id: str) -> SigningKey | None:
        """The key, or None where the Bot Framework has none of this id.

        Raises RequestError 503 as long as the keys were never reached.
        """
        if not self._is_current(key_id):
            async with self._lock:
                if not self._is_current(key_id) and self._clock() >= self._not_before:
                    await self._refresh()
        if not self._keys:
            raise RequestError(503, "The keys to check your token with are out of reach just now.")
        return self._keys.get(key_id)

    def _is_current(self, key_id: str) -> bool:
        return key_id in self._keys and self._clock() - self._fetched_at < _KEYS_LIVE_S

    async def _refresh(self) -> None:
        # The first fetch is free: a key that is new right after it deserves a look of its own.
        wait = _LOOK_AGAIN_S if self._keys else 0
        try:
            self._keys = await self._fetch()
            self._fetched_at = self._clock()
        except (
            aiohttp.ClientError,
            TimeoutError,
            jwt.PyJWTError,
            LookupError,
            ValueError,
        ) as error:
            _LOG.warning("no signing keys from %s: %r", self._metadata_url, error)
            wait = _AFTER_FAILURE_S
        self._not_before = self._clock() + wait

    async def _fetch(self) -> dict[str, SigningKey]:
        metadata = await self._fetch_json(self._metadata_url)
        published = (await self._fetch_json(metadata["jwks_uri"]))["keys"]
        keys = {key["kid"]: _signing_key(key) for key in published if key["kty"] == "RSA"}
        if not keys:
            raise ValueError("the key set is empty")
        return keys

    async def _fetch_json(self, url: str) -> Any:
        timeout = aiohttp.ClientTimeout(total=5)
        async with self._session.get(url, timeout=timeout, raise_for_status=True) as response:
            return json.loads(await response.read())


class ChannelTokens:
    """Checks the Authorization header of a request from the Bot Framework."""

    def __init__(self, app_id: str, keys: SigningKeys) -> None:
        self._app_id = app_id
        self._keys = keys

    async def verify(
        self, header: str | None, channel_id: str | None, service_url: str
    ) -> dict[str, Any]:
        """The claims of the token. Raises RequestError 401 where there is no good token, 403
        where a good one is for another bot, channel or address.
        """
        token = _bearer(header)
        key = await self._key_of(token)
        claims = self._claims(token, key)
        if channel_id not in key.endorsements:
            raise RequestError(403, "The token's key is not endorsed for this channel.")
        if claims.get("serviceurl") != service_url:
            raise RequestError(403, "The token is for another serviceUrl.")
        return claims

    async def _key_of(self, token: str) -> SigningKey:
        try:
            head = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            raise RequestError(401, "The bearer token cannot be read.") from None
        if head.get("alg") != _ALGORITHM:
            raise RequestError(401, "The token is not signed as the Bot Framework signs.")
        key = await self._keys.get(str(head.get("kid")))
        if key is None:
            raise RequestError(401, "The token is signed with an unknown key.")
        return key

    def _claims(self, token: str, key: SigningKey) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key.key,
                algorithms=[_ALGORITHM],
                audience=self._app_id,
                issuer=ISSUER,
                leeway=_TOLERANCE_S,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.InvalidAudienceError:
            raise RequestError(403, "The token is for another bot.") from None
        except jwt.InvalidTokenError as error:
            raise RequestError(401, f"The token is not valid: {error}.") from None


def _signing_key(published: dict[str, Any]) -> SigningKey:
    key = jwt.PyJWK(published, algorithm=_ALGORITHM)
    return SigningKey(key, frozenset(published.get("endorsements", ())))


def _bearer(header: str | None) -> str:
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise RequestError(401, "The Authorization header must hold a bearer token.")
    return token.strip()
