from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bot.phrases import _spoken, locales_of, small_talk
from bot.strings import strings_for, supported_locales
from index.evaluation import read_questions

QUESTIONS = Path(__file__).parent.parent / "index" / "training" / "held_out.jsonl"
TALKS = ("greeting", "thanks", "who", "bye")


@pytest.mark.parametrize(
    ("text", "kind", "locale"),
    [
        ("Hello!", "greeting", "en-US"),
        ("hiiii 👋", "greeting", "en-US"),
        ("  THANK   you!! ", "thanks", "en-US"),
        ("teşekkürler", "thanks", "tr-TR"),
        ("tesekkurler", "thanks", "tr-TR"),
        ("Günaydın :)", "greeting", "tr-TR"),
        ("Доброе утро!", "greeting", "ru-RU"),
        ("¿Quién eres?", "who", "es-ES"),
        ("こんにちは。", "greeting", "ja-JP"),
        ("สวัสดีครับ", "greeting", "th-TH"),
        ("תודה רבה", "thanks", "he-IL"),
        ("شكرا", "thanks", "ar-SA"),
        ("Auf Wiedersehen", "bye", "de-DE"),
    ],
)
def test_small_talk(text: str, kind: str, locale: str) -> None:
    (talk,) = small_talk(text)
    assert talk.kind == kind
    assert locale in talk.locales


@pytest.mark.parametrize(
    "text",
    ["", "👋", "hello my mailbox is full", "thanks to whom is VPN", "hi " * 100, "404", "vpn"],
)
def test_questions_are_no_small_talk(text: str) -> None:
    assert small_talk(text) == ()


@pytest.mark.parametrize("locale", supported_locales())
def test_every_phrase_of_a_locale_means_one_thing(locale: str) -> None:
    strings = strings_for(locale)
    phrases = [{_spoken(p) for p in strings.get(f"{kind}-words").split(",")} for kind in TALKS]
    assert all(phrases)
    count = Counter(phrase for own in phrases for phrase in own)
    assert [phrase for phrase, uses in count.items() if uses > 1 or not phrase] == []


def test_what_means_different_things_is_both() -> None:
    found = {talk.kind: talk.locales for talk in small_talk("Ciao!")}
    assert "it-IT" in found["greeting"]
    assert "de-DE" in found["bye"]


def test_no_real_question_is_taken_for_small_talk() -> None:
    assert [q.text for q in read_questions(QUESTIONS) if small_talk(q.text)] == []


def test_the_word_for_language_is_known_however_it_is_typed() -> None:
    assert locales_of("Språk!", "language-word") == locales_of("sprak", "language-word")
    assert "sv-SE" in locales_of("språk", "language-word")
    assert locales_of("sprachen lernen", "language-word") == ()
