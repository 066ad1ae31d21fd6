"""From Markdown to blocks: each test says what a page shows."""

from __future__ import annotations

import pytest

from corpus.article import Block
from corpus.bilingual import fold, unpaired
from corpus.blocks import read_blocks
from tests.corpora import sentence

BASE = "https://learn.example/docs/page"
Shown = tuple[str, int, str, str]


def blocks(markdown: str, base: str | None = None) -> tuple[Block, ...]:
    return read_blocks(*fold(markdown), base)


def shown(markdown: str, base: str | None = None) -> list[Shown]:
    return [(b.kind, b.level, b.label, b.text) for b in blocks(markdown, base)]


def pair(number: int, target: str, source: str = "English") -> str:
    return sentence(number, target, source)


# Headings, steps, items.


def test_headings_with_anchors() -> None:
    text = (
        '# <a name="top-1"></a>Title\n\n<a name="second"></a>\n## Second #\n\n'
        "Third\n---\n\n> #### <a id='q'/>Quoted\n\n####### seven"
    )
    assert shown(text) == [
        ("heading", 1, "top-1", "Title"),
        ("heading", 2, "", "Second"),
        ("heading", 2, "", "Third"),
        ("heading", 4, "q", "Quoted"),
        ("paragraph", 0, "", "####### seven"),
    ]


def test_steps_have_the_numbers_that_a_page_shows() -> None:
    text = (
        "3. three\n3. four\n\n![a cat](https://a.example/c.png)\n\n"
        "5) five\n\ntext\n\n1. one\n0. two"
    )
    assert shown(text) == [
        ("step", 0, "3", "three"),
        ("step", 0, "4", "four"),
        ("image", 0, "https://a.example/c.png", "a cat"),
        ("step", 0, "5", "five"),
        ("paragraph", 0, "", "text"),
        ("step", 0, "1", "one"),
        ("step", 0, "2", "two"),
    ]


def test_lists_nest_in_both_directions() -> None:
    text = (
        "1. one\n   - a\n     1. a one\n     2. a two\n   - b\n\n   more of one\n2. two\n\n"
        "- item\n\n  4. four\n\n     more of four\n"
    )
    assert shown(text) == [
        ("step", 0, "1", "one"),
        ("item", 1, "", "a"),
        ("step", 2, "1", "a one"),
        ("step", 2, "2", "a two"),
        ("item", 1, "", "b"),
        ("paragraph", 1, "", "more of one"),
        ("step", 0, "2", "two"),
        ("item", 0, "", "item"),
        ("step", 1, "4", "four"),
        ("paragraph", 2, "", "more of four"),
    ]


def test_what_stands_in_a_step_is_one_level_deeper() -> None:
    text = (
        "1. Run this:\n\n   ```powershell\n   Get-User |\n     fl\n   ```\n\n"
        "   | a | b |\n   |---|---|\n   | 1 | 2 |\n\n   ![x](https://a.example/x.png)\n\n"
        "   > [!TIP]\n   > Be quick.\n\n2. Done.\n"
    )
    assert shown(text) == [
        ("step", 0, "1", "Run this:"),
        ("code", 1, "powershell", "Get-User |\n  fl"),
        ("table", 1, "head", "a b"),
        ("table", 1, "", "1 2"),
        ("image", 1, "https://a.example/x.png", "x"),
        ("note", 1, "TIP", "Be quick."),
        ("step", 0, "2", "Done."),
    ]


def test_a_list_indented_too_far_is_still_a_list() -> None:
    text = (
        f"Intro\n\n    1. {pair(1, 'Aç')}\n\n       {pair(2, 'Bekle')}\n    2. {pair(3, 'Kapat')}\n"
    )
    assert shown(text) == [
        ("paragraph", 0, "", "Intro"),
        ("step", 0, "1", "Aç"),
        ("paragraph", 1, "", "Bekle"),
        ("step", 0, "2", "Kapat"),
    ]


# Notes.


