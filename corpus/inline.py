"""Inline Markdown: what a reader sees of it, and where its links lead.

Machine translation damages Markdown (a lone `**`, a swapped bracket), so nothing here parses:
well-formed marks are taken out or rewritten, anything else is left standing as text.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin, urlsplit

_LABEL = r"((?:[^\[\]]|\[[^\[\]]*\])*)"
_TARGET = r"\(\s*<?((?:[^\s()<>]|\([^\s()]*\))*)>?(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
_LINK = re.compile(rf"(!?)\[{_LABEL}\]{_TARGET}")
_TAG = re.compile(
    r"<!--.*?-->"
    r"|</?(?:a|b|br|code|details|div|em|h[1-6]|i|img|kbd|li|ol|p|pre|s|small|span|strong|sub"
    r"|summary|sup|table|tbody|td|th|thead|tr|u|ul)\b[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_MARKS = re.compile(r"`+|\*{1,3}|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)|\\(?=[!-/:-@\[-`{-~])")
_SPACE = re.compile(r"\s+")
_ABSOLUTE = frozenset({"http", "https", "mailto", "tel", "ms-settings", "ftp"})


def plain(markdown: str) -> str:
    """The text that a reader sees, on one line: no marks, tags, addresses or entities."""
    text = _LINK.sub(r"\2", markdown) if "](" in markdown else markdown
    if "<" in text:
        text = _TAG.sub(" ", text)
    return _SPACE.sub(" ", html.unescape(_MARKS.sub("", text))).strip()


def without_tags(markdown: str) -> str:
    """The Markdown without HTML tags and comments; `<placeholder>` words stay."""
    return _TAG.sub(" ", markdown)


def resolve_links(markdown: str, base: str | None) -> str:
    """Make relative links absolute against `base`; without a base their label stays as text.

    Anything that isn't a well-formed link is left as it is.
    """
    if "](" not in markdown:
        return markdown
    return _LINK.sub(lambda match: _resolved(match, base), markdown)


def resolve_address(address: str, base: str | None) -> str | None:
    """The absolute form of a link's address, or None where there is no base to give one."""
    if urlsplit_scheme(address) in _ABSOLUTE:
        return address
    if base is None or urlsplit_scheme(address):
        return None
    path, hash_sign, anchor = address.partition("#")
    return urljoin(base, path.removesuffix(".md") + hash_sign + anchor)


def urlsplit_scheme(address: str) -> str:
    """The scheme of an address in lower case, or "" where it has none or can't be read."""
    try:
        return urlsplit(address.strip()).scheme.lower()
    except ValueError:
        return ""


def _resolved(match: re.Match[str], base: str | None) -> str:
    image, label, address = match.groups()
    absolute = resolve_address(address, base)
    if absolute == address:
        return match.group(0)
    return label if absolute is None else f"{image}[{label}]({absolute})"
