"""The Teams app package, read back from the zip that the builder writes."""

from __future__ import annotations

import io
import json
import re
import shutil
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft201909Validator
from PIL import Image

from manifest.package import FOLDER, SCHEMAS, PackageError, PackageReport, build_package

APP_ID = "6f1d2c3b-0a9e-4b8d-8c7f-5e4d3c2b1a09"
DOMAIN = "babeldesk.example.com"
# fmt: off
LOCALES = [
    "ar-SA", "bg-BG", "cs-CZ", "da-DK", "de-DE", "el-GR", "es-ES", "et-EE", "fi-FI", "fr-FR",
    "he-IL", "hr-HR", "hu-HU", "id-ID", "it-IT", "ja-JP", "ko-KR", "lt-LT", "lv-LV", "nb-NO",
    "nl-NL", "pl-PL", "pt-BR", "pt-PT", "ro-RO", "ru-RU", "sk-SK", "sl-SI", "sr-Latn-RS", "sv-SE",
    "th-TH", "tr-TR", "uk-UA", "vi-VN", "zh-CN", "zh-TW",
]
# fmt: on
LIMITS = {"name.short": 30, "name.full": 100, "description.short": 80, "description.full": 4000}
SCRIPTS = {  # a letter range that the locale's texts must hold
    "ar-SA": "\u0600-\u06ff",
    "bg-BG": "\u0400-\u04ff",
    "el-GR": "\u0370-\u03ff",
    "he-IL": "\u0590-\u05ff",
    "ja-JP": "\u3040-\u30ff",
    "ko-KR": "\uac00-\ud7af",
    "ru-RU": "\u0400-\u04ff",
    "th-TH": "\u0e00-\u0e7f",
    "uk-UA": "\u0400-\u04ff",
    "zh-CN": "\u4e00-\u9fff",
    "zh-TW": "\u4e00-\u9fff",
}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "app.zip"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the package's sources, to damage."""
    return Path(
        shutil.copytree(FOLDER, tmp_path / "source", ignore=shutil.ignore_patterns("*.py", "__*"))
    )


def read(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def built_manifest(out: Path) -> dict[str, Any]:
    build_package(APP_ID, DOMAIN, out)
    manifest: dict[str, Any] = json.loads(read(out)["manifest.json"])
    return manifest


def schema_errors(document: Any, schema: str) -> list[str]:
    rules = json.loads((SCHEMAS / schema).read_bytes())
    return [error.message for error in Draft201909Validator(rules).iter_errors(document)]


def looked_up(manifest: Any, path: str) -> Any:
    """What a localization key such as `bots[0].commandLists[1].commands[0].title` points at."""
    for name, number in re.findall(r"(\w+)|\[(\d+)\]", path):
        manifest = manifest[name] if name else manifest[int(number)]
    return manifest


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes), encoding="utf-8")


def test_manifest_in_the_zip_fits_the_schema(out: Path) -> None:
    manifest = built_manifest(out)
    assert schema_errors(manifest, "MicrosoftTeams.schema.json") == []
    assert manifest["manifestVersion"] == "1.25"
    assert manifest["$schema"].endswith("/v1.25/MicrosoftTeams.schema.json")


def test_placeholders_are_filled(out: Path) -> None:
    build_package(APP_ID.upper(), "BABELDESK.Example.com", out, version="2.10.0")
    text = read(out)["manifest.json"].decode()
    manifest = json.loads(text)
    assert "${" not in text
    assert manifest["id"] == manifest["bots"][0]["botId"] == APP_ID
    assert manifest["validDomains"] == [DOMAIN]
    assert manifest["version"] == "2.10.0"


def test_report_names_what_stands_in_for_the_developer(out: Path) -> None:
    report = build_package(APP_ID, DOMAIN, out, developer_name="Contoso IT")
    assert report.placeholders == {
        "website_url": "https://babeldesk.example.com/",
        "privacy_url": "https://babeldesk.example.com/privacy",
        "terms_url": "https://babeldesk.example.com/terms",
    }
    assert json.loads(read(out)["manifest.json"])["developer"] == {
        "name": "Contoso IT",
        "websiteUrl": "https://babeldesk.example.com/",
        "privacyUrl": "https://babeldesk.example.com/privacy",
        "termsOfUseUrl": "https://babeldesk.example.com/terms",
    }


