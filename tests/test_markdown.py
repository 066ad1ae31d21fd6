from __future__ import annotations

import unicodedata

import pytest
from markdown_it import MarkdownIt

from bot.markdown import Run, card_markdown, card_text, runs

DAMAGED = [
    '选择 " **隐藏阅读窗格**中，选择 " ',
    "单击**“设置”**然后**“保存（全部）”**。",
    '操作***方法-保留 "启用***"。',
    "转到“**账单” > “[产品](https://e.com/a?x=1&y=2)”** 页面",
    "“**[任务栏](ms-settings:taskbar)” > “屏幕** 上的",
    "** Ayarlar ** ve **Kaydet'i **",
    "**a***b* and ***c***",
    "*open **and never shut",
    "[text] (https://e.com) and ](https://e.com)",
    "[x](javascript:alert) [[y](https://e.com/a_(b))",
    "# 1. - > `` ` ~~~ ~~x~~",
    "2. two",
    "2021. gada",
    "- dash",
    "---",
    "[1]: https://e.com",
    "> \\> &amp;lt; &lt;b&gt;",
    "\\\\\\\\server\\share\\ \\*",
    "<tenant name>.onmicrosoft.com <https://e.com>",
    "__init__ snake_case _x_ a_",
]


def seen(text: str) -> list[tuple[str, bool, str | None]]:
    """What a client shows of a TextBlock's text: each visible character, bold or not, its link."""
    tokens = MarkdownIt("js-default", {"html": False, "linkify": False}).parse(text)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    bold, href = False, None
    shown = []
    for token in tokens[1].children or []:
        if token.type in ("strong_open", "strong_close"):
            bold = token.type == "strong_open"
        elif token.type in ("link_open", "link_close"):
            href = str(token.attrs["href"]) if token.nesting == 1 else None
        shown += [(c, bold, href) for c in token.content if visible(c)]
    return shown


def visible(char: str) -> bool:
    return not char.isspace() and unicodedata.category(char) != "Cf"


def words(characters: list[tuple[str, bool, str | None]]) -> list[tuple[str, bool, str | None]]:
    """Without punctuation, whose style may change so that every client sees the marks."""
    return [character for character in characters if character[0].isalnum()]


@pytest.mark.parametrize("markdown", DAMAGED)
def test_a_client_shows_every_character_and_no_more(markdown: str) -> None:
    meant = [(c, r.bold, r.href) for r in runs(markdown) for c in r.text if visible(c)]
    shown = seen(card_markdown([markdown]))
    assert "".join(c for c, _, _ in shown) == "".join(c for c, _, _ in meant)
    assert words(shown) == words(meant)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Open **Settings** and *save*.", "Open **Settings** and *save*."),
        ("Run `Get-Mailbox *`", "Run **Get-Mailbox \\***"),
        ("[Go **there**](https://e.com/a)", "[Go](https://e.com/a) [**there**](https://e.com/a)"),
        ("[mail](mailto:a@e.com)", "[mail](mailto:a@e.com)"),
        ("[phone](tel:123), [file](guide.md)", "phone, file"),
        ("[x](javascript:alert)", "[x]\\(javascript:alert)"),
        ("Save<br/>now &amp; here", "Save now & here"),
        ("A&nbsp;B", "A\u00a0B"),
        ("<tenant>.com", "<tenant>.com"),
        ("see ![the tile](https://e.com/a.png)", "see *the tile*"),
        ("**open and never shut", "\\*\\*open and never shut"),
        ("单击**“设置”**然后", "单击“**设置**”然后"),
        ("1. one", "\u200b1. one"),
        ("- dash", "\u200b- dash"),
        ("# sharp", "\u200b# sharp"),
        ("1.5 hours", "1.5 hours"),
        ("-Identity", "-Identity"),
    ],
)
def test_markdown_is_written_anew(markdown: str, text: str) -> None:
    assert card_markdown([markdown]) == text


def test_damage_stays_in_its_sentence() -> None:
    assert card_markdown(["A ** lone mark.", "**Bold** still."]) == (
        "A \\*\\* lone mark. **Bold** still."
    )


def test_text_without_markdown_is_escaped() -> None:
    assert card_text("2. Use *.pst [files](x) & _more_") == (
        "\u200b2. Use \\*.pst [files]\\(x) & \\_more\\_"
    )


def test_runs() -> None:
    assert list(runs("a **b *c*** [d](https://e.com)")) == [
        Run("a "),
        Run("b ", bold=True),
        Run("c", bold=True, italic=True),
        Run(" "),
        Run("d", href="https://e.com"),
    ]