def test_notes_and_tips() -> None:
    text = (
        "> [!NOTE]\n> First.\n>\n> Second.\n\n>[!Tip] On one line.\n\n> [! WARNING ]\n> Hot.\n\n"
        "> Only a quote.\n\n> [!CONSEJO]\n> Damaged.\n\n>[!IMPORTANT]\n> - one\n> - two\n"
    )
    assert shown(text) == [
        ("note", 0, "NOTE", "First."),
        ("note", 0, "NOTE", "Second."),
        ("note", 0, "TIP", "On one line."),
        ("note", 0, "WARNING", "Hot."),
        ("note", 0, "NOTE", "Only a quote."),
        ("note", 0, "NOTE", "[!CONSEJO]\nDamaged."),
        ("item", 0, "", "one"),
        ("item", 0, "", "two"),
    ]


def test_a_note_of_sentence_pairs() -> None:
    text = f"1. {pair(1, 'Aç')}\n\n    > [!CAUTION]\n    > {pair(2, 'Dur')} {pair(3, 'Bak')}\n"
    found = blocks(text)
    assert [(b.kind, b.level, b.label, b.text) for b in found] == [
        ("step", 0, "1", "Aç"),
        ("note", 1, "CAUTION", "Dur Bak"),
    ]
    assert [s.id for s in found[1].segments] == ["a1b2c-2", "a1b2c-3"]


def test_a_video_is_a_link_to_it() -> None:
    assert shown("> [!VIDEO https://v.example/1?a=b]\n") == [
        ("note", 0, "NOTE", "<https://v.example/1?a=b>")
    ]


# Tables.


def test_tables() -> None:
    text = (
        f"| {pair(1, 'Ad')} | Değer \\| 2 | |\n|:--|--|--|\n"
        f"| {pair(2, 'bir')} {pair(3, 'iki')} | `a \\| b` | |\n| | | |\n"
        f"|[{pair(4, 'üç')}](https://a.example)|x<br/>y|![i](i.png)|\n"
    )
    found = blocks(text)
    assert [(b.kind, b.label, b.rows()) for b in found] == [
        ("table", "head", ("Ad", "Değer | 2", "")),
        ("table", "", ("bir iki", "`a | b`", "")),
        ("table", "", ("[üç](https://a.example)", "x<br/>y", "i")),
    ]
    assert [b.cells for b in found] == [(1, 1, 0), (2, 1, 0), (1, 1, 1)]


# Code.


def test_code_is_verbatim() -> None:
    text = (
        "~~~ps1 title\n  a **b** [c](d.md) &lt;\n\n\tlast\n\n~~~\n\n"
        "    indented `x`\n\n        more\n"
    )
    assert shown(text) == [
        ("code", 0, "ps1 title", "  a **b** [c](d.md) &lt;\n\n\tlast"),
        ("code", 0, "", "indented `x`\n\n    more"),
    ]


def test_code_with_sentence_pairs_keeps_its_lines() -> None:
    text = (
        f"```\n# {pair(1, 'yorum', 'comment')} #\nGet-User\n\n  fl\n{pair(2, '[a](b.md)')}\n```\n"
        f"```{pair(3, 'dil')}\nx\n```\n"
    )
    found = blocks(text)
    assert [(b.kind, b.text) for b in found] == [
        ("code", "# yorum #\nGet-User\n\n  fl\n[a](b.md)"),
        ("paragraph", "dil"),
        ("code", "x"),
    ]
    assert found[0].source == "# comment #\nGet-User\n\n  fl\nEnglish"


# Images.