def test_nothing_stands_in_when_all_is_given(out: Path) -> None:
    report = build_package(
        APP_ID,
        DOMAIN,
        out,
        developer_name="Contoso IT",
        website_url="https://contoso.com",
        privacy_url="https://contoso.com/privacy?app=1",
        terms_url="https://contoso.com/terms",
    )
    assert report.placeholders == {}


def test_long_host_still_gives_a_developer_name(out: Path) -> None:
    host = "babeldesk.helpdesk.subsidiary.example.com"
    report = build_package(APP_ID, host, out)
    assert report.placeholders["developer_name"] == "babeldesk.helpdesk.subsidiary.ex"


def test_zip_holds_exactly_what_the_manifest_names(out: Path) -> None:
    report = build_package(APP_ID, DOMAIN, out)
    expected = ["manifest.json", "color.png", "outline.png", *(f"{tag}.json" for tag in LOCALES)]
    assert list(read(out)) == list(report.files) == expected
    assert report.path == out


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    packages = [tmp_path / "a.zip", tmp_path / "b.zip"]
    for package in packages:
        build_package(APP_ID, DOMAIN, package)
    assert packages[0].read_bytes() == packages[1].read_bytes()


def test_unpacked_files_are_readable(out: Path) -> None:
    build_package(APP_ID, DOMAIN, out)
    with zipfile.ZipFile(out) as package:
        modes = {stat.filemode(entry.external_attr >> 16)[1:] for entry in package.infolist()}
    assert modes == {"rw-r--r--"}


def test_bot_answers_everywhere_and_asks_for_nothing(out: Path) -> None:
    manifest = built_manifest(out)
    (bot,) = manifest["bots"]
    assert bot["scopes"] == ["personal", "team", "groupChat"]
    assert [lists["scopes"] for lists in bot["commandLists"]] == [[s] for s in bot["scopes"]]
    for lists in bot["commandLists"]:
        assert [command["title"] for command in lists["commands"]] == ["help", "language"]
    assert bot["isNotificationOnly"] is False
    assert bot["supportsFiles"] is False
    assert manifest["permissions"] == []
    assert "authorization" not in manifest
    assert "webApplicationInfo" not in manifest


def test_every_locale_is_reached_by_its_language(out: Path) -> None:
    report = build_package(APP_ID, DOMAIN, out)
    info = json.loads(read(out)["manifest.json"])["localizationInfo"]
    assert info["defaultLanguageTag"] == "en-us"
    assert len(set(report.languages)) == len(LOCALES)
    chosen = {}
    for locale in LOCALES:  # as Teams does: the exact region if there is one, else the language
        tag = locale.lower() if locale.lower() in report.languages else locale.split("-")[0]
        chosen[locale] = next(e for e in info["additionalLanguages"] if e["languageTag"] == tag)
    assert {locale: entry["file"] for locale, entry in chosen.items()} == {
        locale: f"{locale}.json" for locale in LOCALES
    }


@pytest.mark.parametrize("locale", LOCALES)
def test_localization_file(locale: str, out: Path) -> None:
    manifest = built_manifest(out)
    strings = json.loads(read(out)[f"{locale}.json"])
    assert schema_errors(strings, "MicrosoftTeams.Localization.schema.json") == []
    assert strings.pop("$schema").endswith("/v1.25/MicrosoftTeams.Localization.schema.json")
    assert set(strings) == {
        *LIMITS,
        *(
            f"bots[0].commandLists[{scope}].commands[{command}].description"
            for scope in range(3)
            for command in range(2)
        ),
    }
    assert strings["name.short"] == "Babeldesk"
    for key, text in strings.items():
        assert 0 < len(text) <= LIMITS.get(key, 128), key
        assert text == text.strip()
        if key != "name.short":
            assert text != looked_up(manifest, key), f"{key} is still English"
            assert re.search(f"[{SCRIPTS.get(locale, 'a-z')}]", text), key
    assert strings["description.full"].count("\n\n") == 2
    assert strings["description.full"].count("@Babeldesk") == 1


