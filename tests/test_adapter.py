from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.schema import Activity, ActivityTypes
from botframework.connector.auth import ChannelValidation
from pytest_aiohttp import AiohttpClient

from bot.adapter import Adapter, Authentication, invoke_card
from bot.channel_auth import SigningKeys
from bot.config import Config
from bot.connector import AppToken, ConnectorError, send
from bot.inbound import MAX_BYTES, json_errors
from tests.fake_connector import (
    APP_ID,
    TEAMS,
    Cloud,
    activity,
    claims,
    new_key,
    running_cloud,
)

SECRET = "a client secret"  # noqa: S105
PRODUCTION = Config(app_id=APP_ID, app_password=SECRET, tenant_id="contoso")
CARD = {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock", "text": "açık"}]}

Client = TestClient[web.Request, web.Application]
Post = Callable[..., Awaitable[ClientResponse]]


class Parrot:
    """A bot that repeats messages and answers invokes by their name."""

    async def on_turn(self, context: TurnContext) -> None:
        name = context.activity.name
        if context.activity.text == "fail" or name == "fail":
            raise LookupError("the secret of the index")
        if context.activity.type == ActivityTypes.message:
            await context.send_activity(context.activity.text)
        if context.activity.type == ActivityTypes.invoke and name in INVOKES:
            value = INVOKES[name]
            await context.send_activity(Activity(type="invokeResponse", value=value))


INVOKES = {
    "card": invoke_card(CARD),
    "list": InvokeResponse(status=200, body=[{"title": "β"}, 2]),
    "empty": InvokeResponse(status=200),
    "model": InvokeResponse(status=200, body=Activity(type="message", text="as a model")),
}


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with running_cloud(tmp_path) as cloud:
        yield cloud


@pytest.fixture
async def client(cloud: Cloud, aiohttp_client: AiohttpClient) -> Client:
    """A client of a bot in production, whose Microsoft is `cloud`."""
    adapter = Adapter(PRODUCTION, cloud.session, lambda locale: f"Sorry ({locale}).")

    async def messages(request: web.Request) -> web.Response:
        return await adapter.process(request, Parrot())

    app = web.Application(client_max_size=MAX_BYTES, middlewares=[json_errors])
    app.router.add_post("/api/messages", messages)
    return await aiohttp_client(app)


@pytest.fixture
def post(client: Client, cloud: Cloud) -> Post:
    async def send_activity(
        body: dict[str, Any], token: str | None = None, **headers: str
    ) -> ClientResponse:
        token = token or cloud.issuer.token()
        headers = {"Authorization": f"Bearer {token}", **headers}
        return await client.post("/api/messages", json=body, headers=headers)

    return send_activity


async def refusal(response: ClientResponse) -> tuple[int, str]:
    body = await response.json()
    assert list(body) == ["error"]
    assert body["error"].endswith(".")
    return response.status, body["error"]


# A message in production, from the signed request to the signed reply.


async def test_a_signed_message_is_answered_at_the_channels_service(
    post: Post, cloud: Cloud
) -> None:
    response = await post(activity("merhaba"))
    assert (response.status, await response.text()) == (200, "")
    [reply] = cloud.connector.activities
    assert (reply["text"], reply["replyToId"]) == ("merhaba", "1485983408511")
    assert (reply["from"]["id"], reply["recipient"]["id"]) == ("28:bot", "29:user")
    [(path, headers)] = cloud.connector.requests
    assert path == "/teams/v3/conversations/a:1@unq/activities/1485983408511"
    assert headers["Authorization"] == "Bearer app-token-1"


async def test_the_bots_own_token_is_fetched_once_for_many_turns(post: Post, cloud: Cloud) -> None:
    await asyncio.gather(*(post(activity(f"message {n}")) for n in range(5)))
    assert sorted(message["text"] for message in cloud.connector.messages) == [
        f"message {n}" for n in range(5)
    ]
    form = {
        "grant_type": "client_credentials",
        "client_id": APP_ID,
        "client_secret": SECRET,
        "scope": "https://api.botframework.com/.default",
    }
    assert cloud.login.forms == [("contoso", form)]


async def test_a_busy_service_is_asked_again(post: Post, cloud: Cloud) -> None:
    cloud.connector.refusals = [(429, {"Retry-After": "0"}), (503, {"Retry-After": "0"})]
    assert (await post(activity("patience"))).status == 200
    assert len(cloud.connector.requests) == 3
    assert [message["text"] for message in cloud.connector.messages] == ["patience"]


async def test_a_lasting_refusal_ends_the_turn_and_not_the_server(
    post: Post, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.connector.refusals = [(403, {}), (403, {})]
    assert (await post(activity("not here"))).status == 200
    assert len(cloud.connector.requests) == 2, "the reply, then the apology, neither again"
    assert "Forbidden" in caplog.text
    assert (await post(activity("still there"))).status == 200
    assert [message["text"] for message in cloud.connector.messages] == ["still there"]


async def test_a_refused_secret_is_named_in_the_log(
    post: Post, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.login.refuses = True
    assert (await post(activity("hello"))).status == 200
    assert cloud.connector.requests == []
    assert "AADSTS7000215: bad secret" in caplog.text


async def test_a_failing_turn_is_logged_and_excused(
    post: Post, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    response = await post(activity("fail", locale="tr-TR"))
    assert response.status == 200
    assert [message["text"] for message in cloud.connector.messages] == ["Sorry (tr-TR)."]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "the secret of the index" in caplog.text
    assert record.name == "bot.adapter"


# Replies in the answer itself.


async def test_expected_replies_travel_in_the_answer(post: Post, cloud: Cloud) -> None:
    response = await post(activity("γεια", deliveryMode="expectReplies"))
    assert response.status == 200
    [reply] = (await response.json())["activities"]
    assert (reply["type"], reply["text"]) == ("message", "γεια")
    assert cloud.connector.requests == []


@pytest.mark.parametrize("delivery", [None, "expectReplies"])
async def test_a_card_answers_an_invoke(post: Post, delivery: str | None) -> None:
    response = await post(activity(type="invoke", name="card", deliveryMode=delivery))
    assert response.status == 200
    assert await response.json() == {
        "statusCode": 200,
        "type": "application/vnd.microsoft.card.adaptive",
        "value": CARD,
    }


async def test_other_bodies_answer_an_invoke(post: Post) -> None:
    response = await post(activity(type="invoke", name="list"))
    assert await response.json() == [{"title": "β"}, 2]
    response = await post(activity(type="invoke", name="empty"))
    assert (response.status, await response.read()) == (200, b"")
    response = await post(activity(type="invoke", name="model"))
    assert (await response.json())["text"] == "as a model"


async def test_an_invoke_that_nobody_answers_is_not_implemented(post: Post) -> None:
    response = await post(activity(type="invoke", name="unknown"))
    assert (response.status, await response.read()) == (501, b"")


async def test_a_failing_invoke_says_sorry_in_its_answer(post: Post, cloud: Cloud) -> None:
    response = await post(activity(type="invoke", name="fail"))
    assert response.status == 200
    assert await response.json() == {
        "statusCode": 500,
        "type": "application/vnd.microsoft.error",
        "value": {"code": "InternalError", "message": "Sorry (en-US)."},
    }
    assert cloud.connector.requests == []


# What is refused before the SDK sees it.


@pytest.mark.parametrize(
    ("body", "content_type", "status", "sentence"),
    [
        (b"", "application/json", 400, "The body is not JSON."),
        (b"hello", "application/json", 400, "The body is not JSON."),
        (b'{"type": NaN}', "application/json", 400, "The body is not JSON."),
        (b'{"type": ' + b"9" * 5000 + b"}", "application/json", 400, "The body is not JSON."),
        (b'{"type": "\xff"}', "application/json", 400, "The body is not UTF-8."),
        (b"[]", "application/json", 400, "The body must be a JSON object."),
        (b'"message"', "application/json", 400, "The body must be a JSON object."),
        (b"null", "application/json", 400, "The body must be a JSON object."),
        (b"[" * 100_000, "application/json", 400, "The JSON is nested too deeply."),
        (
            b'{"value":' + b"[" * 100 + b"]" * 100 + b"}",
            "application/json",
            400,
            "The JSON is nested too deeply.",
        ),
        (
            b'{"text":"\\ud83d"}',
            "application/json",
            400,
            "The JSON holds half of a surrogate pair.",
        ),
        (b"{}", "text/plain", 415, "The Content-Type must be application/json."),
        (b"type=message", "application/x-www-form-urlencoded", 415, None),
        (
            b'"' + b"x" * MAX_BYTES + b'"',
            "application/json",
            413,
            "The request is larger than 256 KB.",
        ),
    ],
)
async def test_a_body_that_is_no_activity_is_refused(
    client: Client, cloud: Cloud, body: bytes, content_type: str, status: int, sentence: str | None
) -> None:
    headers = {
        "Authorization": f"Bearer {cloud.issuer.token()}",
        "Content-Type": content_type,
    }
    response = await client.post("/api/messages", data=body, headers=headers)
    found = await refusal(response)
    assert found == (status, sentence or found[1])
    assert len(cloud.issuer.asked) == 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"type": None}, "'type'"),
        ({"type": 5}, "'type'"),
        ({"type": ""}, "'type'"),
        ({"from": None}, "'from'"),
        ({"from": "29:user"}, "'from'"),
        ({"from": {"name": "Deniz"}}, "'from'"),
        ({"from": {"id": 29}}, "'from'"),
        ({"conversation": None}, "'conversation'"),
        ({"conversation": {"id": ""}}, "'conversation'"),
        ({"recipient": "28:bot"}, "'recipient'"),
        ({"text": 5}, "'text'"),
        ({"text": ["a"]}, "'text'"),
        ({"locale": {}}, "'locale'"),
        ({"channelData": "x"}, "'channelData'"),
        ({"entities": {}}, "'entities'"),
        ({"entities": [5]}, "'entities'"),
        ({"attachments": ["x"]}, "'attachments'"),
        ({"membersAdded": [{"name": "no id"}]}, "'membersAdded and membersRemoved'"),
        ({"timestamp": "yesterday"}, "wrong type"),
        ({"conversation": {"id": "a", "isGroup": {"x": 1}}}, "wrong type"),
        ({"serviceUrl": None}, "'serviceUrl'"),
        ({"serviceUrl": 5}, "'serviceUrl'"),
        ({"serviceUrl": "smba.trafficmanager.net"}, "'serviceUrl'"),
        ({"serviceUrl": "http://smba.trafficmanager.net/"}, "'serviceUrl'"),
        ({"serviceUrl": "http://127.0.0.1:9/"}, "'serviceUrl'"),
        ({"serviceUrl": "https://127.0.0.1/"}, "'serviceUrl'"),
        ({"serviceUrl": "https://evil.example/"}, "'serviceUrl'"),
        ({"serviceUrl": "https://evilbotframework.com/"}, "'serviceUrl'"),
        ({"serviceUrl": "https://evil.trafficmanager.net/"}, "'serviceUrl'"),
        ({"serviceUrl": "https://smba.trafficmanager.net@evil.example/"}, "'serviceUrl'"),
        ({"serviceUrl": "https://evil.example/?.botframework.com"}, "'serviceUrl'"),
        ({"serviceUrl": "https://[::1"}, "'serviceUrl'"),
    ],
)
async def test_an_activity_of_the_wrong_shape_is_refused(
    post: Post, cloud: Cloud, changes: dict[str, Any], named: str
) -> None:
    status, sentence = await refusal(await post(activity(**{"text": "hello"} | changes)))
    assert status == 400
    assert named in sentence
    assert cloud.connector.requests == []


