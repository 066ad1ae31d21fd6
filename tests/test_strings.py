from __future__ import annotations

import logging
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast

import bot.strings
from bot.strings import Strings, is_rtl, strings_for, supported_locales

FOLDER = Path(bot.strings.__file__).with_name("strings")
LOCALES = [
    "ar-SA",
    "bg-BG",
    "cs-CZ",
    "da-DK",
    "de-DE",
    "el-GR",
    "en-US",
    "es-ES",
    "et-EE",
    "fi-FI",
    "fr-FR",
    "he-IL",
    "hr-HR",
    "hu-HU",
    "id-ID",
    "it-IT",
    "ja-JP",
    "ko-KR",
    "lt-LT",
    "lv-LV",
    "nb-NO",
    "nl-NL",
    "pl-PL",
    "pt-BR",
    "pt-PT",
    "ro-RO",
    "ru-RU",
    "sk-SK",
    "sl-SI",
    "sr-Latn-RS",
    "sv-SE",
    "th-TH",
    "tr-TR",
    "uk-UA",
    "vi-VN",
    "zh-CN",
    "zh-TW",
]
KEYS = {
    "notice-english-instead": set[str](),
    "source-link": set[str](),
    "updated": {"date"},
    "answered-in": {"language"},
    "welcome-title": set[str](),
    "welcome-body": set[str](),
    "none-title": set[str](),
    "none-body": set[str](),
    "suggest-title": set[str](),
    "note-NOTE": set[str](),
    "note-TIP": set[str](),
    "note-IMPORTANT": set[str](),
    "note-WARNING": set[str](),
    "note-CAUTION": set[str](),
    "vanished": set[str](),
    "error-turn": set[str](),
    "image-alt-missing": set[str](),
    "change-language": set[str](),
    "language-title": set[str](),
    "language-automatic": set[str](),
    "language-set": {"language"},
    "language-set-automatic": set[str](),
    "language-word": set[str](),
    "shown-in-english": set[str](),
    "show-in-english": set[str](),
    "show-in-language": {"language"},
    "none-nearest": set[str](),
    "talk-greeting": set[str](),
    "talk-thanks": set[str](),
    "talk-who": set[str](),
    "talk-bye": set[str](),
    "greeting-words": set[str](),
    "thanks-words": set[str](),
    "who-words": set[str](),
    "bye-words": set[str](),
    "english-words": set[str](),
    "first-words": set[str](),
    "second-words": set[str](),
    "third-words": set[str](),
    "show-all-steps": set[str](),
    "more-words": set[str](),
    "welcome-examples": set[str](),
    "helpful-question": set[str](),
    "helpful-yes": set[str](),
    "helpful-no": set[str](),
    "helpful-thanks": set[str](),
    "helpful-reason": set[str](),
    "send": set[str](),
    "ask-person": set[str](),
    "show-rest": set[str](),
    "part": {"part", "parts"},
    "section-notice": set[str](),
    "more-title": set[str](),
    "more-none": set[str](),
    "attachments-only": set[str](),
    "button-unknown": set[str](),
    "none-example": set[str](),
    "welcome-group": {"bot"},
    "follow-words": set[str](),
}
SAME_AS_ENGLISH = {
    ("cs-CZ", "note-TIP"),
    ("da-DK", "note-TIP"),
    ("da-DK", "send"),
    ("fr-FR", "image-alt-missing"),
    ("fr-FR", "note-IMPORTANT"),
    ("nb-NO", "send"),
    ("nl-NL", "note-TIP"),
    ("ro-RO", "note-IMPORTANT"),
    ("sk-SK", "note-TIP"),
}


def messages(locale: str) -> dict[str, ast.Message]:
    resource = FluentParser().parse((FOLDER / f"{locale}.ftl").read_text(encoding="utf-8"))
    for entry in resource.body:
        assert isinstance(entry, ast.Message), f"{locale}: {entry}"
    found = [entry for entry in resource.body if isinstance(entry, ast.Message)]
    assert len({entry.id.name for entry in found}) == len(found)
    return {entry.id.name: entry for entry in found}