def test_no_two_locales_share_a_text(out: Path) -> None:
    build_package(APP_ID, DOMAIN, out)
    files = read(out)
    for key in ("name.full", "description.short", "description.full"):
        assert len({json.loads(files[f"{locale}.json"])[key] for locale in LOCALES}) == 36


def test_color_icon_is_a_full_square(out: Path) -> None:
    build_package(APP_ID, DOMAIN, out)
    with Image.open(io.BytesIO(read(out)["color.png"])) as icon:
        pixels = icon.convert("RGBA")
    assert pixels.size == (192, 192)
    assert pixels.getchannel("A").getextrema() == (255, 255)
    corners = {pixels.getpixel((x, y)) for x in (0, 191) for y in (0, 191)}
    assert corners == {(0x3D, 0x3A, 0x8C, 255)}


def test_accent_color_is_the_icons_background(out: Path) -> None:
    assert built_manifest(out)["accentColor"] == "#3D3A8C"


def test_outline_icon_is_white_on_nothing(out: Path) -> None:
    build_package(APP_ID, DOMAIN, out)
    with Image.open(io.BytesIO(read(out)["outline.png"])) as icon:
        assert icon.mode == "RGBA"
        red, green, blue, alpha = icon.split()
    assert icon.size == (32, 32)
    assert [band.getextrema() for band in (red, green, blue)] == [(255, 255)] * 3
    assert alpha.getextrema() == (0, 255)
    assert alpha.getpixel((0, 0)) == 0


def fails(out: Path, app_id: str = APP_ID, domain: str = DOMAIN, **details: Any) -> str:
    with pytest.raises(PackageError) as caught:
        build_package(app_id, domain, out, **details)
    assert not out.exists()
    return str(caught.value)


@pytest.mark.parametrize("app_id", ["", "babeldesk", APP_ID[:-1], f"{{{APP_ID}}}", f"{APP_ID}\n"])
def test_bad_app_id(app_id: str, out: Path) -> None:
    assert fails(out, app_id=app_id) == (
        f"App id {app_id!r} is not a GUID such as 01234567-89ab-cdef-0123-456789abcdef."
    )


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "localhost",
        "10.0.0.1",
        "https://bot.example.com",
        "bot.example.com/api/messages",
        "bot.example.com:3978",
        "bot..example.com",
        "-bot.example.com",
        "*.example.com",
        "bot.example.com.",
        "bücher.example",
        "a." * 126 + "example",
    ],
)
def test_bad_domain(domain: str, out: Path) -> None:
    assert fails(out, domain=domain) == (
        f"Domain {domain!r} is not a public host name such as bot.example.com"
        " (no https://, port or path)."
    )


def test_punycode_domain(out: Path) -> None:
    build_package(APP_ID, "xn--bcher-kva.xn--p1ai", out)
    manifest = json.loads(read(out)["manifest.json"])
    assert manifest["validDomains"] == ["xn--bcher-kva.xn--p1ai"]


