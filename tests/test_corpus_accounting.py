"""Nothing of real articles is lost: each is read by other means, and both are compared."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from corpus.article import Article
from corpus.inline import plain
from corpus.parallel import read_all
from corpus.reader import Reading, corpus_files, read_corpus

SHARED = Path(__file__).parent.parent.parent / "shared"
CORPUS = SHARED / "corpus"
SEEDS = SHARED / "seeds"
LOCALES = sorted(path.name.removesuffix(".tar.xz") for path in CORPUS.glob("*.tar.xz"))
FAST = ["tr-TR", "zh-TW"]
# Its front matter was translated, and is no YAML any more.
TRANSLATED_FRONT_MATTER = "troubleshoot-presence-issues-outlook"

real_articles = pytest.mark.skipif(not LOCALES, reason="needs ../shared/corpus (real articles)")
real_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="needs ../shared/seeds (real articles)")

Sentence = tuple[str, str, str]


def unpacked(folder: Path, *locales: str) -> Path:
    subprocess.run([CORPUS / "unpack", folder, *locales], check=True)  # noqa: S603 - our own
    return folder


@pytest.fixture(scope="module")
def two_locales(tmp_path_factory: pytest.TempPathFactory) -> list[Reading]:
    folder = unpacked(tmp_path_factory.mktemp("corpus"), *FAST)
    return list(read_all(list(corpus_files([folder]))))


# Sentence pairs.


def sentences(text: str) -> Iterator[Sentence]:
    """Every pair of spans (id, target, source), found by cutting strings."""
    for piece in text.split('<span data-ttu-id="')[1:]:
        target_id, _, rest = piece.partition('">')
        target, _, rest = rest.partition('</span><span class="sxs-lookup"><span data-stu-id="')
        source_id, _, rest = rest.partition('">')
        source, end, _ = rest.partition("</span></span>")
        assert end
        assert source_id == target_id
        yield source_id, target, source


def sentences_of(article: Article) -> list[Sentence]:
    return [
        (segment.id, segment.text, segment.source or "")
        for segment in article.segments
        if not re.fullmatch(r"t\d+", segment.id)
    ]


def letters(markdown: str) -> str:
    """The letters and digits of inline Markdown without the addresses of its links."""
    return re.sub(r"\]\([^()]*(?:\([^()]*\)[^()]*)*\)|\W", "", markdown)


def agree(read: str, written: str) -> bool:
    """Whether a segment says what stands in the file; links around it and in it may differ."""
    written = written.strip()
    return written in read or letters(read) == letters(written)


def accounted(reading: Reading) -> tuple[int, list[str]]:
    """How many sentences a file has, and what is wrong with how they were read."""
    text = reading.source.path.read_text(encoding="utf-8-sig")
    assert reading.article, reading.problems
    expected = list(sentences(text))
    assert len(expected) == text.count("data-stu-id=")
    if reading.article.id == TRANSLATED_FRONT_MATTER:
        lost = len(list(sentences(text.split("\n---\n")[0])))
        assert f"{lost} sentence pairs in it are left out" in reading.problems[0].message
        assert lost == 3
        expected = expected[lost:]
    elif not reading.source.is_fragment:  # a fragment has no title
        assert reading.problems == ()
    found = sentences_of(reading.article)
    wrong = [] if [s[0] for s in found] == [s[0] for s in expected] else ["ids"]
    for (_, target, source), (name, text_read, source_read) in zip(expected, found, strict=False):
        if not agree(text_read, target) or not agree(source_read, source):
            wrong.append(f"{name}: {text_read!r} is not {target!r} / {source_read!r}, {source!r}")
    return len(expected), [f"{reading.source.path.name} {what}" for what in wrong]


@real_articles
def test_every_sentence_of_two_locales_is_read(two_locales: list[Reading]) -> None:
    results = [accounted(reading) for reading in two_locales]
    assert [what for _, wrong in results for what in wrong] == []
    assert sum(count for count, _ in results) > 50_000


@real_articles
@pytest.mark.slow
def test_every_sentence_of_all_locales_is_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = unpacked(tmp_path_factory.mktemp("corpus"))
    total = 0
    wrong: list[str] = []
    locales: Counter[str] = Counter()
    for reading in read_all(list(corpus_files([folder]))):
        count, problems = accounted(reading)
        total += count
        wrong += problems
        locales[reading.article.locale if reading.article else ""] += 1
    assert wrong == []
    assert sorted(locales) == LOCALES
    assert total > 950_000


# What a page shows.


class PageText(HTMLParser):
    """The text of a rendered page, with the alternative texts of its images."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.parts.append(dict(attrs).get("alt") or "")
        elif tag not in ("a", "code", "em", "span", "strong"):
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.handle_starttag(tag, [])


