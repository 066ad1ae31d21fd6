"""Build the Teams app package: the zip that an administrator uploads to Teams.

A package holds `manifest.json`, two icons and one localization file per language, all at its
root. Here `manifest.json` is a template: `${app_id}` and its like are filled in on building, and
what comes out is checked against the schemas under `schema/`, then zipped.

Which schema: 1.25. It is final, and it is what Microsoft's own Teams command line writes. Later
versions add nothing that this bot uses, and a tenant's cloud takes only the versions it knows, so
the older one installs in more places.

The schemas call themselves draft-04, yet use `const`, and `maxLength` beside `$ref`, both of which
draft-04 ignores: read that way, neither the manifest version nor the length of a translated name
would be checked. They are therefore read as draft 2019-09, where both count. Formats are left
unchecked: the only one in reach is that of `$schema`, which is fixed.

Language tags: Teams lays the strings of the user's language (`fr`) over the default ones, and
those of language and region (`fr-ca`) over these, and never falls back from one region to another.
So a file is registered under its bare language and serves every region (`fr-FR.json` as `fr`,
`sr-Latn-RS.json` as `sr`, since Teams knows Serbian in Latin script alone). Of two files of one
language the second keeps its region: `pt` and `pt-pt`, `zh` and `zh-tw`.

The commands' titles, "help" and "language", are the same in every language, because Teams sends
them to the bot as the user's message.

Format: https://learn.microsoft.com/microsoft-365/extensibility/schema/
"""

from __future__ import annotations

import json
import re
import struct
import tempfile
import textwrap
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from jsonschema import Draft201909Validator
from jsonschema.exceptions import ValidationError, best_match

FOLDER = Path(__file__).parent
SCHEMAS = FOLDER / "schema"
ICON_SIDES = {"color": 192, "outline": 32}  # pixels; both are square
MAX_DEVELOPER_NAME = 32

_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])", re.IGNORECASE)
_VERSION = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){2}", re.ASCII)