@pytest.mark.parametrize(
    "service_url",
    ["https://smba.trafficmanager.net/emea/", "https://europe.directline.botframework.com"],
)
async def test_microsofts_own_services_are_known(
    post: Post, cloud: Cloud, service_url: str
) -> None:
    token = cloud.issuer.token(serviceurl=service_url)
    body = activity("hello", serviceUrl=service_url, deliveryMode="expectReplies")
    assert (await post(body, token)).status == 200


async def test_other_methods_and_addresses_are_refused_in_json(client: Client) -> None:
    response = await client.get("/api/messages")
    assert await refusal(response) == (405, "This address does not take this method.")
    assert response.headers["Allow"] == "POST"
    assert await refusal(await client.get("/")) == (404, "There is nothing at this address.")


# Whose token is refused.


def unsigned(**changes: object) -> str:
    return jwt.encode(claims(**changes), "", "none", headers={"kid": "key-1"})


def hmac_signed() -> str:
    secret = "a shared secret that is long enough for its algorithm"  # noqa: S105
    return jwt.encode(claims(), secret, "HS256", headers={"kid": "key-1"})


def tampered(token: str) -> str:
    head, _, signature = token.split(".")
    body = json.dumps(claims(aud="another")).encode()
    return f"{head}.{base64.urlsafe_b64encode(body).decode().rstrip('=')}.{signature}"


