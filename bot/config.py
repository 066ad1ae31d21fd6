"""The server's settings: read once from the environment, checked before anything starts.

BABELDESK_APP_ID
    The bot's Microsoft Entra application (client) id. Needed, but in a local trial.
BABELDESK_APP_PASSWORD
    A client secret of that application. Needed, but in a local trial.
BABELDESK_APP_TYPE
    SingleTenant or MultiTenant, as the bot is registered; SingleTenant if absent.
BABELDESK_TENANT_ID
    The tenant that owns the application. A single-tenant bot needs it.
BABELDESK_HOST, BABELDESK_PORT
    The address and the port to listen on; 127.0.0.1 and 3978 if absent. A container usually
    wants 0.0.0.0.
BABELDESK_INDEX
    The folder of the index to answer from; .babeldesk/index if absent.
BABELDESK_HELP_DESK
    Where "Ask a person" leads: an https page, or an e-mail address. Not shown if absent.
BABELDESK_KEEP_QUESTIONS
    1 to keep what people ask in the records, for `babeldesk report`; 0 to write no question down.
    1 if absent. The records stand beside the index.
BABELDESK_SERVICE_HOSTS
    The hosts that a message may name as its channel's service, split by commas; one that begins
    with a dot stands for everything below it. Microsoft's if absent.

An empty value counts as absent.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, cast, get_args
from urllib.parse import urlsplit

_EMAIL = re.compile(r"[^@\s:/?]+@[^@\s:/?]+\.[^@\s:/?]+")

AppType = Literal["SingleTenant", "MultiTenant"]

# Where Teams and the other channels of the Bot Framework serve their conversations.
SERVICE_HOSTS: Final = (
    "smba.trafficmanager.net",
    ".botframework.com",
    ".botframework.us",
    ".teams.microsoft.com",
    ".teams.microsoft.us",
)


class ConfigError(ValueError):
    """A setting is missing or wrong; the message names the key and the mend."""


@dataclass(frozen=True)
class Config:
    """What the server runs with. `local` means a trial: no credentials, loopback only."""

    app_id: str = ""
    app_password: str = field(default="", repr=False)
    app_type: AppType = "SingleTenant"
    tenant_id: str = ""
    host: str = "127.0.0.1"
    port: int = 3978
    index: Path = Path(".babeldesk/index")
    help_desk: str | None = None
    keep_questions: bool = True
    service_hosts: tuple[str, ...] = SERVICE_HOSTS
    local: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Config:
        """Read every key of the module's table. Raises ConfigError for a value that cannot be
        understood; whether the values are enough to serve with is for `check` to say.
        """

        def value(key: str, default: str = "") -> str:
            return environ.get(f"BABELDESK_{key}", "").strip() or default

        return cls(
            app_id=value("APP_ID"),
            app_password=value("APP_PASSWORD"),
            app_type=_app_type(value("APP_TYPE", cls.app_type)),
            tenant_id=value("TENANT_ID"),
            host=value("HOST", cls.host),
            port=_port(value("PORT", str(cls.port))),
            index=Path(value("INDEX", str(cls.index))),
            help_desk=_help_desk(value("HELP_DESK")),
            keep_questions=_switch("KEEP_QUESTIONS", value("KEEP_QUESTIONS", "1")),
            service_hosts=_hosts(value("SERVICE_HOSTS")) or SERVICE_HOSTS,
        )

    @property
    def records(self) -> Path:
        """The file of the records."""
        return self.index.absolute().with_name("records.db")

    def check(self) -> None:
        """Raise ConfigError unless the server may start with these settings."""
        if self.local:
            self._check_local()
        else:
            self._check_credentials()

    def _check_local(self) -> None:
        if not is_loopback(self.host):
            raise ConfigError(
                f"BABELDESK_HOST is {self.host!r}, but a local trial asks nobody who they are and "
                "listens on this machine only: set it to 127.0.0.1 or leave out --local."
            )

    def _check_credentials(self) -> None:
        keys = {"BABELDESK_APP_ID": self.app_id, "BABELDESK_APP_PASSWORD": self.app_password}
        if self.app_type == "SingleTenant":
            keys["BABELDESK_TENANT_ID"] = self.tenant_id
        missing = [key for key, value in keys.items() if not value]
        if missing:
            raise ConfigError(
                f"{', '.join(missing)} not set: set what the bot was registered with, "
                "or pass --local for a trial on this machine."
            )


def is_loopback(host: str) -> bool:
    """Whether a host name or address (no port, no brackets) means this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _app_type(value: str) -> AppType:
    for known in get_args(AppType):
        if value == known:
            return cast(AppType, known)
    raise ConfigError(
        f"BABELDESK_APP_TYPE is {value!r}: set it to SingleTenant or MultiTenant, "
        "as the bot is registered."
    )


def _port(value: str) -> int:
    if value.isascii() and value.isdigit() and int(value) < 65536:
        return int(value)
    raise ConfigError(f"BABELDESK_PORT is {value!r}: set it to a number from 0 to 65535.")


def _help_desk(value: str) -> str | None:
    if not value:
        return None
    if _EMAIL.fullmatch(value):
        return f"mailto:{value}"
    if urlsplit(value).scheme == "https" and urlsplit(value).netloc and len(value) <= 500:
        return value
    raise ConfigError(
        f"BABELDESK_HELP_DESK is {value!r}: set it to a page that begins with https://, or to an "
        "e-mail address."
    )


def _switch(key: str, value: str) -> bool:
    if value in ("0", "1"):
        return value == "1"
    raise ConfigError(f"BABELDESK_{key} is {value!r}: set it to 1 or 0.")


def _hosts(value: str) -> tuple[str, ...]:
    return tuple(host.strip().lower() for host in value.split(",") if host.strip())
