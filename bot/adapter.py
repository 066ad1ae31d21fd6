"""The one home of the Bot Framework SDK's transport.

botbuilder-core 4.17.1 is the SDK's last release. What it does wrong on the way in and out is
mended here, around its public seams: a request is checked before the SDK parses it
(`bot.inbound`); the sender's token is checked by `bot.channel_auth`; replies go out through
`bot.connector`, one client for each service address, in place of a client, a thread and a
connection a turn; an invoke's answer is serialised once.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import aiohttp
from aiohttp import web
from botbuilder.core import Bot, InvokeResponse, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter
from botbuilder.schema import Activity, ActivityTypes, DeliveryModes
from botframework.connector import AsyncBfPipeline, BotFrameworkConnectorConfiguration
from botframework.connector.aio import ConnectorClient
from botframework.connector.auth import (
    AuthenticateRequestResult,
    AuthenticationConstants,
    BotFrameworkAuthentication,
    ChannelValidation,
    ClaimsIdentity,
    ConnectorFactory,
)
from msrest.pipeline import Request, Response, SansIOHTTPPolicy
from msrest.pipeline.async_abc import AsyncHTTPSender
from msrest.serialization import Model
from msrest.universal_http.async_abc import AsyncClientResponse

from bot.channel_auth import OPENID_METADATA, ChannelTokens, SigningKeys
from bot.config import Config
from bot.connector import AppToken, Reply, send
from bot.inbound import RequestError, check_activity, read_object

ADAPTIVE_CARD: Final = "application/vnd.microsoft.card.adaptive"

_SERVICE_URLS_KEPT = 64
_LOG = logging.getLogger(__name__)


class Adapter(CloudAdapter):  # type: ignore[misc]
    """Turns HTTP requests into turns of a bot, and a bot's activities into HTTP requests.

    `apology` gives the sentence to say, in the language of a locale, when a turn fails.
    """

    def __init__(
        self, config: Config, session: aiohttp.ClientSession, apology: Callable[[str | None], str]
    ) -> None:
        super().__init__(Authentication(config, session))
        self._config = config
        self._apology = apology
        self.on_turn_error = self._apologise

    async def process(
        self, request: web.Request, bot: Bot, ws_response: web.WebSocketResponse | None = None
    ) -> web.Response:
        """Answer one POST of the channel. Raises RequestError for what is not a good one.

        The answer waits for the end of the turn. Web sockets are not served.
        """
        if ws_response is not None:
            raise RequestError(400, "Web sockets are not served here.")
        authorization = request.headers.get("Authorization")
        if authorization is None and not self._config.local:
            raise RequestError(401, "The Authorization header is missing.")
        body = await read_object(request)
        check_activity(body, self._config)
        activity = _activity(body)
        outcome = await self.process_activity(authorization or "", activity, bot.on_turn)
        return _response(outcome)

    async def _apologise(self, context: TurnContext, error: Exception) -> None:
        """Log what went wrong in a turn, and tell the user no more than that it did."""
        activity = context.activity
        _LOG.error("a turn failed on %r %r", activity.type, activity.id, exc_info=error)
        apology = self._apology(activity.locale)
        if activity.type == ActivityTypes.invoke:
            outcome = invoke_error(500, "InternalError", apology)
            reply = Activity(type=ActivityTypes.invoke_response, value=outcome)
        elif activity.type == ActivityTypes.message:
            reply = Activity(type=ActivityTypes.message, text=apology)
        else:
            return
        try:
            await context.send_activity(reply)
        except Exception:  # noqa: BLE001 (whatever it was, there is nobody left to tell)
            _LOG.exception("the apology for it failed, too")


class Authentication(BotFrameworkAuthentication):  # type: ignore[misc]
    """Who may speak to the bot, and as whom the bot speaks. In a local trial: anyone, no one."""

    def __init__(self, config: Config, session: aiohttp.ClientSession) -> None:
        # The SDK's own setting, for a bot in another cloud than the public one.
        metadata_url = ChannelValidation.open_id_metadata_endpoint or OPENID_METADATA
        keys = SigningKeys(session, metadata_url)
        self._tokens = None if config.local else ChannelTokens(config.app_id, keys)
        self._connectors = Connectors(session, None if config.local else AppToken(session, config))

    async def authenticate_request(
        self, activity: Activity, auth_header: str
    ) -> AuthenticateRequestResult:
        """Raises RequestError 401, 403 or 503 unless the Bot Framework sent the activity."""
        claims: dict[str, Any] = {}
        if self._tokens is not None:
            claims = await self._tokens.verify(
                auth_header, activity.channel_id, activity.service_url
            )
        result = AuthenticateRequestResult()
        result.claims_identity = ClaimsIdentity(claims, True)
        result.audience = AuthenticationConstants.TO_CHANNEL_FROM_BOT_OAUTH_SCOPE
        result.connector_factory = self._connectors
        return result

    async def authenticate_streaming_request(
        self,
        auth_header: str,  # noqa: ARG002
        channel_id_header: str,  # noqa: ARG002
    ) -> AuthenticateRequestResult:
        """Raises PermissionError: streaming is not served."""
        raise PermissionError("streaming is not served")

    def create_connector_factory(self, claims_identity: ClaimsIdentity) -> ConnectorFactory:  # noqa: ARG002
        """The one factory: every turn speaks as the same bot."""
        return self._connectors

    async def create_user_token_client(self, claims_identity: ClaimsIdentity) -> None:
        """None: this bot signs nobody in. The SDK would build and keep no client every turn."""


class Connectors(ConnectorFactory):  # type: ignore[misc]
    """The clients of the channel's service, one for each service address, all on one session."""

    def __init__(self, session: aiohttp.ClientSession, token: AppToken | None) -> None:
        self._session = session
        self._token = token
        self._client = functools.lru_cache(_SERVICE_URLS_KEPT)(self._new_client)

    async def create(self, service_url: str, audience: str) -> ConnectorClient:  # noqa: ARG002
        """The client for this address."""
        return self._client(service_url)

    def _new_client(self, service_url: str) -> ConnectorClient:
        configuration = BotFrameworkConnectorConfiguration(
            SansIOHTTPPolicy(),  # no credentials of the SDK's kind: the sender signs
            service_url,
            pipeline_type=AsyncBfPipeline,
            sender=_Sender(self._session, self._token),
        )
        return ConnectorClient(configuration.credentials, custom_configuration=configuration)


