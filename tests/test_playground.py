"""The bot in Microsoft's Agents Playground, a Teams-like client.

Its licence is for evaluation: `make client` installs it by name, nothing of it is kept here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.answer import Answer
from bot.strings import strings_for
from corpus.article import Article
from tests.browser import cells, chromium, keep_picture, local_page, marked_lines, needs_chromium
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

TURKISH = "Profil resmim neden güncellenmiyor?"
ARABIC = "لماذا لا يتم تحديث صورة ملفي الشخصي؟"
FRENCH = "Pourquoi ma photo de profil n'est-elle pas mise à jour ?"
PICTURE = "sync-profile-picture"

Starters = dict[tuple[str, str], Article]


@pytest.fixture(scope="module")
def playground(local_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a client that talks to the bot."""
    assert NODE
    command = [NODE, str(CLIENT), "start", "-e", f"{local_server}/api/messages"]
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
    """The column sets, which the client renders without a name of their own."""
    return card.locator("div:has(> .ac-vertical-separator)")


def heading(card: Locator) -> Locator:
    return card.get_by_role("heading").first


def test_the_bot_welcomes_whoever_installs_it(chat: Page) -> None:
    card = cards(chat).first
    strings = strings_for("en-US")
    expect(heading(card)).to_have_text(strings.get("welcome-title"))
    expect(card).to_contain_text(strings.get("welcome-body"))
    keep_picture(chat, "playground-welcome")


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
    keep_picture(chat, "playground-suggestions")
    before = cards(chat).count()
    chosen = suggesting.suggestions[-1]
    card.get_by_role("button", name=chosen.title).click()
    opened = card_number(chat, before)
    expect(heading(opened)).to_have_text(chosen.title)
    assert cells(rows(opened)) == marked_lines(starters[chosen.locale, chosen.article_id])
    keep_picture(chat, "playground-opened")
