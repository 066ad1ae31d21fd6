"""The bot in Microsoft's Agents Playground, a Teams-like client.

Its licence is for evaluation: `make client` installs it by name, nothing of it is kept here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.answer import Answer
from bot.strings import strings_for
from corpus.article import Article
from index.build import build
from index.embedding import Embedder
from tests.browser import cells, chromium, keep_picture, local_page, marked_lines, needs_chromium
from tests.conftest import PROJECT, copy_starters
from tests.corpora import write_long_article
from tests.processes import running

CLIENT = (
    Path(__file__).parent.parent
    / ".cache/playground/node_modules/@microsoft/m365agentsplayground/cli.js"
)
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.slow,
    needs_chromium,
    pytest.mark.skipif(NODE is None, reason="node is not installed"),
    pytest.mark.skipif(
        not CLIENT.exists(), reason="the Agents Playground is not installed: run make client"
    ),
]

TURKISH = "Profil resmim SharePoint'te neden güncellenmiyor?"
ARABIC = "لماذا لا يتم تحديث صورة ملفي الشخصي؟"
FRENCH = "Pourquoi ma photo de profil n'est-elle pas mise à jour ?"
PICTURE = "sync-profile-picture"
HELP_DESK = "https://help.example.com/ask"

Starters = dict[tuple[str, str], Article]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[str]:
    """The address of a bot that answers from the starter articles and a long one, and knows a
    help desk.
    """
    folder = tmp_path_factory.mktemp("playground-index")
    articles = write_long_article(folder / "articles")
    huge = "\n".join(f"1. Check valve {step}. {'Read its gauge. ' * 25}" for step in range(1, 151))
    (articles / "en-US" / "boiler.md").write_text(f"# Inspect the boiler\n\n{huge}\n")
    build([copy_starters(folder / "starters"), articles], folder / "index", embedder)
    command = [sys.executable, "-m", "bot", "serve", "--local", "--port", "0"]
    command += ["--index", str(folder / "index")]
    environment = {**os.environ, "BABELDESK_HELP_DESK": HELP_DESK}
    with running(command, r"http://127\.0\.0\.1:\d+", PROJECT, environment) as (_, match):
        yield match.group()


@pytest.fixture(scope="module")
def playground(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a client that talks to the bot."""
    assert NODE
    command = [NODE, str(CLIENT), "start", "-e", f"{server}/api/messages"]
    # Where the port is taken it says which other one it took.
    command += ["-c", "msteams", "-p", "56150", "--dt", "--er"]
    work = tmp_path_factory.mktemp("playground")
    with running(command, r"Listening on (\d+)", work) as (_, match):
        yield f"http://127.0.0.1:{match[1]}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def chat(playground: str, browser: Browser) -> Iterator[Page]:
    """A personal chat in which the bot has just been installed; all tests go on in it."""
    # It looks for its fonts on the internet, and does without.
    with local_page(browser, foreign=[]) as page:
        page.goto(playground, wait_until="domcontentloaded")
        expect(page.get_by_text("Connected.")).to_be_visible()
        expect(cards(page)).to_have_count(1)
        yield page


def cards(chat: Page) -> Locator:
    return chat.locator(".ac-adaptiveCard")


def ask(chat: Page, question: str) -> Locator:
    """The card that comes back."""
    before = cards(chat).count()
    box = chat.locator("[contenteditable=true]").first
    box.click()
    chat.keyboard.insert_text(question)
    box.press("Enter")
    return card_number(chat, before)


def card_number(chat: Page, number: int) -> Locator:
    """The card with this number, counted from 0, when it is there and is the last one."""
    expect(cards(chat)).to_have_count(number + 1)
    return cards(chat).nth(number)


def rows(card: Locator) -> Locator:
    """The column sets of steps, which the client renders without a name of their own."""
    return card.locator("div:has(> .ac-vertical-separator)").filter(has_not_text="👍")


def heading(card: Locator) -> Locator:
    return card.get_by_role("heading").first


def test_the_bot_welcomes_whoever_installs_it(chat: Page) -> None:
    card = cards(chat).first
    strings = strings_for("en-US")
    expect(heading(card)).to_have_text(strings.get("welcome-title"))
    expect(card).to_contain_text(strings.get("welcome-body"))
    expect(chat.get_by_text(strings.get("welcome-examples"), exact=True).first).to_be_visible()
    keep_picture(chat, "playground-welcome")


def test_an_example_is_asked_with_one_click(chat: Page, starters: Starters) -> None:
    titles = [a.title for (locale, _), a in starters.items() if locale == "en-US"]
    examples = [t for t in titles if chat.get_by_role("button", name=t, exact=True).count()]
    assert len(examples) == 3
    before = cards(chat).count()
    chat.get_by_role("button", name=examples[0], exact=True).click()
    expect(heading(card_number(chat, before))).to_have_text(examples[0])