BAD_TOKENS: dict[str, tuple[int, Callable[[Cloud], str]]] = {
    "expired": (401, lambda cloud: cloud.issuer.token(exp=int(time.time()) - 3600)),
    "future": (401, lambda cloud: cloud.issuer.token(nbf=int(time.time()) + 3600)),
    "without exp": (401, lambda cloud: cloud.issuer.token(exp=None)),
    "exp is a word": (401, lambda cloud: cloud.issuer.token(exp="tomorrow")),
    "without iss": (401, lambda cloud: cloud.issuer.token(iss=None)),
    "another issuer": (401, lambda cloud: cloud.issuer.token(iss="https://sts.windows.net/x/")),
    "without aud": (401, lambda cloud: cloud.issuer.token(aud=None)),
    "another bot": (403, lambda cloud: cloud.issuer.token(aud="another")),
    "empty aud": (401, lambda cloud: cloud.issuer.token(aud="")),
    "without serviceurl": (403, lambda cloud: cloud.issuer.token(serviceurl=None)),
    "another serviceurl": (403, lambda cloud: cloud.issuer.token(serviceurl="https://x.example")),
    "garbage": (401, lambda _: "garbage"),
    "garbage in three parts": (401, lambda _: "a.b.c"),
    "alg none": (401, lambda _: unsigned()),
    "HS256": (401, lambda _: hmac_signed()),
    "wrong key": (401, lambda cloud: cloud.issuer.token(key=new_key())),
    "unknown kid": (401, lambda cloud: cloud.issuer.token("key-9", key=new_key())),
    "tampered": (401, lambda cloud: tampered(cloud.issuer.token())),
}