def test_images() -> None:
    text = (
        '![the cat](c.png "Cat")\n\nSee ![icon](i.png) here.\n\n![](n.png)\n\n'
        "[![in a link](l.png)](https://a.example)\n\n<img src='h.png' alt='html'>\n\n"
        "<p><img src=\"data:image/png;base64,AA\" alt='data'></p>\n\n"
        f"![{pair(1, 'kedi', 'cat')}](k.png)\n\n{pair(2, 'Seç')} ![{pair(3, 'simge')}](s.png).\n"
    )
    assert shown(text, BASE) == [
        ("image", 0, "https://learn.example/docs/c.png", "the cat"),
        ("paragraph", 0, "", "See ![icon](https://learn.example/docs/i.png) here."),
        ("image", 0, "https://learn.example/docs/n.png", ""),
        (
            "paragraph",
            0,
            "",
            "[![in a link](https://learn.example/docs/l.png)](https://a.example)",
        ),
        ("image", 0, "https://learn.example/docs/h.png", "html"),
        ("paragraph", 0, "", "data"),
        ("image", 0, "https://learn.example/docs/k.png", "kedi"),
        ("paragraph", 0, "", "Seç ![simge](https://learn.example/docs/s.png)."),
    ]
    assert shown(text)[:2] == [
        ("image", 0, "c.png", "the cat"),
        ("paragraph", 0, "", "See icon here."),
    ]
    assert blocks(text)[6].source == "cat"


# Sentence pairs and what stands around them.


@pytest.mark.parametrize(
    ("around", "texts"),
    [
        ("[{1}](https://a.example/x?a=1&amp;b=2)", ["[bir](https://a.example/x?a=1&b=2)"]),
        ("[{1} {2}](https://a.example)", ["[bir](https://a.example)", "[iki](https://a.example)"]),
        ("**{1} ve {2}**", ["**bir**", "**ve**", "**iki**"]),
        ("***[{1}](https://a.example/a_(b))***", ["***[bir](https://a.example/a_%28b%29)***"]),
        ("`{1}` ``a ` b`` {2}", ["`bir`", "``a ` b``", "iki"]),
        ("({1}), {2}.", ["(", "bir),", "iki."]),
        ("{1}<br/>{2}<!-- not seen -->", ["bir", "iki"]),
        ("{1}&nbsp;&mdash; {2}", ["bir&mdash;", "iki"]),
        (r"Type \*&lt;b&gt; `x`" + "\nnow {1}", [r"Type \*&lt;b&gt; `x` now", "bir"]),
        ("**{1} {2}", ["**", "bir", "iki"]),
        ("]{1}[ ({2}", ["]", "bir[ (", "iki"]),
        ("<https://a.example> {1}", ["[https://a.example](https://a.example)", "bir"]),
        ("[{1}](other.md) [x](y.md)", ["bir", "x"]),
        ("[{1}]: {2}", ["[", "bir]:", "iki"]),
        ("[x]:\n{1}\n'{2}'", ["[x]:", "bir'", "iki'"]),
        ("<details><summary>{1}</summary>\n{2}\n</details>", ["bir", "iki"]),
        ("<tr><td>{1}</td><td>&lt;x&gt; {2}</td></tr>", ["bir", "&lt;x&gt;", "iki"]),
    ],
)
def test_what_stands_around_sentence_pairs(around: str, texts: list[str]) -> None:
    text = around.replace("{1}", pair(1, "bir")).replace("{2}", pair(2, "iki"))
    segments = [segment for block in blocks(text) for segment in block.segments]
    assert [segment.text for segment in segments] == texts
    ids = [segment.id for segment in segments]
    assert len(set(ids)) == len(ids)
    wanted = ["a1b2c-1", "a1b2c-2"] if "{2}" in around else ["a1b2c-1"]
    assert [name for name in ids if not name.startswith("t")] == wanted
    assert all(s.source == s.text for s in segments if s.id.startswith("t"))


def test_the_english_stands_in_the_same_marks() -> None:
    text = f"[**{pair(1, 'bir [iki](b.md)', 'one [two](b.md)')}**](https://a.example)"
    (block,) = blocks(text)
    assert block.text == "[**bir iki**](https://a.example)"
    assert block.source == "[**one two**](https://a.example)"


def test_text_outside_pairs_is_its_own_source_only_in_a_bilingual_file() -> None:
    assert [b.source for b in blocks(f"Xbox\n\n{pair(1, 'bir', 'one')}")] == ["Xbox", "one"]
    assert [b.source for b in blocks("Xbox\n\nOne")] == [None, None]


