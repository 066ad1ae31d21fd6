"""From folders and files to articles: front matter, locales, ids, links, includes, damage."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from corpus.article import Article
from corpus.parallel import read_all
from corpus.reader import (
    Problem,
    Reading,
    Source,
    corpus_files,
    normalise_locale,
    read_corpus,
    read_file,
)
from tests.corpora import sentence, write


def reading(root: Path, name: str, base_url: str | None = None) -> Reading:
    return read_file(Source(root, name), base_url)


def article_of(text: str | bytes, tmp_path: Path, name: str = "tr-TR/a.md") -> Article:
    article, problems = read_one(text, tmp_path, name)
    assert problems == []
    assert article
    return article


def read_one(
    text: str | bytes, tmp_path: Path, name: str = "tr-TR/a.md"
) -> tuple[Article | None, list[str]]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = reading(tmp_path, name)
    return found.article, [f"{p.line}: {p.message}" for p in found.problems]


def texts(article: Article | None) -> list[str]:
    assert article
    return [block.text for block in article.blocks]


def front(yaml: str, body: str = "# Title\n") -> str:
    return f"---\n{yaml}\n---\n{body}"


# Front matter.


def test_front_matter_of_all_kinds(tmp_path: Path) -> None:
    text = front(
        "title: \"Quoted: title\"\nms.date: 11/13/2018\nms.custom:\n- 1\n- '2'\nlocale: tr-tr\n"
        "url: https://a.example/page\nattribution: Contoso, CC BY 4.0\nempty:\nnothing: ~\n",
        "## No level 1\n",
    )
    article = article_of(text, tmp_path, "a.md")
    assert article == Article(
        id="a",
        locale="tr-TR",
        title="Quoted: title",
        blocks=article.blocks,
        url="https://a.example/page",
        updated="2018-11-13",
        attribution="Contoso, CC BY 4.0",
    )


@pytest.mark.parametrize(
    ("yaml", "date"),
    [
        ("ms.date: 2021-05-28", "2021-05-28"),
        ("ms.date: 2021-05-28T10:11:12Z", "2021-05-28"),
        ("ms.date: '5/8/2021 3:00:00 PM'", "2021-05-08"),
        ("updated: 2022-01-02\nms.date: 1/1/2020", "2022-01-02"),
        ("ms.date: 2021-13-45", None),
        ("ms.date: [1, 2]", None),
        ("ms.date: yesterday", None),
        ("ms.date:", None),
    ],
)
def test_dates(yaml: str, date: str | None, tmp_path: Path) -> None:
    assert article_of(front(yaml), tmp_path).updated == date


def test_a_locale_named_no_is_norwegian(tmp_path: Path) -> None:
    assert article_of(front("locale: no"), tmp_path, "a.md").locale == "no"


@pytest.mark.parametrize(
    ("yaml", "line"),
    [
        ("title: Teams: what is new\nlocale: el-GR", 2),
        ("locale: el-GR\ntitle:\tTabs\n\tmore: tabs", 4),
        ("locale: 'el-GR'\n\ntitle: [unclosed", 5),
        ("locale: el-GR\ntitle: @home", 3),
    ],
)
def test_broken_front_matter_is_read_line_by_line(yaml: str, line: int, tmp_path: Path) -> None:
    article, problems = read_one(front(yaml), tmp_path, "a.md")
    assert article
    assert article.locale == "el-GR"
    assert problems == [
        f"{line}: front matter is not valid YAML: read line by line (quote the value)."
    ]


def test_sentence_pairs_in_front_matter_are_reported(tmp_path: Path) -> None:
    title = sentence(1, "başlık: Yardım", 'title: "Help" author: ann')
    article, problems = read_one(
        f"---\n{title}\n- 5\n---\n# {sentence(2, 'Yardım', 'Help')}\n", tmp_path
    )
    assert texts(article) == ["# Yardım".removeprefix("# ")]
    assert problems == [
        "2: front matter is not valid YAML: read line by line (quote the value); "
        "1 sentence pairs in it are left out."
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("---\n\nBetween rules\n\n---\n\n# T", ["Between rules", "T"]),
        ("---\nBetween rules\n\n---\n# T", ["Between rules", "T"]),
        ("---\n- a\n- b\n\n---\n# T", ["a", "b", "T"]),
        ("---\n* **a\n\n---\n# T", ["**a", "T"]),
        ("# T\n\n---\n\nkey: value\n\n---\n\nend", ["T", "key: value", "end"]),
        ("---\n---\n# T", ["T"]),
        ("\n\n---\ntitle: x\n---\n# T", ["T"]),
        ("---   \n# only a comment\n---\t\n# T", ["T"]),
        ("# T\n---", ["T"]),
        ("---\n# T", ["T"]),
        ("title: x\n\n# T", ["title: x", "T"]),
    ],
)
def test_rules_are_not_front_matter(text: str, shown: list[str], tmp_path: Path) -> None:
    assert texts(article_of(text, tmp_path)) == shown


def test_front_matter_that_is_not_closed_is_text(tmp_path: Path) -> None:
    article, problems = read_one("---\ntitle: x\n\n# T\n", tmp_path)
    assert texts(article) == ["title: x", "T"]
    assert problems == ["1: front matter is not closed by ---: it is read as text."]


@pytest.mark.parametrize(
    "yaml",
    [
        "a: &a [*a]",
        "a: !!python/object/apply:os.system [ls]",
        "? [1]\n: 2",
        "a: " + "[" * 5000,
        "a: " + "{" * 5000,
        "a: " + "- " * 5000,
        "a: \x07bell",
        'a: "\\uD800"',
        "a: " + "9" * 10_000,
        "<<: 5\na: 1",
        "%YAML 9.9",
    ],
)
def test_hostile_front_matter_does_no_harm(yaml: str, tmp_path: Path) -> None:
    article, _ = read_one(front(f"{yaml}\nmore: 1"), tmp_path)
    assert article
    assert article.title == "Title"


# Locales.


@pytest.mark.parametrize(
    ("tag", "standard"),
    [
        ("tr-TR", "tr-TR"),
        ("zh_cn", "zh-CN"),
        ("iw", "he"),
        ("iw-il", "he-IL"),
        ("en", "en-US"),
        ("EN-us", "en-US"),
        ("sr-latn-rs", "sr-Latn-RS"),
        (" de-DE ", "de-DE"),
        ("es-419", "es-419"),
        ("tr-YY", None),
        ("docs", None),
        ("", None),
        ("türkçe", None),
        ("-", None),
    ],
)
def test_tags_are_normalised(tag: str, standard: str | None) -> None:
    assert normalise_locale(tag) == standard


@pytest.mark.parametrize(
    ("name", "yaml", "locale", "article_id"),
    [
        ("tr-TR/a.md", "x: 1", "tr-TR", "a"),
        ("tr-tr/sub/a b.md", "x: 1", "tr-TR", "sub/a b"),
        ("content/zh_cn/a.markdown", "x: 1", "zh-CN", "a"),
        ("sr-Latn-RS/a.b.md", "x: 1", "sr-Latn-RS", "a.b"),
        ("it/vpn.md", "x: 1", "it", "vpn"),
        ("tr-TR/it/vpn.md", "x: 1", "tr-TR", "it/vpn"),
        ("it/tr-TR/vpn.md", "x: 1", "tr-TR", "vpn"),
        ("docs/bin/api/a.md", "locale: tr-TR", "tr-TR", "docs/bin/api/a"),
        ("tr-TR/a.md", "locale: el-GR", "el-GR", "a"),
        ("tr-TR/a.md", "locale: el-GR\nms.contentlocale: zh-CN", "zh-CN", "a"),
        ("tr-TR/a.md", "locale: el-GR\nms.assetid: abc-1", "el-GR", "a"),
        ("docs/a.txt", "locale: el-GR\nms.assetid: abc-1", "el-GR", "abc-1"),
        ("docs/a.md", "locale: iw", "he", "docs/a"),
        ("en/a.md", "x: 1", "en-US", "a"),
    ],
)
def test_locale_and_id(name: str, yaml: str, locale: str, article_id: str, tmp_path: Path) -> None:
    article = article_of(front(yaml), tmp_path, name)
    assert (article.locale, article.id) == (locale, article_id)


def test_a_loose_file_is_named_by_the_anchor_of_its_first_heading(tmp_path: Path) -> None:
    text = front("locale: tr-TR", '# <a name="sync-photos"></a>T\n\n## <a name="b"></a>B\n')
    assert article_of(text, tmp_path, "docs/a.md").id == "sync-photos"


def test_without_a_locale_there_is_no_article(tmp_path: Path) -> None:
    assert read_one("# T", tmp_path, "docs/a.md") == (
        None,
        ["1: no locale: name it in the front matter (locale: tr-TR) or by the folder."],
    )


def test_a_locale_that_is_none_is_reported(tmp_path: Path) -> None:
    article, problems = read_one(front("locale: turkish"), tmp_path)
    assert article
    assert article.locale == "tr-TR"
    assert problems == [
        "1: locale turkish is no language tag (as tr-TR is): the folder's name counts."
    ]


@pytest.mark.parametrize("root", ["", "tr-TR", "tr-TR/sub", "tr-TR/sub/a.md"])
def test_an_article_is_the_same_wherever_the_root_is(root: str, tmp_path: Path) -> None:
    write(tmp_path, {"tr-TR/sub/a.md": "# T"})
    (article,) = read_corpus([tmp_path / root])
    assert (article.locale, article.id) == ("tr-TR", "sub/a")


def test_a_root_named_relatively(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"tr-TR/a.md": "# T"})
    monkeypatch.chdir(tmp_path / "tr-TR")
    assert [(a.locale, a.id) for a in read_corpus([Path()])] == [("tr-TR", "a")]


# Addresses and links.

LINKS = (
    "# T\n\n[near](other.md) [up](../x.md#a) [root](/teams) [here](#t) [abs](https://b.example)"
    f"\n\n[{sentence(1, 'çift [iç](in.md)', 'pair')}](near.md)\n"
)


def test_links_become_absolute_against_the_page(tmp_path: Path) -> None:
    write(tmp_path, {"tr-TR/sub/a b.md": LINKS})
    article = reading(tmp_path, "tr-TR/sub/a b.md", "https://l.example/docs").article
    assert article
    assert article.url == "https://l.example/docs/sub/a%20b"
    assert texts(article)[1:] == [
        "[near](https://l.example/docs/sub/other) [up](https://l.example/docs/x#a)"
        " [root](https://l.example/teams) [here](https://l.example/docs/sub/a%20b#t)"
        " [abs](https://b.example)",
        "[çift [iç](https://l.example/docs/sub/in)](https://l.example/docs/sub/near)",
    ]


def test_front_matter_names_the_base_and_the_page(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "tr-TR/a.md": front("base_url: https://own.example", LINKS),
            "tr-TR/b.md": front("url: https://own.example/p/", LINKS),
            "c.md": front("locale: tr-TR\nms.assetid: x-1\nbase_url: https://own.example/", LINKS),
        },
    )
    articles = [
        reading(tmp_path, n, "https://l.example").article
        for n in ("tr-TR/a.md", "tr-TR/b.md", "c.md")
    ]
    assert [a.url for a in articles if a] == [
        "https://own.example/a",
        "https://own.example/p/",
        None,
    ]
    assert [texts(a)[1].split()[0] for a in articles] == [
        "[near](https://own.example/other)",
        "[near](https://own.example/p/other)",
        "[near](https://own.example/other)",
    ]


def test_without_a_base_links_are_text(tmp_path: Path) -> None:
    article = article_of(LINKS, tmp_path)
    assert article.url is None
    assert texts(article)[1:] == [
        "near up root here [abs](https://b.example)",
        "çift iç",
    ]


def test_a_base_that_is_no_web_address_is_reported(tmp_path: Path) -> None:
    article, problems = read_one(front("base_url: l.example", "# T\n\n[a](b.md)"), tmp_path)
    assert texts(article) == ["T", "a"]
    assert problems == ["1: base_url l.example is no web address (https://…): it is left out."]


# Files of all kinds.


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf---\r\ntitle: x\r\n---\r\n# T\r\n\r\n1. one\r\n2. two\r\n",
        b"---\rtitle: x\r---\r# T\r\r1. one\r2. two",
        b"# T\n\n1. one\n2. two",
    ],
    ids=["bom and crlf", "cr", "lf"],
)
def test_line_ends_and_byte_order_marks(raw: bytes, tmp_path: Path) -> None:
    assert texts(article_of(raw, tmp_path)) == ["T", "one", "two"]


def test_bad_bytes_are_shown_and_reported(tmp_path: Path) -> None:
    article, problems = read_one(b"# T\n\nna\xefve\n", tmp_path)
    assert texts(article) == ["T", "na\ufffdve"]
    assert problems == ["3: not valid UTF-8: bad bytes are shown as \ufffd."]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"# T\0", "1: is not a text file (holds NUL bytes): save it as UTF-8."),
        ("# T".encode("utf-16"), "1: is not a text file (holds NUL bytes): save it as UTF-8."),
        (b"", "1: no text below the front matter."),
        (b"---\ntitle: x\n---\n\n<!-- -->\n", "4: no text below the front matter."),
    ],
)
def test_files_that_give_no_article(raw: bytes, message: str, tmp_path: Path) -> None:
    assert read_one(raw, tmp_path) == (None, [message])


def test_a_file_that_cannot_be_opened_is_reported_and_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"tr-TR/b.md": "# T"})
    (tmp_path / "tr-TR" / "a.md").symlink_to("nowhere.md")
    (tmp_path / "tr-TR" / "loop.md").symlink_to("loop.md")
    (tmp_path / "tr-TR" / "again").symlink_to(tmp_path)
    (tmp_path / "tr-TR" / "folder.md").mkdir()
    problems: list[Problem] = []
    articles = list(read_corpus([tmp_path], on_problem=problems.append))
    assert [a.id for a in articles] == ["b"]
    assert [(p.path.name, p.message) for p in problems] == [
        ("a.md", "can't be opened: No such file or directory.")
    ]


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    folder = tmp_path / "tr-TR"
    folder.mkdir()
    path = os.fsencode(folder) + b"/na\xefve.md"
    Path(os.fsdecode(path)).write_bytes(b"no title\xff")
    (article,) = read_corpus([tmp_path])
    assert article.id == "na\ufffdve"
    assert Article.from_json(article.to_json()) == article
    (reading,) = read_all(list(corpus_files([tmp_path])))
    assert (
        str(reading.problems[0])
        .encode()
        .endswith("na\ufffdve.md:1: not valid UTF-8: bad bytes are shown as \ufffd.".encode())
    )


def test_a_title_is_found(tmp_path: Path) -> None:
    assert article_of("Intro\n\n# The **one** &amp; only\n", tmp_path).title == "The one & only"
    article, problems = read_one("```\n****\n```\n", tmp_path)
    assert article
    assert (article.title, problems) == ("a", ["1: no title: add a level-1 heading (# Title)."])
    article, _ = read_one("x" * 200, tmp_path)
    assert article
    assert article.title == "x" * 80


@pytest.mark.parametrize(
    "piece",
    [
        "Plain words.\n\n",
        "1. step\n",
        "- [a](b.md) **c** `d` &amp; <br>\n\n",
        "| a | b |\n",
        sentence(1, "hedef **x**", "source") + "\n\n",
        '<span data-ttu-id="1">',
        '<span data-ttu-id="1">a</span><span class="sxs-lookup"><span data-stu-id="1">b',
        "<!--",
        "[!INCLUDE ",
        "`",
        "\\\n",
    ],
)
def test_large_files_are_read(piece: str, tmp_path: Path) -> None:
    article, _ = read_one("# T\n\n" + piece * (250_000 // len(piece)), tmp_path)
    assert article
    assert article.title == "T"


# Includes.


def test_includes(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "tr-TR/sub/a.md": (
                "# T\n\n1. one\n\n   [!INCLUDE [label](../../includes/note.md)]\n\n2. two"
                " [!include[](~/includes/in%20line.md)] words\n"
            ),
            "includes/note.md": "---\nx: 1\n---\n> [!TIP]\n> tip\n\n[!INCLUDE [x](in line.md)]\n",
            "includes/in line.md": "\ufeffinner\r\n",
        },
    )
    found = reading(tmp_path, "tr-TR/sub/a.md")
    assert found.article
    assert [(b.kind, b.level, b.text) for b in found.article.blocks] == [
        ("heading", 1, "T"),
        ("step", 0, "one"),
        ("note", 1, "tip"),
        ("paragraph", 1, "inner"),
        ("step", 0, "two inner words"),
    ]
    assert found.problems == ()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("missing.md", "include missing.md is not in the corpus."),
        ("../../outside.md", "include ../../outside.md is not in the corpus."),
        ("/etc/hostname", "include /etc/hostname is not in the corpus."),
        ("x" * 300 + ".md", f"include {'x' * 300}.md is not in the corpus."),
        ("loop.md", "include loop.md is not in the corpus."),
        ("a.md", "include a.md includes itself."),
        ("nul.md", "include nul.md is not a text file (holds NUL bytes): save it as UTF-8."),
    ],
)
def test_includes_that_fail(address: str, message: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(tmp_path, {"outside.md": "secret"})
    write(
        root,
        {
            "tr-TR/a.md": front("x: 1", f"# T\n\nbefore [!INCLUDE [l]({address})] after\n"),
            "tr-TR/nul.md": "\0",
        },
    )
    (root / "tr-TR" / "loop.md").symlink_to("loop.md")
    found = reading(root, "tr-TR/a.md")
    assert texts(found.article) == ["T", "before  after"]
    assert found.problems == (Problem(root / "tr-TR" / "a.md", 6, message),)


def test_includes_in_a_circle_are_reported_where_it_closes(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "tr-TR/a.md": "# T\n\n[!INCLUDE [b](b.md)]\n",
            "tr-TR/b.md": "bee\n\n[!INCLUDE [a](a.md)]\n" * 3,
        },
    )
    found = reading(tmp_path, "tr-TR/a.md")
    assert texts(found.article) == ["T", "bee", "bee", "bee"]
    closing = tmp_path / "tr-TR" / "b.md"
    assert found.problems == tuple(
        Problem(closing, line, "include a.md includes itself.") for line in (3, 6, 9)
    )


def test_includes_nested_too_deep_are_reported(tmp_path: Path) -> None:
    files = {f"tr-TR/{n}.md": f"# {n}\n\n[!INCLUDE [x]({n + 1}.md)]\n" for n in range(7)}
    write(tmp_path, files)
    found = reading(tmp_path, "tr-TR/0.md")
    assert texts(found.article) == ["0", "1", "2", "3", "4", "5"]
    assert [(p.path.name, p.line, p.message) for p in found.problems] == [
        ("5.md", 3, "include 6.md is nested more than 5 deep.")
    ]


def test_halves_of_pairs_are_reported_in_their_own_file(tmp_path: Path) -> None:
    half = '<span data-ttu-id="x-1">yarım</span>'
    write(
        tmp_path,
        {
            "tr-TR/a.md": front("x: 1", f"# T\n\n[!INCLUDE [b](../includes/b.md)]\n\n{half}\n"),
            "includes/b.md": f"\n\n{sentence(1, 'bir', 'one')}\n{half}\n",
        },
    )
    found = reading(tmp_path, "tr-TR/a.md")
    message = "half of a sentence pair: its other span is missing."
    assert found.problems == (
        Problem(tmp_path / "tr-TR" / "a.md", 8, message),
        Problem((tmp_path / "includes" / "b.md").resolve(), 4, message),
    )


def test_pairs_that_no_page_shows_are_reported(tmp_path: Path) -> None:
    comment, title = sentence(1, "gizli", "hidden"), sentence(2, "ad", "name")
    text = front("x: 1", f"# T\n\n<!-- {comment} -->\n\n[a](b.md '{title}')")
    article, problems = read_one(text, tmp_path)
    assert texts(article) == ["T", "a"]
    assert problems == [
        "6: sentence pair a1b2c-1 stands where a page shows no text: left out.",
        "8: sentence pair a1b2c-2 stands where a page shows no text: left out.",
    ]


# Which files.


def test_which_files_are_articles(tmp_path: Path) -> None:
    names = [
        "tr-TR/a.md",
        "tr-TR/B.MARKDOWN",
        "tr-TR/c.txt",
        "tr-TR/d.pdf",
        "tr-TR/TOC.md",
        "tr-TR/security.md",
        "tr-TR/.draft.md",
        ".git/e.md",
        "README.md",
        "LICENSE.txt",
        "tr-TR/includes/f.md",
    ]
    write(tmp_path, dict.fromkeys(names, "# T"))
    found = [s.path.relative_to(tmp_path).as_posix() for s in corpus_files([tmp_path])]
    assert found == [
        "tr-TR/B.MARKDOWN",
        "tr-TR/a.md",
        "tr-TR/c.txt",
        "tr-TR/includes/f.md",
        "tr-TR/security.md",
    ]
    assert [a.id for a in read_corpus([tmp_path])] == ["B", "a", "c", "security"]
    assert [s.path.name for s in corpus_files([tmp_path / "README.md"])] == ["README.md"]


def test_roots_that_overlap_give_each_file_once(tmp_path: Path) -> None:
    write(tmp_path, {"tr-TR/a.md": "# T", "el-GR/a.md": "# T"})
    roots = [tmp_path, tmp_path / "tr-TR", tmp_path / "el-GR" / ".." / "el-GR" / "a.md"]
    assert [a.locale for a in read_corpus(roots)] == ["el-GR", "tr-TR"]


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        list(corpus_files([tmp_path / "nowhere"]))


# Hashes, and many files at once.


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    write(
        tmp_path, {"tr-TR/a.md": "# T\n\n[!INCLUDE [b](includes/b.md)]", "tr-TR/includes/b.md": "b"}
    )
    source = Source(tmp_path, "tr-TR/a.md")
    first = read_file(source)
    assert first.article
    assert read_file(source, None, first.file_hash) == Reading(
        source, None, (), first.file_hash, includes=True
    )
    assert read_file(source, "https://l.example", first.file_hash).article
    write(tmp_path, {"tr-TR/includes/b.md": "changed"})
    assert texts(read_file(source, None, first.file_hash).article) == ["T", "changed"]


@pytest.mark.parametrize(
    ("text", "includes"),
    [
        ("# T\n\nText.", False),
        ("# T\n\n[!include [b](includes/b.md)]", True),
        ("# T\n\n[!INCLUDE [b](includes/not-yet.md)]", True),
    ],
)
def test_what_asks_for_other_files_says_so(text: str, includes: bool, tmp_path: Path) -> None:
    write(tmp_path, {"tr-TR/a.md": text, "tr-TR/includes/b.md": "b"})
    reading = read_file(Source(tmp_path, "tr-TR/a.md"))
    assert reading.includes == includes
    assert read_file(reading.source, None, reading.file_hash).includes == includes


def test_many_files_come_in_their_order(tmp_path: Path) -> None:
    write(tmp_path, {f"tr-TR/{n:04}.md": f"# Title {n}" for n in range(450)})
    sources = list(corpus_files([tmp_path]))
    readings = list(read_all(sources))
    assert [r.source for r in readings] == sources
    assert [r.article.title for r in readings if r.article] == [f"Title {n}" for n in range(450)]
    hashes = {r.source: r.file_hash for r in readings}
    assert not any(r.article for r in read_all(sources, None, hashes))


def test_a_sentence_without_its_translation_shows_its_english(tmp_path: Path) -> None:
    def pair(number: int, target: str, source: str) -> str:
        return (
            f'<span data-ttu-id="a-{number}">{target}</span><span class="sxs-lookup">'
            f'<span data-stu-id="a-{number}">{source}</span></span>'
        )

    lines = [
        f"# {pair(1, 'Başlık', 'Title')}",
        f"1. {pair(2, 'Birinci.', 'First.')} {pair(3, '', 'Second.')}",
        f"2. {pair(4, ' ', '**Third**.')}",
        "",
        f"```\n{pair(5, '', 'code')}\n```",
    ]
    (tmp_path / "tr-TR").mkdir()
    (tmp_path / "tr-TR" / "a.md").write_text("\n".join(lines), encoding="utf-8")
    [article] = read_corpus([tmp_path])
    assert [block.text for block in article.completed("İngilizce").blocks] == [
        "Başlık",
        "Birinci. Second. (İngilizce)",
        "**Third**. (İngilizce)",
        "code",
    ]
    english = article.english()
    assert english is not None
    assert english.completed("in English") is english
