from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import SERVICE_HOSTS, Config, ConfigError, is_loopback

PRODUCTION = {
    "BABELDESK_APP_ID": "id",
    "BABELDESK_APP_PASSWORD": "secret",
    "BABELDESK_TENANT_ID": "tenant",
}


def test_an_empty_environment_gives_the_defaults() -> None:
    config = Config.from_env({"BABELDESK_PORT": "  ", "PATH": "/bin"})
    assert (config.host, config.port, config.index) == ("127.0.0.1", 3978, Path(".babeldesk/index"))
    assert config.app_type == "SingleTenant"
    assert config.service_hosts == SERVICE_HOSTS
    assert not config.local


def test_every_key_is_read() -> None:
    config = Config.from_env(
        PRODUCTION
        | {
            "BABELDESK_APP_TYPE": "MultiTenant",
            "BABELDESK_HOST": "0.0.0.0",  # noqa: S104
            "BABELDESK_PORT": "80",
            "BABELDESK_INDEX": "/srv/index",
            "BABELDESK_HELP_DESK": "https://help.example.org/ask",
            "BABELDESK_KEEP_QUESTIONS": "0",
            "BABELDESK_SERVICE_HOSTS": " Bots.example.org, .example.net,",
        }
    )
    assert config == Config(
        app_id="id",
        app_password=PRODUCTION["BABELDESK_APP_PASSWORD"],
        app_type="MultiTenant",
        tenant_id="tenant",
        host="0.0.0.0",  # noqa: S104
        port=80,
        index=Path("/srv/index"),
        help_desk="https://help.example.org/ask",
        keep_questions=False,
        service_hosts=("bots.example.org", ".example.net"),
    )


def test_the_help_desk_may_be_an_address_for_mail() -> None:
    config = Config.from_env({"BABELDESK_HELP_DESK": "it.help@example.org"})
    assert config.help_desk == "mailto:it.help@example.org"


def test_the_records_stand_beside_the_index() -> None:
    assert Config(index=Path("/srv/kb/index")).records == Path("/srv/kb/records.db")


def test_the_secret_stays_out_of_the_logs() -> None:
    assert "secret" not in repr(Config.from_env(PRODUCTION))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("BABELDESK_PORT", "https"),
        ("BABELDESK_PORT", "-1"),
        ("BABELDESK_PORT", "65536"),
        ("BABELDESK_PORT", "٣٩٧٨"),
        ("BABELDESK_APP_TYPE", "multitenant"),
        ("BABELDESK_KEEP_QUESTIONS", "no"),
        ("BABELDESK_HELP_DESK", "help desk"),
        ("BABELDESK_HELP_DESK", "http://help.example.org"),
        ("BABELDESK_HELP_DESK", "https://"),
        ("BABELDESK_HELP_DESK", "javascript:alert"),
    ],
)
def test_a_bad_value_names_its_key_and_the_mend(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{key} is '{value}': set it to .*\.$"):
        Config.from_env({key: value})


@pytest.mark.parametrize("missing", sorted(PRODUCTION))
def test_production_needs_its_credentials(missing: str) -> None:
    environ = {key: value for key, value in PRODUCTION.items() if key != missing}
    with pytest.raises(ConfigError, match=rf"^{missing} not set: .*--local"):
        Config.from_env(environ).check()


def test_production_starts_with_what_its_type_needs() -> None:
    Config.from_env(PRODUCTION).check()
    replace(Config.from_env(PRODUCTION), tenant_id="", app_type="MultiTenant").check()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", ""])  # noqa: S104
def test_a_local_trial_refuses_other_addresses(host: str) -> None:
    with pytest.raises(ConfigError, match=r"^BABELDESK_HOST is .* set it to 127\.0\.0\.1"):
        Config(local=True, host=host).check()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_a_local_trial_takes_loopback_and_no_credentials(host: str) -> None:
    assert is_loopback(host)
    Config(local=True, host=host).check()
