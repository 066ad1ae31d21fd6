from __future__ import annotations

from pathlib import Path

import pytest

from bot.answer import MAX_QUESTION, Answer, Answerer, Asker
from corpus.article import Article
from index.build import build
from index.embedding import Embedder
from index.search import Searcher

SEEDS = Path(__file__).parents[2] / "shared" / "seeds"


@pytest.fixture(scope="module")
def answerer(starter_index: Path) -> Answerer:
    searcher = Searcher(starter_index)
    return Answerer(lambda: searcher)


def shown(answer: Answer) -> tuple[str, str]:
    assert answer.article is not None
    return answer.article.id, answer.article.locale


@pytest.mark.parametrize(
    ("question", "locale", "article"),
    [
        ("Outlook posta kutum doldu, ne yapmalıyım?", "tr-TR", "outlook-mailbox-full"),
        ("كيف أتصل بشبكة VPN؟", "ar-SA", "connect-to-vpn"),
        ("Забравих паролата си", "bg-BG", "reset-password"),
        ("Teams 里麦克风没有声音", "zh-CN", "teams-microphone-not-working"),
        ("Συγχρονισμός εικόνας προφίλ στο SharePoint", "el-GR", "sync-profile-picture"),
        ("OneDrive sync is stuck", "en-US", "onedrive-sync-stuck"),
    ],
)
def test_answers_in_the_language_of_the_question(
    answerer: Answerer,
    starters: dict[tuple[str, str], Article],
    question: str,
    locale: str,
    article: str,
) -> None:
    answer = answerer.answer(question)
    assert (answer.outcome, answer.language, answer.in_english_instead) == ("answer", locale, False)
    assert answer.article == starters[locale, article]
    assert answer.hits[0].article_id == article


def test_a_missing_language_gets_english_and_is_flagged(answerer: Answerer) -> None:
    answer = answerer.answer("Comment se connecter au VPN de l'entreprise depuis la maison ?")
    assert (answer.outcome, answer.language, answer.in_english_instead) == ("answer", "fr", True)
    assert shown(answer) == ("connect-to-vpn", "en-US")


def test_a_wish_goes_before_the_text(answerer: Answerer) -> None:
    answer = answerer.answer("OneDrive sync is stuck", Asker(chosen="tr"))
    assert answer.language == "tr-TR"
    assert shown(answer) == ("onedrive-sync-stuck", "tr-TR")


def test_what_no_article_answers(answerer: Answerer) -> None:
    answer = answerer.answer("what is the best way to cook a steak")
    assert (answer.outcome, answer.article) == ("none", None)
    nearest = [(hit.article_id, hit.locale) for hit in answer.hits[:3]]
    assert [(s.article_id, s.locale) for s in answer.suggestions] == nearest


@pytest.mark.parametrize(
    ("text", "asker", "kind", "language"),
    [
        ("Merhaba!", Asker(client="en-US"), "greeting", "tr-TR"),
        ("çok teşekkür ederim", Asker(), "thanks", "tr-TR"),
        ("谢谢", Asker(client="en-US"), "thanks", "zh-CN"),
        ("ποιος είσαι;", Asker(), "who", "el-GR"),
        ("au revoir", Asker(), "bye", "fr"),
        ("hello", Asker(client="tr-TR"), "greeting", "tr-TR"),
        ("hello", Asker(history=("bg-BG",), client="tr-TR"), "greeting", "bg-BG"),
        ("hello", Asker(), "greeting", "en-US"),
        ("hola", Asker(history=("bg-BG",), client="tr-TR"), "greeting", "es"),
        ("hola", Asker(chosen="tr-TR"), "greeting", "tr-TR"),
        ("ciao", Asker(client="de-DE"), "bye", "de"),
        ("ciao", Asker(client="it-IT"), "greeting", "it"),
    ],
)
def test_small_talk_is_not_searched(
    answerer: Answerer, text: str, asker: Asker, kind: str, language: str
) -> None:
    answer = answerer.answer(text, asker)
    assert (answer.talk, answer.language) == (kind, language)
    assert (answer.outcome, answer.hits, answer.suggestions) == ("none", (), ())