def test_a_turkish_question_comes_back_as_a_card_with_turkish_steps(
    chat: Page, starters: Starters
) -> None:
    article = starters["tr-TR", PICTURE]
    card = ask(chat, TURKISH)
    expect(heading(card)).to_have_text(article.title)
    assert cells(rows(card)) == marked_lines(article)
    keep_picture(chat, "playground-turkish")


def test_a_card_is_read_in_english_and_back_in_its_place(chat: Page, starters: Starters) -> None:
    turkish, english = starters["tr-TR", PICTURE], starters["en-US", PICTURE]
    strings = strings_for("tr-TR")
    card = ask(chat, TURKISH)
    count = cards(chat).count()
    card.get_by_role("button", name=strings.get("show-in-english")).click()
    card = cards(chat).nth(count - 1)
    expect(heading(card)).to_have_text(english.title)
    assert cells(rows(card)) == marked_lines(english)
    keep_picture(chat, "playground-in-english")
    back = strings.get("show-in-language", language=strings.language("tr-TR"))
    card.get_by_role("button", name=back).click()
    expect(heading(cards(chat).nth(count - 1))).to_have_text(turkish.title)
    expect(cards(chat)).to_have_count(count)


def test_an_arabic_card_runs_from_right_to_left(chat: Page, starters: Starters) -> None:
    article = starters["ar-SA", PICTURE]
    card = ask(chat, ARABIC)
    expect(card).to_have_attribute("dir", "rtl")
    expect(heading(card)).to_have_text(article.title)
    assert cells(rows(card)) == marked_lines(article)
    keep_picture(chat, "playground-arabic")


def test_a_french_question_gets_a_notice_and_the_english_steps(
    chat: Page, starters: Starters
) -> None:
    article = starters["en-US", PICTURE]
    card = ask(chat, FRENCH)
    expect(heading(card)).to_have_text(article.title)
    expect(card).to_contain_text(strings_for("fr").get("notice-english-instead"))
    assert cells(rows(card)) == marked_lines(article)
    keep_picture(chat, "playground-french")


def test_a_suggestion_opens_its_article(chat: Page, suggesting: Answer, starters: Starters) -> None:
    card = ask(chat, suggesting.question)
    titles = [suggestion.title for suggestion in suggesting.suggestions]
    change = strings_for("tr-TR").get("change-language")
    expect(card.get_by_role("button")).to_have_text([*titles, change])
    expect(card.get_by_role("link")).to_have_text([strings_for("tr-TR").get("ask-person")])
    keep_picture(chat, "playground-suggestions")
    before = cards(chat).count()
    chosen = suggesting.suggestions[-1]
    card.get_by_role("button", name=chosen.title).click()
    opened = card_number(chat, before)
    expect(heading(opened)).to_have_text(chosen.title)
    assert cells(rows(opened)) == marked_lines(starters[chosen.locale, chosen.article_id])
    keep_picture(chat, "playground-opened")


def test_a_thumb_up_is_thanked_for_on_the_card(chat: Page) -> None:
    strings = strings_for("tr-TR")
    card = ask(chat, TURKISH)
    count = cards(chat).count()
    expect(card).to_contain_text(strings.get("helpful-question"))
    card.get_by_role("button", name=strings.get("helpful-yes")).click()
    card = cards(chat).nth(count - 1)
    expect(card).to_contain_text(strings.get("helpful-thanks"))
    expect(card).not_to_contain_text("👍")
    keep_picture(chat, "playground-helped")
    expect(cards(chat)).to_have_count(count)


def test_a_thumb_down_asks_why(chat: Page) -> None:
    strings = strings_for("ar-SA")
    card = ask(chat, ARABIC)
    count = cards(chat).count()
    card.get_by_role("button", name=strings.get("helpful-no")).click()
    card = cards(chat).nth(count - 1)
    card.get_by_label(strings.get("helpful-reason")).fill("لا توجد خطوات لنظام Mac")
    keep_picture(chat, "playground-reason")
    card.get_by_role("button", name=strings.get("send"), exact=True).click()
    expect(cards(chat).nth(count - 1)).to_contain_text(strings.get("helpful-thanks"))
    expect(cards(chat)).to_have_count(count)


