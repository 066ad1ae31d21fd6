"""Inline Markdown: what a reader sees of it, and where its links lead.

Machine translation damages Markdown (a lone `**`, a swapped bracket). Marks that have lost their
partner are no text and are dropped; anything else that is not well formed is left standing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from urllib.parse import urljoin, urlsplit

from corpus.markdown import Token, inline_tokens

_CODE = r"(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"
_LABEL = r"(?P<label>(?:[^\[\]]|\[[^\[\]]*\])*)"
_TARGET = r"\(\s*<?(?P<address>(?:[^\s()<>]|\([^\s()]*\))*)>?(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
_LINK = re.compile(rf"{_CODE}|(?P<image>!?)\[{_LABEL}\]{_TARGET}", re.DOTALL)
_REFERENCE = re.compile(rf"{_CODE}|\[{_LABEL}\](?:\[(?P<name>[^\[\]]*)\])?(?![(\[])", re.DOTALL)
_TAG = re.compile(
    r"<!--(?:(?!<!--).)*?-->"
    r"|</?(?:a|b|br|code|details|div|em|h[1-6]|i|(?P<img>img)|kbd|li|ol|p|pre|s|small|span|strong"
    r"|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul)\b[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = r"""\s{}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
_ALT = re.compile(_ATTRIBUTE.format("alt"), re.IGNORECASE)
_SRC = re.compile(_ATTRIBUTE.format("src"), re.IGNORECASE)
_MARKUP = re.compile(r"[*_`\\<&\[]")
_TEXT = ("text", "text_special")
_LONE_IN_WORD = re.compile(r"(?<=\w)\*{2,}(?=\w)")
_LONE = re.compile(r"\*{2,}")
_ABSOLUTE = frozenset({"http", "https", "mailto", "tel", "ms-settings", "ftp"})
_PAGE_SUFFIX = re.compile(r"\.md(?=[?#]|\Z)")


def plain(markdown: str) -> str:
    """The text that a reader sees, on one line: no marks, tags, addresses or entities."""
    if _MARKUP.search(markdown):
        runs = groupby(inline_tokens(markdown), key=lambda token: token.type in _TEXT)
        markdown = "".join(_seen(tokens, is_text) for is_text, tokens in runs)
    return " ".join(markdown.split())


def _seen(tokens: Iterable[Token], is_text: bool) -> str:
    text = "".join(_visible(token) for token in tokens)
    return _LONE.sub("", _LONE_IN_WORD.sub(" ", text)) if is_text else text


def _visible(token: Token) -> str:
    match token.type:
        case "softbreak" | "hardbreak":
            return " "
        case "html_inline":
            return without_tags(token.content)
        case "image":
            return plain(token.content)
        case _:
            return token.content


def without_tags(markdown: str) -> str:
    """The Markdown without HTML tags and comments; `<placeholder>` words stay.

    Of an image its alternative text stays.
    """
    return _TAG.sub(
        lambda tag: f" {_attribute(_ALT, tag.group())} " if tag["img"] else " ", markdown
    )


def html_images_as_markdown(html: str) -> str:
    """The HTML with images that have an address written as Markdown images."""
    return _TAG.sub(lambda tag: _markdown_image(tag.group()) if tag["img"] else tag.group(), html)


def _markdown_image(tag: str) -> str:
    address = _attribute(_SRC, tag)
    if not address or urlsplit_scheme(address) == "data":
        return tag
    return f"![{_attribute(_ALT, tag)}]({in_parentheses(address)})"


def _attribute(pattern: re.Pattern[str], tag: str) -> str:
    found = pattern.search(tag)
    return next(filter(None, found.groups()), "") if found else ""


def in_parentheses(address: str) -> str:
    """An address that can stand in the parentheses of a Markdown link."""
    return address.replace(" ", "%20").replace("(", "%28").replace(")", "%29")


def resolve_links(markdown: str, base: str | None) -> str:
    """Make relative links absolute against `base`; without a base their label stays as text.

    Code, and anything that isn't a well-formed link, is left as it is.
    """
    if "](" not in markdown:
        return markdown
    return _LINK.sub(lambda match: _resolved(match, base), markdown)


def _resolved(match: re.Match[str], base: str | None) -> str:
    if match["ticks"]:
        return match.group()
    label = resolve_links(match["label"], base)
    absolute = resolve_address(match["address"], base)
    if absolute is None:
        return label
    if (label, absolute) == (match["label"], match["address"]):
        return match.group()
    return f"{match['image']}[{label}]({absolute})"


def resolve_references(markdown: str, addresses: Mapping[str, str]) -> str:
    """Write `[label][name]` and `[name]` as `[label](address)`, where the name has an address.

    The names in `addresses` are in upper case, with single spaces.
    """
    return _REFERENCE.sub(lambda match: _with_address(match, addresses), markdown)


def _with_address(match: re.Match[str], addresses: Mapping[str, str]) -> str:
    if match["ticks"]:
        return match.group()
    name = " ".join((match["name"] or match["label"]).split())
    address = addresses.get(name.lower().upper())
    return f"[{match['label']}]({in_parentheses(address)})" if address else match.group()


def resolve_address(address: str, base: str | None) -> str | None:
    """The absolute form of a link's address, or None where there is no base to give one."""
    if urlsplit_scheme(address) in _ABSOLUTE:
        return address
    if base is None or not address or urlsplit_scheme(address):
        return None
    try:
        return urljoin(base, _PAGE_SUFFIX.sub("", address))
    except ValueError:
        return None


def urlsplit_scheme(address: str) -> str:
    """The scheme of an address in lower case, or "" where it has none or can't be read."""
    try:
        return urlsplit(address.strip()).scheme.lower()
    except ValueError:
        return ""
