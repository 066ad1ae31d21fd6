"""Microsoft's side of the conversation, on loopback: the Bot Connector, the issuer of its tokens,
and the service where a bot gets a token of its own.

`Connector` alone serves a local trial over plain HTTP. `Cloud` is all three behind TLS, under
their real names: its session resolves those to this machine, and no other name at all.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import jwt
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

TEAMS = "https://smba.trafficmanager.net/teams/"
APP_ID = "11111111-2222-3333-4444-555555555555"

_ISSUER = "https://api.botframework.com"
_OPENID = "login.botframework.com"
_HOSTS = ("smba.trafficmanager.net", "login.microsoftonline.com", _OPENID)


@dataclass
class Connector:
    """Takes activities as the Bot Connector does, and keeps them in the order they came.

    `updates` are those that take the place of one that was sent, with that one's id; `refusals`
    are the (status, headers) with which it answers the next requests.
    """

    activities: list[dict[str, Any]] = field(default_factory=list)
    updates: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    def add_to(self, router: web.UrlDispatcher, prefix: str = "") -> None:
        conversation = f"{prefix}/v3/conversations/{{conversation}}/activities"
        router.add_post(conversation, self._take)
        router.add_post(f"{conversation}/{{activity}}", self._take)
        router.add_put(f"{conversation}/{{activity}}", self._replace)

    async def _take(self, request: web.Request) -> web.Response:
        self.requests.append((request.path, dict(request.headers)))
        if self.refusals:
            status, headers = self.refusals.pop(0)
            page = "<h1>Busy</h1>"
            return web.Response(status=status, headers=headers, text=page, content_type="text/html")
        self.activities.append(await request.json())
        return web.json_response({"id": f"sent-{len(self.activities)}"}, status=201)

    async def _replace(self, request: web.Request) -> web.Response:
        self.updates.append((request.match_info["activity"], await request.json()))
        return web.json_response({"id": request.match_info["activity"]})

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [activity for activity in self.activities if activity["type"] == "message"]


@dataclass
class Issuer:
    """Signs tokens as the Bot Framework does, and publishes its keys as OpenID metadata.

    `asked` are the hosts under which its metadata were asked for.
    """

    keys: dict[str, tuple[rsa.RSAPrivateKey, list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: bool = False

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get("/v1/.well-known/openidconfiguration", self._metadata)
        router.add_get("/v1/.well-known/keys", self._keys)

    def publish(self, key_id: str, *endorsements: str) -> None:
        """Publish a new key."""
        self.keys[key_id] = (new_key(), list(endorsements))

    def token(
        self, key_id: str = "key-1", *, key: rsa.RSAPrivateKey | None = None, **changes: object
    ) -> str:
        """A good token but for the claims that are changed; None takes a claim away."""
        signer = key or self.keys[key_id][0]
        return jwt.encode(claims(**changes), signer, "RS256", headers={"kid": key_id})

    async def _metadata(self, request: web.Request) -> web.Response:
        self.asked.append(request.host)
        if self.away:
            return web.Response(status=503)
        keys_url = f"https://{_OPENID}/v1/.well-known/keys"
        return web.json_response({"issuer": _ISSUER, "jwks_uri": keys_url})

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [self._published(key_id) for key_id in self.keys]})

    def _published(self, key_id: str) -> dict[str, Any]:
        key, endorsements = self.keys[key_id]
        published = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        return {**published, "kid": key_id, "endorsements": endorsements}


@dataclass
class Login:
    """Hands out the bot's own tokens, and keeps the (tenant, form) that asked for each."""

    forms: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    refuses: bool = False

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_post("/{tenant}/oauth2/v2.0/token", self._grant)

    async def _grant(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.forms.append((request.match_info["tenant"], form))
        if self.refuses:
            denial = {"error": "invalid_client", "error_description": "AADSTS7000215: bad secret"}
            return web.json_response(denial, status=401)
        token = f"app-token-{len(self.forms)}"
        return web.json_response({"access_token": token, "expires_in": 3600})


@dataclass
class Cloud:
    """All of Microsoft's cloud that the bot knows, and a session that finds it here."""

    session: aiohttp.ClientSession
    connector: Connector
    issuer: Issuer
    login: Login


@contextlib.asynccontextmanager
async def running_cloud(folder: Path) -> AsyncIterator[Cloud]:
    """A cloud whose issuer has published the key "key-1", endorsed for Teams."""
    server_side, client_side = _certificate(folder)
    connector, issuer, login = Connector(), Issuer(), Login()
    issuer.publish("key-1", "msteams")
    app = web.Application()
    connector.add_to(app.router, "/teams")
    issuer.add_to(app.router)
    login.add_to(app.router)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=server_side)
    tcp = aiohttp.TCPConnector(resolver=_OnlyHere(server.port or 0), ssl=client_side)
    async with aiohttp.ClientSession(connector=tcp) as session:
        yield Cloud(session, connector, issuer, login)
    await server.close()


class _OnlyHere(AbstractResolver):
    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host not in _HOSTS:
            raise OSError(f"{host} (port {port}) is not of this cloud")
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self._port,
                family=family,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        pass


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def claims(**changes: object) -> dict[str, Any]:
    """The claims of a good token from Teams; None takes a claim away."""
    now = int(time.time())
    good: dict[str, object] = {
        "iss": _ISSUER,
        "aud": APP_ID,
        "nbf": now - 60,
        "exp": now + 3600,
        "serviceurl": TEAMS,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def activity(text: str | None = None, **changes: object) -> dict[str, Any]:
    """A message as Teams sends it in a personal chat; None takes a field away."""
    whole: dict[str, object] = {
        "type": "message",
        "id": "1485983408511",
        "timestamp": "2026-01-20T09:30:00.000Z",
        "channelId": "msteams",
        "serviceUrl": TEAMS,
        "from": {"id": "29:user", "name": "Deniz", "aadObjectId": "a-b-c"},
        "conversation": {"id": "a:1@unq", "conversationType": "personal", "tenantId": "t"},
        "recipient": {"id": "28:bot", "name": "Babeldesk"},
        "textFormat": "plain",
        "text": text,
        "locale": "en-US",
        "channelData": {"tenant": {"id": "t"}},
        "entities": [{"type": "clientInfo", "locale": "en-US", "platform": "Web"}],
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's and the client's side of TLS for the cloud's names."""
    key = new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A cloud for tests")])
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in _HOSTS])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = folder / "cloud.pem"
    pem.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))