def test_an_article_knows_the_readers_other_language(answerer: Answerer) -> None:
    turkish = answerer.answer("VPN bağlanmıyor")
    assert (shown(turkish), turkish.also_in) == (("connect-to-vpn", "tr-TR"), "en-US")
    in_english = answerer.open_article("connect-to-vpn", "en-US", "tr-TR")
    assert in_english is not None
    assert (shown(in_english), in_english.also_in) == (("connect-to-vpn", "en-US"), "tr-TR")
    assert (in_english.language, in_english.in_english_instead) == ("tr-TR", False)
    french = answerer.open_article("connect-to-vpn", "en-US", "fr-FR")
    assert french is not None
    assert (french.also_in, french.in_english_instead) == (None, True)
    english = answerer.answer("the vpn does not connect")
    assert (english.language, english.also_in) == ("en-US", None)


def test_suggestions_have_titles_in_the_askers_language(
    suggesting: Answer, starters: dict[tuple[str, str], Article]
) -> None:
    assert suggesting.article is None
    assert 1 <= len(suggesting.suggestions) <= 3
    for suggestion in suggesting.suggestions:
        assert suggestion.title == starters[suggestion.locale, suggestion.article_id].title
        assert suggestion.locale == "tr-TR"


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_no_question(answerer: Answerer, text: str) -> None:
    answer = answerer.answer(text, Asker(client="tr-TR"))
    assert (answer.question, answer.outcome, answer.language) == ("", "none", "tr-TR")
    assert answer.hits == ()


def test_long_questions_are_cut(answerer: Answerer) -> None:
    assert len(answerer.answer("vpn " * 50_000).question) == MAX_QUESTION


def test_opening_an_article(answerer: Answerer) -> None:
    opened = answerer.open_article("reset-password", "el-GR")
    assert opened is not None
    assert (shown(opened), opened.in_english_instead) == (("reset-password", "el-GR"), False)
    instead = answerer.open_article("reset-password", "fr-FR")
    assert instead is not None
    assert (shown(instead), instead.in_english_instead) == (("reset-password", "en-US"), True)
    assert answerer.open_article("no-such", "el-GR") is None


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed documents are not beside the project")
@pytest.mark.parametrize(
    ("question", "language", "locale", "first_step"),
    [
        ("Profil resmim SharePoint'te neden güncellenmiyor?", "tr-TR", "tr-TR", "Bir özel inç"),
        ("Защо новата ми профилна снимка не се показва?", "bg-BG", "bg-BG", "Отворете уеб"),
        ("我的个人资料照片为什么没有更新？", "zh-CN", "zh-CN", "在内部专用"),
        ("Γιατί δεν ενημερώνεται η φωτογραφία προφίλ μου;", "el-GR", "el-GR", "Ανοίξτε ένα"),
        ("لماذا لا تظهر صورتي الجديدة في SharePoint؟", "ar-SA", "ar-SA", "افتح مستعرض"),
        ("why is my SharePoint photo still the old one?", "en-US", "en-US", "Open a web browser"),
        (
            "Pourquoi ma photo de profil n'est-elle pas à jour dans SharePoint ?",
            "fr",
            "en-US",
            "Open a web browser",
        ),
    ],
)
def test_the_seeds_in_the_askers_own_words(
    tmp_path_factory: pytest.TempPathFactory,
    question: str,
    language: str,
    locale: str,
    first_step: str,
) -> None:
    searcher = Searcher(_seed_index(tmp_path_factory))
    answer = Answerer(lambda: searcher).answer(question)
    assert (answer.outcome, answer.language) == ("answer", language)
    assert shown(answer) == ("cd7196af-3ed9-42e6-b594-f51ad265fd63", locale)
    assert answer.in_english_instead == (language == "fr")
    assert answer.article is not None
    steps = [block.text for block in answer.article.blocks if block.kind == "step"]
    assert len(steps) == 2
    assert steps[0].startswith(first_step)


def _seed_index(factory: pytest.TempPathFactory) -> Path:
    folder = factory.getbasetemp() / "seed-index"
    if not folder.exists():
        build([SEEDS], folder, Embedder())
    return folder