def page_words(text: str) -> Counter[str]:
    """The words of the page that a file makes, its sentences reduced to their targets."""
    body = text.split("\n---\n", 1)[-1]
    for name, target, source in sentences(body):
        ours = f'<span data-ttu-id="{name}">{target}</span>'
        theirs = f'<span class="sxs-lookup"><span data-stu-id="{name}">{source}</span></span>'
        body = body.replace(ours + theirs, target, 1)
    body = re.sub(
        r"\[!\s*(NOTE|TIP|IMPORTANT|WARNING|CAUTION|VIDEO)\b", "", body, flags=re.IGNORECASE
    )
    page = PageText()
    page.feed(MarkdownIt("commonmark").enable("table").render(body))
    page.close()
    return Counter(re.findall(r"\w+", "".join(page.parts)))


def lost_words(text: str, article: Article) -> list[str]:
    """The words of a file's page that are not in its article, or fewer times."""
    shown = " ".join(b.text if b.kind == "code" else plain(b.text) for b in article.blocks)
    lost = page_words(text) - Counter(re.findall(r"\w+", shown))
    # On a page an icon's alternative text may stand close to the words beside it.
    close = "".join(shown.split())
    return [word for word in lost if word not in close]


@real_articles
def test_every_word_of_a_page_is_read(two_locales: list[Reading]) -> None:
    lost: dict[str, list[str]] = {}
    for reading in two_locales:
        text = reading.source.path.read_text(encoding="utf-8-sig")
        if reading.article and (words := lost_words(text, reading.article)):
            lost[str(reading.source.path)] = words
    assert lost == {}


# The seeds.

STEPS = {
    "ar-SA": (
        "افتح مستعرض ويب في جلسة خاصة في أو التخفي و الانتقال إلى Office.com.",
        "تسجيل الدخول باستخدام حساب العمل أو المدرسة الخاصة بهم، وانقر فوق تجانب SharePoint أو"
        " أندريف.",
    ),
    "bg-BG": (
        "Отворете уеб браузър в-частни или инкогнито сесия и отидете в Office.com.",
        "Влезте с тяхната работа или училище сметка и щракнете върху OneDrive или SharePoint"
        " плочки.",
    ),
    "zh-CN": (
        "在内部专用或 Incognito 会话中打开 web 浏览器, 然后转到 Office.com。",
        '使用其工作或学校帐户登录, 然后单击 "OneDrive" 或 "SharePoint" 磁贴。',
    ),
    "el-GR": (
        "Ανοίξτε ένα πρόγραμμα περιήγησης web σε μια περίοδο λειτουργίας σε ιδιωτικά ή Incognito"
        " και μεταβείτε στο Office.com.",
        "Συνδεθείτε με λογαριασμό εργασίας ή σχολείου και επιλέξτε την παράθεση OneDrive ή στο"
        " SharePoint.",
    ),
    "tr-TR": (
        "Bir özel inç veya Incognito oturumu ve Office.com'a gitmekbir web tarayıcısı açın.",
        "İş veya Okul hesapla oturum açın ve OneDrive veya SharePoint Döşe'yi tıklatın.",
    ),
}
ENGLISH = [
    ("heading", "Sync a user's profile picture"),
    (
        "paragraph",
        "Profile Picture Synchronization in SharePoint Online requires a user's action to initiate"
        " the sync of their photo. There is no automatic synchronization of photos to SharePoint"
        " Online. SharePoint Online only synchronizes photos from Exchange Online, not Azure Active"
        " Directory.",
    ),
    (
        "paragraph",
        "If a user has never performed an action that would prompt a sync or they have updated"
        " their profile picture and the new one doesn't appear in SharePoint Online, the user might"
        " need to prompt it to sync. Here's how they can do this:",
    ),
    (
        "step",
        "Open a web browser in an In-Private or Incognito session and go to Office.com.",
    ),
    (
        "step",
        "Sign in with their work or school account, and click the OneDrive or SharePoint tile.",
    ),
    ("paragraph", "Add your profile photo to Office 365"),
    ("paragraph", "Info about profile picture synchronization in Office 365"),
]


@real_seeds
def test_the_seeds_are_one_article_in_five_languages() -> None:
    articles = list(read_corpus([SEEDS], on_problem=lambda problem: pytest.fail(str(problem))))
    assert {article.id for article in articles} == {"cd7196af-3ed9-42e6-b594-f51ad265fd63"}
    steps = {a.locale: tuple(plain(b.text) for b in a.blocks if b.kind == "step") for a in articles}
    assert steps == STEPS
    english = [article.english() for article in articles]
    texts = [[(b.kind, plain(b.text)) for b in e.blocks] for e in english if e]
    assert texts == [ENGLISH] * 5
    assert len({tuple(b.text for b in e.blocks) for e in english if e}) == 1
    address = "](https://go.microsoft.com/fwlink/?linkid=875585)"
    assert all(a.blocks[5].text.endswith(address) for a in articles)