def test_a_pair_without_words_keeps_its_id() -> None:
    (block,) = blocks(f"{pair(1, 'bir')} {pair(2, '—', '—')} {pair(3, '', 'three')}")
    assert [(s.id, s.text) for s in block.segments] == [
        ("a1b2c-1", "bir"),
        ("a1b2c-2", "—"),
        ("a1b2c-3", ""),
    ]


def test_markdown_and_html_in_a_pair_are_no_structure() -> None:
    target = "# bir\n\n> 1. </span> <span>iki</span> | ``` <!--"
    (block,) = blocks(f"- {pair(1, target, 'one</span> two')}")
    assert (block.kind, block.text, block.source) == ("item", target, "one</span> two")


# Links of plain files.


def test_reference_links_lead_where_they_are_defined() -> None:
    text = "See [the page][Help] or [help], not [x][y].\n\n[help]: help.md 'Title'\n"
    assert shown(text, BASE) == [
        (
            "paragraph",
            0,
            "",
            "See [the page](https://learn.example/docs/help) or"
            " [help](https://learn.example/docs/help), not [x][y].",
        )
    ]
    assert shown(text) == [("paragraph", 0, "", "See the page or help, not [x][y].")]


# HTML.


def test_html_blocks_show_their_text() -> None:
    text = (
        "<!-- hidden\n\nstill hidden -->\n\n<details>\n<summary>More</summary>\n\n- item\n\n"
        "</details>\n\n<table>\n<tr><th>Name</th><td>Ann &amp; Bo</td></tr>\n</table>\n\n"
        "<br/>\n\n<div>one<br>two</div>\n\n<Listener>\n<Type>CircularTraceListener</Type>\n"
    )
    assert shown(text) == [
        ("paragraph", 0, "", "More"),
        ("item", 0, "", "item"),
        ("paragraph", 0, "", "Name  Ann &amp; Bo"),
        ("paragraph", 0, "", "one two"),
        ("paragraph", 0, "", "<Listener>"),
        ("paragraph", 0, "", "<Type>CircularTraceListener</Type>"),
    ]


# Damage.


def test_a_half_of_a_pair_takes_nothing_with_it() -> None:
    half = '<span data-ttu-id="x-1">yarım</span>'
    text = f'{half} ve\n\n{pair(2, "bir")}\n\n<span data-stu-id="x-3">rest'
    segments = [segment for block in blocks(text) for segment in block.segments]
    assert [s.id for s in segments] == ["t1", "a1b2c-2", "t2"]
    assert "yarım" in segments[0].text
    assert segments[1].text == "bir"
    assert "rest" in segments[2].text
    assert unpaired(text) == [1, 5]


def test_marks_of_our_own_in_a_file_are_only_text() -> None:
    assert shown("a \ufdd07\ufdd1 b") == [("paragraph", 0, "", "a \ufffd7\ufffd b")]


def test_lists_nested_thirty_deep_are_all_there() -> None:
    text = "".join("  " * depth + f"- level {depth}\n" for depth in range(30))
    assert [(b.level, b.text) for b in blocks(text)] == [(n, f"level {n}") for n in range(30)]


@pytest.mark.parametrize(
    "text",
    [
        "> " * 10_000 + "deep",
        "- " * 10_000 + "deep",
        "1. " * 10_000 + "deep",
        "\n".join("  " * n + "- deep" for n in range(1000)),
        "".join("    " * n + f"{pair(n, 'x')}\n\n" for n in range(1000)),
        "[" * 10_000 + pair(1, "x") + "](y)" * 10_000,
        "*" * 10_000 + pair(1, "x"),
        "<b>" * 10_000 + pair(1, "x"),
    ],
    ids=["quotes", "items", "steps", "staircase", "indents", "brackets", "stars", "tags"],
)
def test_deep_nesting_does_no_harm(text: str) -> None:
    assert blocks("before\n\n" + text + "\n\nafter")[0].text == "before"