class PackageError(ValueError):
    """Why no package was built, in one sentence for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class PackageReport:
    """What was built.

    `files` are the names inside the zip, in order; `languages` the language tags that have their
    own strings, beside the default English; `placeholders` the arguments about the developer that
    were not given, by name, with the value that stands in for each in the manifest.
    """

    path: Path
    files: tuple[str, ...]
    languages: tuple[str, ...]
    placeholders: dict[str, str]


def build_package(
    app_id: str,
    domain: str,
    out: Path,
    *,
    version: str = "1.0.0",
    developer_name: str | None = None,
    website_url: str | None = None,
    privacy_url: str | None = None,
    terms_url: str | None = None,
    source: Path = FOLDER,
) -> PackageReport:
    """Write the app package to `out`, atomically; the same arguments give the same bytes.

    `app_id` is the Microsoft App ID (a GUID) of the bot's registration; it serves as the Teams
    app's id too. `domain` is the public host name of the bot, such as `bot.example.com`. Teams
    takes an update only if its `version` ("MAJOR.MINOR.PATCH") is higher than the one it has.
    `source` holds the template, the icons and the localization files.

    Raises `PackageError` for a bad argument, a source that does not fit the schemas, or a file
    that cannot be read or written. A package that already stands at `out` then stays as it was.
    """
    host = _checked_host(domain)
    developer = {
        "developer_name": developer_name,
        "website_url": website_url,
        "privacy_url": privacy_url,
        "terms_url": terms_url,
    }
    given = {
        name: _checked_detail(name, text) for name, text in developer.items() if text is not None
    }
    placeholders = {name: text for name, text in _stand_ins(host).items() if name not in given}
    fixed = {
        "app_id": _checked_app_id(app_id),
        "domain": host,
        "version": _checked_version(version),
    }
    manifest = _filled(_read_json(source / "manifest.json"), fixed | given | placeholders)
    _check_schema("manifest.json", manifest, "MicrosoftTeams.schema.json")
    contents = _contents(manifest, source)
    _write_zip(out, contents)
    languages = tuple(entry["languageTag"] for entry in _localizations(manifest))
    return PackageReport(out, tuple(contents), languages, placeholders)


def _stand_ins(host: str) -> dict[str, str]:
    return {
        "developer_name": host[:MAX_DEVELOPER_NAME],
        "website_url": f"https://{host}/",
        "privacy_url": f"https://{host}/privacy",
        "terms_url": f"https://{host}/terms",
    }


def _checked_app_id(app_id: str) -> str:
    if not _GUID.fullmatch(app_id):
        raise PackageError(
            f"App id {app_id!r} is not a GUID such as 01234567-89ab-cdef-0123-456789abcdef."
        )
    return app_id.lower()


def _checked_host(domain: str) -> str:
    if len(domain) > 253 or not _HOST.fullmatch(domain):
        raise PackageError(
            f"Domain {domain!r} is not a public host name such as bot.example.com"
            " (no https://, port or path)."
        )
    return domain.lower()


def _checked_version(version: str) -> str:
    if not _VERSION.fullmatch(version):
        raise PackageError(f"Version {version!r} is not three numbers such as 1.0.0.")
    return version


def _checked_detail(name: str, text: str) -> str:
    if name == "developer_name":
        if not text.strip() or len(text) > MAX_DEVELOPER_NAME:
            raise PackageError(
                f"Developer name {text!r} does not have 1 to {MAX_DEVELOPER_NAME} characters."
            )
    elif not re.fullmatch(r"https://[^\s/]+(?:/\S*)?", text):
        label = name.removesuffix("_url").capitalize()
        raise PackageError(f"{label} address {text!r} is not a full https:// address.")
    return text


def _filled(node: Any, values: Mapping[str, str]) -> Any:
    """`node` with every `${name}` in its strings replaced; a name without a value is an error."""
    if isinstance(node, dict):
        return {key: _filled(child, values) for key, child in node.items()}
    if isinstance(node, list):
        return [_filled(child, values) for child in node]
    if not isinstance(node, str):
        return node
    try:
        return Template(node).substitute(values)
    except (KeyError, ValueError) as error:
        raise PackageError(f"manifest.json holds an unknown placeholder: {node!r}.") from error


def _localizations(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = manifest.get("localizationInfo", {}).get(
        "additionalLanguages", []
    )
    return entries


def _contents(manifest: Mapping[str, Any], source: Path) -> dict[str, bytes]:
    """What goes into the zip, by file name: all that the manifest names, checked."""
    contents = {"manifest.json": _json_bytes(manifest)}
    for kind, side in ICON_SIDES.items():
        name = manifest["icons"][kind]
        contents[name] = _checked_icon(source / name, side)
    for entry in _localizations(manifest):
        name = entry["file"]
        strings = _read_json(source / name)
        _check_schema(name, strings, "MicrosoftTeams.Localization.schema.json")
        contents[name] = _json_bytes(strings)
    return contents


def _checked_icon(path: Path, side: int) -> bytes:
    icon = _read(path)
    # A PNG opens with 8 bytes of signature, then the header chunk: its length, its name, and the
    # width and height as big-endian 32-bit numbers.
    if icon[:8] != b"\x89PNG\r\n\x1a\n" or icon[16:24] != struct.pack(">II", side, side):
        raise PackageError(f"Icon {path.name} is not a PNG image of {side} by {side} pixels.")
    return icon


def _check_schema(name: str, document: Any, schema: str) -> None:
    validator = Draft201909Validator(_read_json(SCHEMAS / schema))
    error = best_match(validator.iter_errors(document))
    if error is not None:
        raise PackageError(f"{name} does not fit the Teams schema: {_complaint(error)}.")


def _complaint(error: ValidationError) -> str:
    if error.validator == "maxLength" and isinstance(error.instance, str):
        length = len(error.instance)
        message = f"{length} characters, where {error.validator_value} are allowed"
    else:
        message = textwrap.shorten(error.message, 200)
    where = ".".join(str(step) for step in error.absolute_path)
    return f"{where}: {message}" if where else message


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackageError(f"Cannot read {path}: {error.strerror}.") from error


def _read_json(path: Path) -> Any:
    content = _read(path)
    try:
        return json.loads(content)
    except ValueError as error:
        raise PackageError(f"{path} is not valid JSON: {error}.") from error


def _json_bytes(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _write_zip(out: Path, contents: Mapping[str, bytes]) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".package-") as folder:
            draft = Path(folder) / "package.zip"
            with zipfile.ZipFile(draft, "w") as package:
                for name, content in contents.items():
                    package.writestr(_entry(name), content, zipfile.ZIP_DEFLATED)
            draft.replace(out)
    except OSError as error:
        raise PackageError(f"Cannot write {out}: {error.strerror}.") from error


def _entry(name: str) -> zipfile.ZipInfo:
    # Made by hand, an entry carries a fixed date: the same input gives the same bytes.
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3  # Unix on every system, so that the mode below is read
    entry.external_attr = 0o644 << 16
    return entry
