from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from bot.answer import Answer
from bot.strings import strings_for
from corpus.article import Article
from tests.browser import cells, chromium, keep_picture, local_page, marked_lines, needs_chromium

pytestmark = [pytest.mark.slow, needs_chromium]

TURKISH = "Profil resmim SharePoint'te neden güncellenmiyor?"
ARABIC = "لماذا لا يتم تحديث صورة ملفي الشخصي؟"
FRENCH = "Pourquoi ma photo de profil n'est-elle pas mise à jour ?"
PICTURE = "sync-profile-picture"
EXAMPLES = {
    "en": ("en-US", "outlook-mailbox-full"),
    "tr": ("tr-TR", PICTURE),
    "ar": ("ar-SA", PICTURE),
    "zh": ("zh-CN", "reset-password"),
    "fr": ("en-US", PICTURE),
}

Starters = dict[tuple[str, str], Article]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, local_server: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The chat page, as wide as the test's parameter; it must leave this machine and its own
    console alone.
    """
    foreign: list[str] = []
    errors: list[str] = []

    def note(line: ConsoleMessage) -> None:
        if line.type in ("error", "warning"):
            errors.append(line.text)

    with local_page(browser, foreign, width=getattr(request, "param", 1280)) as page:
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", note)
        page.goto(local_server)
        yield page
    assert (foreign, errors) == ([], [])


def ask(page: Page, question: str) -> Locator:
    """The reply to a question that is typed in and sent with Enter."""
    replies = page.locator("article.theirs")
    before = replies.count()
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")
    expect(replies).to_have_count(before + 1)
    return replies.nth(before)


def title_of(reply: Locator) -> Locator:
    return reply.get_by_role("heading").first


def test_a_turkish_question_is_answered_with_the_turkish_steps(
    page: Page, starters: Starters
) -> None:
    article = starters["tr-TR", PICTURE]
    reply = ask(page, TURKISH)
    keep_picture(page, "page-turkish")
    expect(title_of(reply)).to_have_text(article.title)
    expect(reply).to_have_attribute("lang", "tr-TR")
    expect(reply).to_have_attribute("dir", "ltr")
    assert article.steps == 5
    assert cells(reply.locator(".columns")) == marked_lines(article)
    expect(page.get_by_label("Your question")).to_be_focused()


def test_an_arabic_answer_runs_from_right_to_left(page: Page, starters: Starters) -> None:
    article = starters["ar-SA", PICTURE]
    reply = ask(page, ARABIC)
    keep_picture(page, "page-arabic")
    expect(reply).to_have_attribute("dir", "rtl")
    expect(title_of(reply)).to_have_text(article.title)
    rows = reply.locator(".columns")
    assert cells(rows) == marked_lines(article)
    mark, text = rows.first.locator("> div").all()
    assert left_of(mark) > left_of(text)


def test_a_french_question_gets_the_english_steps_and_says_so(
    page: Page, starters: Starters
) -> None:
    article = starters["en-US", PICTURE]
    reply = ask(page, FRENCH)
    keep_picture(page, "page-french")
    expect(reply.locator(".boxed").first).to_have_text(
        strings_for("fr").get("notice-english-instead")
    )
    expect(title_of(reply)).to_have_text(article.title)
    expect(reply).to_have_attribute("lang", "en-US")
    assert cells(reply.locator(".columns")) == marked_lines(article)


def test_a_suggestion_opens_its_article(page: Page, suggesting: Answer, starters: Starters) -> None:
    reply = ask(page, suggesting.question)
    keep_picture(page, "page-suggestions")
    titles = [suggestion.title for suggestion in suggesting.suggestions]
    change = strings_for("tr-TR").get("change-language")
    expect(reply.get_by_role("button")).to_have_text([*titles, change])
    chosen = suggesting.suggestions[-1]
    reply.get_by_role("button", name=chosen.title).click()
    opened = page.locator("article.theirs").nth(1)
    expect(title_of(opened)).to_have_text(chosen.title)
    article = starters[chosen.locale, chosen.article_id]
    assert cells(opened.locator(".columns")) == marked_lines(article)


def test_the_language_can_be_changed_and_stays_changed(page: Page, starters: Starters) -> None:
    turkish = strings_for("tr-TR")
    ask(page, TURKISH).get_by_role("button", name=turkish.get("change-language")).click()
    picker = page.locator("article.theirs").nth(1)
    choice = picker.get_by_label(turkish.get("language-title"))
    expect(choice).to_have_value("auto")
    keep_picture(page, "page-languages")
    choice.select_option("العربية")
    picker.get_by_role("button").click()
    reply = page.locator("article.theirs").nth(2)
    expect(title_of(reply)).to_have_text(starters["ar-SA", PICTURE].title)
    expect(reply).to_have_attribute("dir", "rtl")
    expect(ask(page, TURKISH)).to_have_attribute("lang", "ar-SA")


def test_an_article_is_read_in_english_and_back(page: Page, starters: Starters) -> None:
    strings = strings_for("tr-TR")
    ask(page, TURKISH).get_by_role("button", name=strings.get("show-in-english")).click()
    english = page.locator("article.theirs").nth(1)
    expect(title_of(english)).to_have_text(starters["en-US", PICTURE].title)
    keep_picture(page, "page-in-english")
    back = strings.get("show-in-language", language=strings.language("tr-TR"))
    english.get_by_role("button", name=back).click()
    turkish = page.locator("article.theirs").nth(2)
    expect(title_of(turkish)).to_have_text(starters["tr-TR", PICTURE].title)


@pytest.mark.parametrize("language", EXAMPLES)
def test_every_example_is_answered(page: Page, starters: Starters, language: str) -> None:
    page.locator(f"#examples [lang={language}]").click()
    reply = page.locator("article.theirs")
    expect(reply).to_have_attribute("lang", EXAMPLES[language][0])
    expect(title_of(reply)).to_have_text(starters[EXAMPLES[language]].title)


def test_a_question_is_shown_as_it_was_typed(page: Page) -> None:
    question = "<img src=x onerror=alert(1)> **mikrofon** &amp;"
    ask(page, question)
    expect(page.locator(".mine")).to_have_text(question)
    expect(page.locator("img")).to_have_count(0)


@pytest.mark.parametrize("page", [360], indirect=True)
def test_a_phone_shows_an_answer_without_scrolling_sideways(page: Page) -> None:
    ask(page, TURKISH)
    keep_picture(page, "page-phone")
    assert page.evaluate("document.getElementById('log').scrollWidth") <= 360
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_by_day_and_by_night(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    keep_picture(page, f"page-{scheme}-empty")
    reply = ask(page, FRENCH)
    keep_picture(page, f"page-{scheme}")
    paper = luminance(reply, "backgroundColor")
    assert (paper < 0.1) == (scheme == "dark")
    for part in (title_of(reply), reply.locator(".subtle").first, reply.locator("a").first):
        assert contrast(luminance(part, "color"), paper) >= 4.5
    notice = reply.locator(".boxed").first
    assert contrast(luminance(notice, "color"), luminance(notice, "backgroundColor")) >= 4.5


def left_of(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["x"]


def luminance(element: Locator, colour: str) -> float:
    """The relative luminance of a computed colour, as WCAG 2 defines it."""
    text: str = element.evaluate("(element, name) => getComputedStyle(element)[name]", colour)
    parts = [int(part) / 255 for part in text.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: float, other: float) -> float:
    """The contrast ratio of two luminances; WCAG 2 asks for 4.5 at least."""
    dark, light = sorted((one, other))
    return (light + 0.05) / (dark + 0.05)
