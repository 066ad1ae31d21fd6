"""Articles that are not Markdown: pages of a help centre, and XLIFF."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.article import Article
from corpus.files import Problem
from corpus.reader import read_corpus

PAGE = """<!DOCTYPE html>
<html lang="tr"><head><title>Yazıcı kurulumu – Contoso Yardım</title>
<link rel="canonical" href="https://help.contoso.com/hc/tr/articles/12-yazici">
<meta property="article:modified_time" content="2026-10-02T08:00:00Z">
<script>track("page")</script></head>
<body><header><a href="/">Contoso</a><nav><ul><li>Ana sayfa</li></ul></nav></header>
<main><nav class="breadcrumbs"><a href="/">Yardım</a></nav>
<article><header><h1>Yazıcı kurma</h1></header>
<p>Yazıcıyı <strong>Ayarlar</strong>'dan ekleyin. <a href="/hc/tr/articles/7">Sürücüler</a></p>
<ol><li>Ayarlar'ı açın.<ul><li>Windows'ta <kbd>Win+I</kbd></li></ul></li>
<li><p>Yazıcılar'ı seçin.</p></li></ol>
<div class="callout callout-warning"><p>Kabloyu çıkarmayın.</p></div>
<table><thead><tr><th>Işık</th><th>Anlamı</th></tr></thead>
<tbody><tr><td>Yeşil</td><td>Hazır</td></tr></tbody></table>
<pre><code>print /d:lpt1 a_b.txt</code></pre>
<form><p>Bu makale yardımcı oldu mu?</p></form></article></main>
<footer>© Contoso</footer></body></html>
"""

XLIFF_12 = """<?xml version="1.0"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file original="en-US/printer.md" source-language="en-US" target-language="tr-TR" datatype="x">
<body>
<trans-unit id="t1"><source>Add a printer</source><target>Yazıcı ekleme</target></trans-unit>
<group><trans-unit id="t2"><source>Open <g id="1">**Settings**</g>.</source>
<target>**<g id="1">Ayarlar</g>**'ı açın.</target></trans-unit></group>
<trans-unit id="t3"><source>Select the printer.</source></trans-unit>
</body></file></xliff>
"""

XLIFF_20 = """<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0"
version="2.0" srcLang="en" trgLang="de">
<file id="f1" original="printer.md"><unit id="u1">
<segment id="a"><source>Add a printer</source><target>Drucker hinzufügen</target></segment>
</unit><unit id="u2"><segment><source>Open <pc id="1">**Settings**</pc>.</source>
<target><pc id="1">**Einstellungen**</pc> öffnen.</target></segment>
<segment><source>Wait.</source><target>Warten.</target></segment></unit></file></xliff>
"""

ENGLISH = "---\ntitle: x\n---\n# Add a printer\n\n1. Open **Settings**.\n2. Select the printer.\n"


def read(folder: Path) -> tuple[dict[str, Article], list[Problem]]:
    problems: list[Problem] = []
    found = {a.locale: a for a in read_corpus([folder], on_problem=problems.append)}
    return found, problems


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def lines(article: Article) -> list[tuple[str, str, str]]:
    return [(block.kind, block.label, block.text) for block in article.blocks]


def test_a_page_gives_its_article_and_nothing_around_it(tmp_path: Path) -> None:
    write(tmp_path, "tr-TR/printer.html", PAGE)
    found, problems = read(tmp_path)
    article = found["tr-TR"]
    assert problems == []
    assert lines(article) == [
        ("heading", "", "Yazıcı kurma"),
        (
            "paragraph",
            "",
            "Yazıcıyı **Ayarlar**'dan ekleyin. "
            "[Sürücüler](https://help.contoso.com/hc/tr/articles/7)",
        ),
        ("step", "1", "Ayarlar'ı açın."),
        ("item", "", "Windows'ta `Win+I`"),
        ("step", "2", "Yazıcılar'ı seçin."),
        ("note", "WARNING", "Kabloyu çıkarmayın."),
        ("table", "head", "Işık Anlamı"),
        ("table", "", "Yeşil Hazır"),
        ("code", "", "print /d:lpt1 a_b.txt"),
    ]
    assert (article.id, article.title, article.updated) == ("printer", "Yazıcı kurma", "2026-10-02")
    assert article.url == "https://help.contoso.com/hc/tr/articles/12-yazici"


def test_a_loose_page_is_of_the_language_that_it_names(tmp_path: Path) -> None:
    write(tmp_path, "printer.htm", PAGE)
    found, _ = read(tmp_path)
    assert found["tr"].id == "printer"


def test_a_page_without_a_heading_has_the_title_of_its_window(tmp_path: Path) -> None:
    write(tmp_path, "de-DE/a.html", "<title>Drucker</title><body><p>Einschalten.</p>")
    found, problems = read(tmp_path)
    assert (found["de-DE"].title, problems) == ("Drucker", [])


def test_a_page_without_text_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, "de-DE/a.html", "<html><body><nav>Start</nav></body></html>")
    found, problems = read(tmp_path)
    assert found == {}
    assert [str(problem) for problem in problems] == [
        f"{tmp_path}/de-DE/a.html:1: no text below the front matter."
    ]


def test_xliff_takes_its_structure_from_the_english_file(tmp_path: Path) -> None:
    write(tmp_path, "en-US/printer.md", ENGLISH)
    write(tmp_path, "tr-TR/printer.xlf", XLIFF_12)
    found, problems = read(tmp_path)
    article = found["tr-TR"]
    assert problems == []
    assert (article.id, article.title) == ("printer", "Yazıcı ekleme")
    assert lines(article)[:2] == [
        ("heading", "", "Yazıcı ekleme"),
        ("step", "1", "**Ayarlar**'ı açın."),
    ]
    assert [(s.text, s.source) for s in article.segments][-1] == ("", "Select the printer.")
    english = article.english()
    assert english
    assert [block.text for block in english.blocks] == [b.text for b in found["en-US"].blocks]


def test_xliff_alone_is_a_title_and_paragraphs(tmp_path: Path) -> None:
    write(tmp_path, "export.xliff", XLIFF_20)
    found, _ = read(tmp_path)
    article = found["de"]
    assert article.id == "printer"
    assert [(b.kind, b.text, b.source) for b in article.blocks] == [
        ("heading", "Drucker hinzufügen", "Add a printer"),
        ("paragraph", "**Einstellungen** öffnen.", "Open **Settings**."),
        ("paragraph", "Warten.", "Wait."),
    ]


def test_a_sentence_that_the_english_file_lacks_is_reported(tmp_path: Path) -> None:
    write(tmp_path, "en-US/printer.md", ENGLISH.replace("Open **Settings**", "Open it"))
    write(tmp_path, "tr-TR/printer.xlf", XLIFF_12)
    found, [problem] = read(tmp_path)
    assert str(problem).endswith(
        "printer.xlf:1: the English file does not say what unit t2 translates: left out."
    )
    assert found["tr-TR"].title == "Yazıcı ekleme"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<xliff", "is no XML: "),
        ("<html/>", "is no XLIFF: its root is <html>."),
        ("<xliff><file/><file/></xliff>", "holds 2 documents: export one file for each."),
    ],
)
def test_what_is_no_xliff_is_reported_and_passed_over(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, "tr-TR/a.xlf", text)
    found, [problem] = read(tmp_path)
    assert found == {}
    assert said in problem.message


def test_a_table_of_contents_is_no_article(tmp_path: Path) -> None:
    write(tmp_path, "en-US/TOC.md", "# [Printers](printer.md)\n")
    write(tmp_path, "en-US/printer.md", ENGLISH)
    found, problems = read(tmp_path)
    assert (found["en-US"].id, problems) == ("printer", [])