class _Sender(AsyncHTTPSender[Any, Any]):
    """The last step of the SDK's pipeline: the request goes out, signed, on the pooled session."""

    def __init__(self, session: aiohttp.ClientSession, token: AppToken | None) -> None:
        self._session = session
        self._token = token

    async def __aexit__(self, *exc_details: object) -> None:
        """Leave the session open: its owner closes it."""

    async def send(self, request: Request[Any], **_: Any) -> Response[Any, Any]:
        http = request.http_request
        if self._token is not None:
            http.headers["Authorization"] = f"Bearer {await self._token.get()}"
        reply = await send(self._session, http.method, http.url, http.headers, http.data)
        return Response(request, _Received(http, reply))


class _Received(AsyncClientResponse):
    """An answer of the channel's service, as the SDK reads it."""

    def __init__(self, request: Any, reply: Reply) -> None:
        super().__init__(request, reply)
        self.status_code = reply.status
        self.reason = reply.reason
        self.headers = {"content-type": "application/json"}
        # The SDK fails on an error page in HTML before it comes to the status.
        is_json = "json" in reply.headers.get("Content-Type", "")
        self._body = reply.body if is_json else b""

    def body(self) -> bytes:
        return self._body


def _activity(body: dict[str, Any]) -> Activity:
    try:
        activity = Activity().deserialize(body)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise RequestError(400, "The activity has a field of the wrong type.") from error
    if activity.type == ActivityTypes.invoke:
        # The answer to an invoke is its response: there are no other replies to expect.
        activity.delivery_mode = None
    return activity


def _response(outcome: InvokeResponse | None) -> web.Response:
    """What the channel reads: an invoke's status and body, the expected replies, or just 200."""
    if outcome is None:
        return web.Response(status=HTTPStatus.OK)
    body = outcome.body
    if isinstance(body, Model):
        body = body.serialize()  # type: ignore[no-untyped-call]
    if body is None:
        return web.Response(status=outcome.status)
    return web.json_response(body, status=outcome.status)


def expects_replies(activity: Activity) -> bool:
    """Whether the replies to an activity travel in the answer to its own request."""
    return bool(activity.delivery_mode == DeliveryModes.expect_replies)


def invoke_card(card: dict[str, Any]) -> InvokeResponse:
    """The answer to a card's button that puts another card in its place."""
    return _invoke_answer(HTTPStatus.OK, ADAPTIVE_CARD, card)


def invoke_message(text: str) -> InvokeResponse:
    """The answer to a card's button that tells the user something, and leaves the card."""
    return _invoke_answer(HTTPStatus.OK, "application/vnd.microsoft.activity.message", text)


def not_implemented() -> InvokeResponse:
    """The answer to an invoke of a kind that this bot never asks for."""
    return InvokeResponse(status=HTTPStatus.NOT_IMPLEMENTED)


def invoke_error(status: int, code: str, message: str) -> InvokeResponse:
    """The answer to a card's button that shows the user a message."""
    return _invoke_answer(
        status, "application/vnd.microsoft.error", {"code": code, "message": message}
    )


def _invoke_answer(status: int, kind: str, value: dict[str, Any] | str) -> InvokeResponse:
    # The status of what was asked stands in the body; the request itself was understood.
    body = {"statusCode": int(status), "type": kind, "value": value}
    return InvokeResponse(status=HTTPStatus.OK, body=body)