@pytest.mark.parametrize("name", BAD_TOKENS)
async def test_a_bad_token_is_refused(post: Post, cloud: Cloud, name: str) -> None:
    status, make = BAD_TOKENS[name]
    response = await post(activity("let me in", deliveryMode="expectReplies"), make(cloud))
    assert (await refusal(response))[0] == status
    assert cloud.connector.requests == []


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dXNlcjpwdw==", "token"])
async def test_an_authorization_that_is_no_bearer_token_is_refused(
    client: Client, header: str
) -> None:
    response = await client.post(
        "/api/messages", json=activity("hello"), headers={"Authorization": header}
    )
    assert await refusal(response) == (401, "The Authorization header must hold a bearer token.")


async def test_no_authorization_is_refused_before_the_body_is_read(client: Client) -> None:
    response = await client.post("/api/messages", data=b"not JSON")
    assert await refusal(response) == (401, "The Authorization header is missing.")


async def test_a_key_that_is_not_endorsed_for_the_channel_is_refused(
    post: Post, cloud: Cloud
) -> None:
    cloud.issuer.publish("chat-key", "webchat")
    cloud.issuer.publish("bare-key")
    for key_id in ("chat-key", "bare-key"):
        response = await post(activity("hello"), cloud.issuer.token(key_id))
        assert (await refusal(response))[0] == 403
    response = await post(activity("hello", channelId=None))
    assert (await refusal(response))[0] == 403


# Where the keys come from.