def arguments(message: ast.Message) -> set[str]:
    assert message.value
    return {
        element.expression.id.name
        for element in message.value.elements
        if isinstance(element, ast.Placeable)
        if isinstance(element.expression, ast.VariableReference)
    }


def test_there_are_strings_for_every_locale() -> None:
    assert supported_locales() == tuple(LOCALES)


@pytest.mark.parametrize("locale", LOCALES)
def test_each_file_has_the_same_keys_and_arguments(locale: str) -> None:
    assert {key: arguments(message) for key, message in messages(locale).items()} == KEYS


def test_nothing_is_left_untranslated() -> None:
    english = strings_for("en-US")
    same = {
        (locale, key)
        for locale in LOCALES
        for key in KEYS
        if locale != "en-US"
        if strings_for(locale).get(key, date="1", language="x")
        == english.get(key, date="1", language="x")
    }
    assert same == SAME_AS_ENGLISH


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("tr-TR", "tr-TR"),
        ("tr_TR", "tr-TR"),
        ("TR", "tr-TR"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-PT"),
        ("pt-AO", "pt-PT"),
        ("zh", "zh-CN"),
        ("zh-Hant", "zh-TW"),
        ("zh-HK", "zh-TW"),
        ("zh-SG", "zh-CN"),
        ("no", "nb-NO"),
        ("iw", "he-IL"),
        ("sr", "sr-Latn-RS"),
        ("sr-Cyrl-RS", "sr-Latn-RS"),
        ("ar-EG", "ar-SA"),
        ("fr-CA", "fr-FR"),
        ("en-GB", "en-US"),
        ("ca-ES", "en-US"),  # speakers often read Spanish, but it isn't their language
        ("eu-ES", "en-US"),
        ("", "en-US"),
        ("no tag at all", "en-US"),
    ],
)
def test_a_tag_falls_back_to_its_language_then_to_english(asked: str, got: str) -> None:
    assert strings_for(asked).locale == got


def test_strings_are_read_once() -> None:
    assert strings_for("pt") is strings_for("pt-BR")


def test_right_to_left_locales() -> None:
    assert [locale for locale in LOCALES if strings_for(locale).rtl] == ["ar-SA", "he-IL"]
    assert is_rtl("fa-IR")  # of articles in a language that has no strings
    assert not is_rtl("sr-Latn-RS")
    assert not is_rtl("qq")


def test_dates_are_written_as_the_locale_does() -> None:
    assert strings_for("tr").date("2021-08-03") == "3 Ağu 2021"
    assert strings_for("zh-TW").date("2021-08-03T10:00:00Z") == "2021年8月3日"
    assert strings_for("en").date("last spring") == "last spring"


def test_arguments_are_filled_in() -> None:
    assert strings_for("de").get("updated", date="03.08.2021") == "Aktualisiert: 03.08.2021"


def test_only_right_to_left_text_isolates_its_arguments() -> None:
    assert strings_for("he").get("answered-in", language="X") == "שפת התשובה: \u2068X\u2069"


def test_languages_are_named_as_the_reader_names_them() -> None:
    assert strings_for("tr").language("en-US") == "İngilizce"
    assert strings_for("tr").language("tr-TR") == "Türkçe"
    assert strings_for("zh-CN").language("zh-CN") == "简体中文"
    assert strings_for("zh-CN").language("zh-TW") == "繁体中文"
    assert strings_for("en").language("sr-Latn-RS") == "Serbian"
    assert strings_for("en").language("qq") == "qq"


def test_a_missing_message_shows_the_english_one(caplog: pytest.LogCaptureFixture) -> None:
    turkish, english = strings_for("tr").bundles
    partial = Strings("et-EE", rtl=False, bundles=(type(turkish)(["et-EE"]), english))
    with caplog.at_level(logging.WARNING):
        assert partial.get("send") == "Send"
    assert caplog.messages == ["no string 'send' in et-EE"]


def test_an_unknown_key_shows_itself(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert strings_for("fr").get("no-such-key") == "no-such-key"
    assert caplog.messages == [
        "no string 'no-such-key' in fr-FR",
        "no string 'no-such-key' in en-US",
    ]


def test_a_missing_argument_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert strings_for("en").get("updated") == "Updated date"
    assert "Unknown external: date" in caplog.text
