"""What a request must look like before anything acts on it, and how one is refused.

Everything here runs before the Bot Framework SDK, which parses first and asks later: the size,
the encoding, the JSON and the shape of an activity, and in a local trial where the request
comes from. A refusal is a 4xx with one sentence: `{"error": "..."}`.

The fields of an activity: https://github.com/microsoft/botframework-sdk/blob/main/specs/botframework-activity/botframework-activity.md
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.config import Config, is_loopback

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 64

_LOG = logging.getLogger(__name__)
_STRINGS = ("id", "name", "text", "locale", "channelId", "deliveryMode", "replyToId", "action")
_OBJECTS = ("recipient", "channelData")
_LISTS = ("entities", "attachments", "membersAdded", "membersRemoved", "reactionsAdded")
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: f"The request is larger than {MAX_BYTES // 1024} KB.",
}


class RequestError(Exception):
    """A request is refused: an HTTP status and one sentence for whoever sent it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@web.middleware
async def json_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say every refusal in JSON, and let no fault of ours show its insides."""
    try:
        return await handler(request)
    except RequestError as error:
        return web.json_response({"error": error.sentence}, status=error.status)
    except web.HTTPClientError as error:
        sentence = _SENTENCES.get(error.status, f"{error.reason}.")
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return web.json_response({"error": sentence}, status=error.status, headers=allow)
    except Exception:  # noqa: BLE001 (the last place before the wire)
        _LOG.exception("%s %s failed", request.method, request.path)
        return web.json_response({"error": "Something went wrong on our side."}, status=500)


@web.middleware
async def this_machine_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what another site's page sends to a local trial.

    The server listens on loopback only, but so does every browser on the machine reach it: the
    Host shows a foreign name that was pointed at this address, the Origin a foreign page.
    """
    if not is_loopback(_host(f"//{request.headers.get('Host', '')}")):
        raise RequestError(403, "A local trial answers to localhost only.")
    origin = request.headers.get("Origin")
    if origin is not None and not is_loopback(_host(origin)):
        raise RequestError(403, "A local trial answers to its own page only.")
    return await handler(request)


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object that a request carries. Raises RequestError 400, 413 or 415."""
    if request.content_type != "application/json":
        raise RequestError(415, "The Content-Type must be application/json.")
    raw = await request.read()
    try:
        body = json.loads(raw.decode(), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise RequestError(400, "The body is not UTF-8.") from None
    except RecursionError:
        raise RequestError(400, "The JSON is nested too deeply.") from None
    except ValueError:
        raise RequestError(400, "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise RequestError(400, "The body must be a JSON object.")
    _check_values(body)
    return body


def string_field(
    body: dict[str, Any], key: str, *, longest: int, required: bool = True
) -> str | None:
    """A string of a request's body, outer white space off, or None where it may be absent."""
    value = body.get(key)
    if value is None and not required:
        return None
    if not isinstance(value, str) or not value.strip():
        raise RequestError(400, f"'{key}' must be a string that is not empty.")
    if len(value) > longest:
        raise RequestError(400, f"'{key}' is longer than {longest} characters.")
    return value.strip()


def check_activity(body: dict[str, Any], config: Config) -> None:
    """Raise RequestError 400 unless the SDK can read this activity and the bot can answer it."""
    if not isinstance(body.get("type"), str) or not body["type"]:
        raise RequestError(400, "'type' must be a string that is not empty.")
    _check_account(body.get("from"), "from")
    _check_account(body.get("conversation"), "conversation")
    _check_types(body, _STRINGS, str, "a string")
    _check_types(body, _OBJECTS, dict, "an object")
    _check_types(body, _LISTS, list, "a list of objects")
    for key in _LISTS:
        if not all(isinstance(item, dict) for item in body.get(key) or ()):
            raise RequestError(400, f"'{key}' must be a list of objects.")
    for member in [*(body.get("membersAdded") or ()), *(body.get("membersRemoved") or ())]:
        _check_account(member, "membersAdded and membersRemoved")
    _check_service_url(body.get("serviceUrl"), config)


def _check_account(account: object, key: str) -> None:
    if not isinstance(account, dict) or not isinstance(account.get("id"), str) or not account["id"]:
        raise RequestError(400, f"'{key}' must be an object with an id.")


def _check_types(body: dict[str, Any], keys: Iterable[str], kind: type, name: str) -> None:
    for key in keys:
        if body.get(key) is not None and not isinstance(body[key], kind):
            raise RequestError(400, f"'{key}' must be {name}.")


def _check_service_url(url: object, config: Config) -> None:
    """Replies, and with them the bot's token, go to this address: it must be one we know."""
    address = url if isinstance(url, str) else ""
    host = _host(address)
    if not host or "?" in address or "#" in address:
        raise RequestError(400, "'serviceUrl' must be the address of the channel's service.")
    scheme = urlsplit(address).scheme
    if config.local and scheme in ("http", "https") and is_loopback(host):
        return
    if scheme != "https":
        raise RequestError(400, "'serviceUrl' must begin with https.")
    if not config.local and not _is_known(host, config.service_hosts):
        raise RequestError(400, "'serviceUrl' is not a service of the Bot Framework.")


def _is_known(host: str, known: Iterable[str]) -> bool:
    return any(host.endswith(name) if name.startswith(".") else host == name for name in known)


def _check_values(body: dict[str, Any]) -> None:
    """Refuse what JSON may hold but nothing after it can: deep nesting, half a character."""
    level: list[object] = [body]
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [child for value in level for child in _children(value)]
    raise RequestError(400, "The JSON is nested too deeply.")


def _children(value: object) -> Iterable[object]:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise RequestError(400, "The JSON holds half of a surrogate pair.") from None
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else ()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return "" if parts.hostname is None or "@" in parts.netloc else parts.hostname