@pytest.mark.parametrize("version", ["", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.0-beta", "v1.0.0"])
def test_bad_version(version: str, out: Path) -> None:
    expected = f"Version {version!r} is not three numbers such as 1.0.0."
    assert fails(out, version=version) == expected


@pytest.mark.parametrize(
    ("details", "sentence"),
    [
        ({"developer_name": " "}, "Developer name ' ' does not have 1 to 32 characters."),
        (
            {"developer_name": "x" * 33},
            f"Developer name '{'x' * 33}' does not have 1 to 32 characters.",
        ),
        (
            {"privacy_url": "http://contoso.com/privacy"},
            "Privacy address 'http://contoso.com/privacy' is not a full https:// address.",
        ),
        ({"terms_url": ""}, "Terms address '' is not a full https:// address."),
        (
            {"website_url": "https:// contoso.com"},
            "Website address 'https:// contoso.com' is not a full https:// address.",
        ),
    ],
)
def test_bad_developer(details: dict[str, str], sentence: str, out: Path) -> None:
    assert fails(out, **details) == sentence


def test_manifest_that_does_not_fit_the_schema(source: Path, out: Path) -> None:
    edit(source / "manifest.json", accentColor="violet")
    assert fails(out, source=source) == (
        "manifest.json does not fit the Teams schema:"
        " accentColor: 'violet' does not match '^#[0-9a-fA-F]{6}$'."
    )


def test_manifest_of_another_version(source: Path, out: Path) -> None:
    edit(source / "manifest.json", manifestVersion="1.24")
    assert fails(out, source=source) == (
        "manifest.json does not fit the Teams schema: manifestVersion: '1.25' was expected."
    )


def test_unknown_placeholder(source: Path, out: Path) -> None:
    edit(source / "manifest.json", id="${teams_app_id}")
    assert fails(out, source=source) == (
        "manifest.json holds an unknown placeholder: '${teams_app_id}'."
    )


def test_translation_that_is_too_long(source: Path, out: Path) -> None:
    edit(source / "fi-FI.json", **{"description.short": "x" * 81})
    assert fails(out, source=source) == (
        "fi-FI.json does not fit the Teams schema:"
        " description.short: 81 characters, where 80 are allowed."
    )


def test_translation_that_is_incomplete(source: Path, out: Path) -> None:
    path = source / "sv-SE.json"
    strings = json.loads(path.read_bytes())
    del strings["description.full"]
    path.write_text(json.dumps(strings), encoding="utf-8")
    assert fails(out, source=source) == (
        "sv-SE.json does not fit the Teams schema: 'description.full' is a required property."
    )


def test_translation_that_is_missing(source: Path, out: Path) -> None:
    (source / "th-TH.json").unlink()
    assert fails(out, source=source) == (
        f"Cannot read {source / 'th-TH.json'}: No such file or directory."
    )


def test_translation_that_is_not_json(source: Path, out: Path) -> None:
    (source / "el-GR.json").write_text("{", encoding="utf-8")
    assert fails(out, source=source).startswith(f"{source / 'el-GR.json'} is not valid JSON: ")


def test_icon_of_the_wrong_size(source: Path, out: Path) -> None:
    shutil.copy(source / "outline.png", source / "color.png")
    assert fails(out, source=source) == "Icon color.png is not a PNG image of 192 by 192 pixels."


def test_icon_of_another_format(source: Path, out: Path) -> None:
    Image.new("RGB", (32, 32)).save(source / "outline.png", format="GIF")
    assert fails(out, source=source) == "Icon outline.png is not a PNG image of 32 by 32 pixels."


def test_folder_that_does_not_exist(tmp_path: Path) -> None:
    out = tmp_path / "missing" / "app.zip"
    assert fails(out) == f"Cannot write {out}: No such file or directory."


def test_failed_build_leaves_the_old_package(source: Path, out: Path) -> None:
    build_package(APP_ID, DOMAIN, out)
    before = out.read_bytes()
    edit(source / "zh-TW.json", **{"name.short": "x" * 31})
    with pytest.raises(PackageError):
        build_package(APP_ID, DOMAIN, out, source=source)
    assert out.read_bytes() == before


def test_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    out = tmp_path / "app.zip"
    out.mkdir()
    with pytest.raises(PackageError) as caught:
        build_package(APP_ID, DOMAIN, out)
    assert str(caught.value) == f"Cannot write {out}: Is a directory."
    assert list(tmp_path.iterdir()) == [out]


def test_new_build_replaces_the_old_package(out: Path) -> None:
    build_package(APP_ID, DOMAIN, out, version="1.0.0")
    report = build_package(APP_ID, DOMAIN, out, version="1.0.1")
    assert isinstance(report, PackageReport)
    assert json.loads(read(out)["manifest.json"])["version"] == "1.0.1"
    assert list(out.parent.iterdir()) == [out]