def test_a_long_article_shows_a_section_then_all_of_it(chat: Page) -> None:
    strings = strings_for("en-US")
    card = ask(chat, "I lost my badge, how do I replace it?")
    count = cards(chat).count()
    expect(card).to_contain_text(strings.get("section-notice"))
    expect(card).to_contain_text("Report the lost badge to security")
    expect(card).not_to_contain_text("Register visitors")
    keep_picture(chat, "playground-section")
    card.get_by_role("button", name=strings.get("show-all-steps")).click()
    card = cards(chat).nth(count - 1)
    expect(card).to_contain_text("Register visitors")
    assert len(cells(rows(card))) == 21
    keep_picture(chat, "playground-all-steps")
    expect(cards(chat)).to_have_count(count)


def test_an_article_too_big_for_a_card_goes_on_in_the_next(chat: Page) -> None:
    strings = strings_for("en-US")
    shown = [ask(chat, "How do I inspect the boiler?")]
    while (following := shown[-1].get_by_role("button", name=strings.get("show-rest"))).count():
        before = cards(chat).count()
        following.click()
        shown.append(card_number(chat, before))
    assert len(shown) > 1
    numbers = [mark for card in shown for mark, _ in cells(rows(card))]
    assert numbers == [f"{number}." for number in range(1, 151)]
    keep_picture(chat, "playground-last-part")


def test_where_nothing_fits_there_is_an_example_and_a_person_to_ask(chat: Page) -> None:
    strings = strings_for("en-US")
    card = ask(chat, "zxcv qwrt bnmp")
    expect(heading(card)).to_have_text(strings.get("none-title"))
    expect(card).to_contain_text(strings.get("none-example"))
    expect(card.get_by_role("link")).to_have_attribute("title", HELP_DESK)
    keep_picture(chat, "playground-none")


def test_small_talk_gets_a_short_reply(chat: Page) -> None:
    card = ask(chat, "teşekkürler")
    expect(card).to_have_text(strings_for("tr-TR").get("talk-thanks"))


def test_a_language_is_chosen_and_undone(chat: Page, starters: Starters) -> None:
    turkish, arabic = strings_for("tr-TR"), strings_for("ar-SA")
    before = cards(chat).count() + 1
    ask(chat, TURKISH).get_by_role("button", name=turkish.get("change-language")).click()
    picker = card_number(chat, before)
    expect(picker.get_by_role("combobox")).to_have_value(turkish.get("language-automatic"))
    keep_picture(chat, "playground-languages")
    choose(picker, "العربية")
    picker.get_by_role("button", name=turkish.get("change-language")).click()
    shown = card_number(chat, before + 1)
    expect(shown).to_contain_text(arabic.get("language-set", language="العربية"))
    expect(shown).to_contain_text(starters["ar-SA", PICTURE].title)
    before = cards(chat).count() + 1
    picker = ask(chat, "/language")
    choose(picker, arabic.get("language-automatic"))
    picker.get_by_role("button", name=arabic.get("change-language")).click()
    shown = card_number(chat, before)
    # The question is answered again, and that was a Turkish one.
    expect(shown).to_contain_text(turkish.get("language-set-automatic"))
    expect(shown).to_contain_text(starters["tr-TR", PICTURE].title)


def choose(picker: Locator, name: str) -> None:
    """Pick from the list of languages."""
    picker.get_by_role("combobox").click()
    picker.page.get_by_role("option", name=name).click()


def test_in_a_channel_only_a_mention_is_answered_in_its_thread(
    playground: str, browser: Browser, starters: Starters
) -> None:
    with local_page(browser, foreign=[]) as page:
        page.goto(playground, wait_until="domcontentloaded")
        expect(page.get_by_text("Connected.")).to_be_visible()
        page.get_by_text("General", exact=True).first.click()
        expect(page.get_by_role("button", name="Post")).to_be_visible()
        answers = cards(page).filter(has_text=starters["tr-TR", PICTURE].title)
        post(page, TURKISH)
        # On a busy machine the client at times sends what stands there before it is a mention.
        for _ in range(3):
            post(page, TURKISH, mention="Test Bot")
            with contextlib.suppress(AssertionError):
                expect(answers).to_have_count(1, timeout=10_000)
                break
        expect(answers).to_have_count(1)
        keep_picture(page, "playground-channel")


def post(page: Page, text: str, mention: str | None = None) -> None:
    """Begin a thread."""
    before = page.get_by_text(text).count()
    box = page.locator("[contenteditable=true]").first
    box.click()
    if mention:
        page.keyboard.type("@")
        page.get_by_role("menuitem", name=mention).click()
        expect(page.get_by_role("menuitem", name=mention)).to_have_count(0)
        expect(box).to_contain_text(mention)
    page.keyboard.insert_text(f" {text}")
    expect(box).to_contain_text(text)
    page.get_by_role("button", name="Post").click()
    expect(box).not_to_contain_text(text)
    expect(page.get_by_text(text).nth(before)).to_be_visible()
