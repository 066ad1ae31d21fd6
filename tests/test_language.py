from __future__ import annotations

import pytest

from bot.language import Detection, detect, resolve

SEEDS = ("ar-SA", "bg-BG", "el-GR", "en-US", "tr-TR", "zh-CN")
OTHERS = "de-DE fr-FR he-IL ja-JP ko-KR nb-NO pt-BR pt-PT ru-RU th-TH uk-UA zh-TW"
MANY = (*SEEDS, *OTHERS.split())


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("Profil resmimi nasıl değiştirebilirim?", "tr-TR"),
        ("Как мога да сменя профилната си снимка?", "bg-BG"),
        ("Как изменить фотографию профиля?", "ru-RU"),
        ("Як змінити світлину профілю?", "uk-UA"),
        ("كيف أغير صورة ملفي الشخصي؟", "ar-SA"),
        ("איך משנים תמונת פרופיל?", "he-IL"),
        ("Πώς αλλάζω τη φωτογραφία μου;", "el-GR"),
        ("จะเปลี่ยนรูปโปรไฟล์อย่างไร", "th-TH"),
        ("프로필 사진을 바꾸고 싶어요", "ko-KR"),
        ("プロフィール写真を変更したい", "ja-JP"),
        ("Teams 会议怎么录制 recording", "zh-CN"),
        ("如何變更個人資料圖片", "zh-TW"),
        ("Wie ändere ich mein Profilbild in SharePoint?", "de-DE"),
        ("Hvordan endrer jeg profilbildet mitt?", "nb-NO"),
        ("How do I change my profile picture?", "en-US"),
    ],
)
def test_languages(text: str, locale: str) -> None:
    assert detect(text, MANY).locale == locale


def test_the_same_text_is_always_read_alike() -> None:
    texts = ("sync photo", "outlook arama", "teams calendar", "posta kutusu dolu")
    once = [detect(text, MANY) for text in texts]
    assert all([detect(text, MANY) for text in texts] == once for _ in range(5))


def test_a_language_outside_the_index_keeps_its_name() -> None:
    question = "Pourquoi ma photo de profil n'est-elle pas mise à jour dans SharePoint ?"
    assert detect(question, SEEDS).locale == "fr"
    assert detect(question, MANY).locale == "fr-FR"


def test_two_words_are_not_taken_for_a_rare_language() -> None:
    assert detect("reset password", SEEDS).locale == "en-US"


def test_a_hint_decides_between_regions() -> None:
    question = "Como posso alterar a minha palavra-passe esquecida?"
    assert detect(question, MANY, "pt-PT").locale == "pt-PT"
    assert detect(question, MANY, "en-US").locale == "pt-BR"


@pytest.mark.parametrize(
    "text", ["", "  ", "404", "🙂🙂", "0x80070005", "https://example.com/a?b=c"]
)
def test_texts_that_say_nothing(text: str) -> None:
    assert detect(text, SEEDS, "tr-TR") == Detection("tr-TR", 0.3, "the client's locale")
    unknown = detect(text, SEEDS)
    assert (unknown.locale, unknown.confidence) == ("en-US", 0.0)


@pytest.mark.parametrize(
    "text", ["\u202e\u200f", "Traceback (most recent call last):\n  File", "a" * 100_000, "\0", "ﷺ"]
)
@pytest.mark.parametrize("hint", [None, "tr-TR", "not a tag", ""])
def test_odd_input_never_fails(text: str, hint: str | None) -> None:
    found = detect(text, SEEDS, hint)
    assert found.locale
    assert 0 <= found.confidence <= 1


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("tr-TR", "tr-TR"),
        ("tr", "tr-TR"),
        ("de-CH", "de-DE"),
        ("no", "nb-NO"),
        ("nn-NO", "nb-NO"),
        ("es-MX", "es"),
        ("nonsense tag", "en-US"),
    ],
)
def test_resolve(tag: str, locale: str) -> None:
    assert resolve(tag, MANY) == locale


@pytest.mark.parametrize(
    ("text", "hint", "locale"),
    [
        ("yazıcı", "tr-TR", "tr-TR"),
        ("photo de profil", "fr-FR", "fr"),
        ("Ho dimenticato la password", "it-IT", "it"),
        ("Parolamı unuttum", "en-US", "tr-TR"),
        ("Outlook dolu", "en-US", "tr-TR"),
        ("Забравих паролата си", "de-DE", "bg-BG"),
    ],
)
def test_the_clients_locale_helps_where_the_text_says_little(
    text: str, hint: str, locale: str
) -> None:
    assert detect(text, SEEDS, hint).locale == locale
