"""What a reader sees of inline Markdown, and where its links lead."""

from __future__ import annotations

import pytest

from corpus.inline import (
    html_images_as_markdown,
    plain,
    resolve_address,
    resolve_links,
    resolve_references,
    without_tags,
)

BASE = "https://learn.example/docs/page"


@pytest.mark.parametrize(
    ("markdown", "seen"),
    [
        ("Select **Settings** > *Sync*.", "Select Settings > Sync."),
        ("a\n b \t c\u00a0d", "a b c d"),
        ("hard\\\nbreak", "hard break"),
        ("[Open **it**](https://a.example/x_(y) 'title') now", "Open it now"),
        ("[![Home](a.png)](b.md)", "Home"),
        ("![the *gear* icon](gear.png)", "the gear icon"),
        ("<https://a.example/x>", "https://a.example/x"),
        ("Fish &amp; chips &#8212; &lt;b&gt;", "Fish & chips — <b>"),
        # Not marks, but text.
        ("selector1._domainkey.contoso.example", "selector1._domainkey.contoso.example"),
        ("/_layouts/15/x.aspx", "/_layouts/15/x.aspx"),
        ("{ $_.Name }", "{ $_.Name }"),
        ("Allow *.office.example", "Allow *.office.example"),
        (r"fields marked \* and \\server\share", r"fields marked * and \server\share"),
        ("2 * 3 = 6", "2 * 3 = 6"),
        ("`Get-Mailbox | fl *sharing*`", "Get-Mailbox | fl *sharing*"),
        ("`` a ` <b> &lt; **x** ``", "a ` <b> &lt; **x**"),
        ("Set-User <user name> -Id <id>", "Set-User <user name> -Id <id>"),
        # Damage.
        ("**Select OK", "Select OK"),
        ("Select** OK **now", "Select OK now"),
        ("** Select **", "Select"),
        (r"one\*\*\*\*two", "one two"),
        ("选择**“设置”**后", "选择“设置”后"),
        ("[Open](https://a.example", "[Open](https://a.example"),
        ("(https://a.example)[Open]", "(https://a.example)[Open]"),
        ("[Open] (https://a.example)", "[Open] (https://a.example)"),
        # HTML.
        ("a<br/>b<BR>c<!-- hidden -->d", "a b c d"),
        ('<a href="x.md">label</a><span>s</span>', "label s"),
        ("<img src='data:image/png;base64,AAAA' />", ""),
        ('Select <img alt="the gear" src="g.png">.', "Select the gear ."),
        ("", ""),
    ],
)
def test_plain_is_what_shows(markdown: str, seen: str) -> None:
    assert plain(markdown) == seen


@pytest.mark.parametrize(
    "mark", ["[", "*", "_a", "`", "<", "![", "](", "<!--", "\\", "&", "[a](b "]
)
def test_plain_takes_many_unclosed_marks(mark: str) -> None:
    text = plain("word " + mark * 5000 + " end")
    assert text.startswith("word")
    assert text.endswith("end")


def test_without_tags_keeps_placeholders_and_alternative_texts() -> None:
    assert without_tags("<b>Set</b> <user principal name>") == " Set  <user principal name>"
    assert without_tags("x<img src='a b.png' alt='the cat'>y") == "x the cat y"
    assert without_tags("a<!-- one --><!-- two\nlines -->b") == "a  b"
    assert without_tags("2 < 3 <!-- open") == "2 < 3 <!-- open"


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ('<img src="a b.png" alt="the cat">', "![the cat](a%20b.png)"),
        ("<IMG alt=cat src=x_(1).png />", "![cat](x_%281%29.png)"),
        ('<img src="data:image/png;base64,AA" alt="cat">', "cat"),
        ("<img alt='cat'>", "cat"),
    ],
)
def test_html_images_become_markdown_where_they_have_an_address(html: str, markdown: str) -> None:
    assert without_tags(html_images_as_markdown(html)).strip() == markdown


@pytest.mark.parametrize(
    ("address", "absolute"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("HTTPS://a.example/x.md", "HTTPS://a.example/x.md"),
        ("mailto:help@a.example", "mailto:help@a.example"),
        ("ms-settings:privacy", "ms-settings:privacy"),
        ("other.md", "https://learn.example/docs/other"),
        ("../other.md?view=a#top", "https://learn.example/other?view=a#top"),
        ("/teams/setup", "https://learn.example/teams/setup"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("#steps", "https://learn.example/docs/page#steps"),
        ("javascript:alert(1)", None),
        ("C:\\docs\\a.md", None),
        ("//[broken", None),
        ("https://[broken", None),
        ("", None),
    ],
)
def test_addresses_become_absolute(address: str, absolute: str | None) -> None:
    assert resolve_address(address, BASE) == absolute


@pytest.mark.parametrize("address", ["other.md", "/teams", "#steps", "//cdn.example/x", ""])
def test_without_a_base_no_relative_address_is_known(address: str) -> None:
    assert resolve_address(address, None) is None


@pytest.mark.parametrize(
    ("markdown", "resolved", "without_base"),
    [
        ("See [A](a.md).", "See [A](https://learn.example/docs/a).", "See A."),
        ("[A](a.md 'T') [B](b.md)", None, "A B"),
        ("![icon](i.png)", "![icon](https://learn.example/docs/i.png)", "icon"),
        ("[A [1]](a.md)", "[A [1]](https://learn.example/docs/a)", "A [1]"),
        (
            "[![i](i.png)](https://a.example)",
            "[![i](https://learn.example/docs/i.png)](https://a.example)",
            "[i](https://a.example)",
        ),
        ("[A](https://a.example/(x) 'T')", "[A](https://a.example/(x) 'T')", None),
        ("`[A](a.md)`", "`[A](a.md)`", "`[A](a.md)`"),
        ("[A](a.md", "[A](a.md", "[A](a.md"),
        ("(a.md)[A] [A] (a.md) [[A](", "(a.md)[A] [A] (a.md) [[A](", "(a.md)[A] [A] (a.md) [[A]("),
        ("[A](//[x)", "A", "A"),
        ("[A](javascript:x)", "A", "A"),
        ("[A]()", "A", "A"),
    ],
)
def test_links_are_resolved_or_leave_their_label(
    markdown: str, resolved: str | None, without_base: str | None
) -> None:
    if resolved is not None:
        assert resolve_links(markdown, BASE) == resolved
    if without_base is not None:
        assert resolve_links(markdown, None) == without_base


def test_references_get_their_address() -> None:
    addresses = {"HELP PAGE": "help.md", "1": "https://a.example/(1)"}
    text = "[Ask][help  Page], [1], [None][x], [a](b.md), `[1]` and ![icon][1]"
    assert resolve_references(text, addresses) == (
        "[Ask](help.md), [1](https://a.example/%281%29), [None][x], [a](b.md), `[1]`"
        " and ![icon](https://a.example/%281%29)"
    )