async def test_a_rotated_key_is_looked_up_at_once(post: Post, cloud: Cloud) -> None:
    assert (await post(activity("before"))).status == 200
    cloud.issuer.keys.clear()
    cloud.issuer.publish("key-2", "msteams")
    assert (await post(activity("after"), cloud.issuer.token("key-2"))).status == 200
    assert [message["text"] for message in cloud.connector.messages] == ["before", "after"]
    assert len(cloud.issuer.asked) == 2


async def test_another_clouds_metadata_can_be_set_as_the_sdk_sets_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://smba.trafficmanager.net/v1/.well-known/openidconfiguration"
    monkeypatch.setattr(ChannelValidation, "open_id_metadata_endpoint", url)
    message = Activity(channel_id="msteams", service_url=TEAMS)
    authentication = Authentication(PRODUCTION, cloud.session)
    result = await authentication.authenticate_request(message, f"Bearer {cloud.issuer.token()}")
    assert result.claims_identity.claims["aud"] == APP_ID
    assert cloud.issuer.asked == ["smba.trafficmanager.net"]


async def test_invented_keys_do_not_make_us_ask_all_day(post: Post, cloud: Cloud) -> None:
    for n in range(5):
        response = await post(activity("hello"), cloud.issuer.token(f"fake-{n}", key=new_key()))
        assert response.status == 401
    assert len(cloud.issuer.asked) == 2
    assert (await post(activity("real"))).status == 200


async def test_without_the_keys_a_message_is_to_be_sent_again(post: Post, cloud: Cloud) -> None:
    cloud.issuer.away = True
    assert (await refusal(await post(activity("hello"))))[0] == 503


async def test_keys_are_fetched_again_after_a_failure_a_day_and_a_rotation(cloud: Cloud) -> None:
    now = [0.0]
    url = "https://login.botframework.com/v1/.well-known/openidconfiguration"
    keys = SigningKeys(cloud.session, url, clock=lambda: now[0])
    await keys.get("key-1")
    now[0] += 23 * 3600
    await keys.get("key-1")
    assert len(cloud.issuer.asked) == 1
    now[0] += 2 * 3600
    cloud.issuer.away = True
    assert await keys.get("key-1") is not None, "an old key serves while no new ones are to be had"
    assert await keys.get("key-1") is not None
    assert len(cloud.issuer.asked) == 2
    cloud.issuer.away = False
    cloud.issuer.publish("key-2", "msteams")
    now[0] += 10
    key = await keys.get("key-2")
    assert key is not None
    assert key.endorsements == {"msteams"}
    assert len(cloud.issuer.asked) == 3


# The way out.


async def test_the_bots_token_is_renewed_before_it_expires(cloud: Cloud) -> None:
    now = [0.0]
    token = AppToken(cloud.session, PRODUCTION, clock=lambda: now[0])
    assert await token.get() == "app-token-1"
    now[0] = 3299
    assert await token.get() == "app-token-1"
    now[0] = 3300
    assert await token.get() == "app-token-2"


async def test_a_multi_tenant_bot_gets_its_token_from_the_shared_tenant(cloud: Cloud) -> None:
    config = Config(app_id=APP_ID, app_password=SECRET, app_type="MultiTenant")
    await AppToken(cloud.session, config).get()
    assert [tenant for tenant, _ in cloud.login.forms] == ["botframework.com"]


async def test_a_busy_service_has_the_last_word(cloud: Cloud) -> None:
    cloud.connector.refusals = [(502, {}), (502, {}), (503, {}), (504, {})]
    url = f"{TEAMS}v3/conversations/c/activities"
    reply = await send(cloud.session, "POST", url, {}, b"{}", pause_s=0)
    assert (reply.status, reply.body) == (504, b"<h1>Busy</h1>")
    assert len(cloud.connector.requests) == 4


async def test_a_service_that_is_not_there_is_an_error(cloud: Cloud) -> None:
    with pytest.raises(ConnectorError, match="cannot be reached"):
        await send(cloud.session, "POST", "https://nowhere.example/", {}, b"{}", pause_s=0)
