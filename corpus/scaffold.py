"""Side-by-side Markdown out of English Markdown: the same file, with a place for the translation
of every sentence beside it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator

from corpus.bilingual import Pair, as_spans
from corpus.front_matter import split_front_matter

# What a line begins with that is no part of its text: the marks of headings, lists and quotes.
_MARKS = re.compile(r"\s*(?:>\s?)*(?:#{1,6}\s+|\d+[.)]\s+|[-*+]\s+)?")
_ALERT = re.compile(r"\[!\w+\]\s*")
_RULE = re.compile(r"[-*_\s|:]*")
# A sentence ends at a mark before a space and what a sentence begins with.
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])[*)”\"]*\s+(?=[*_`\[“\"(]*[A-Z0-9])")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_FIRST_NUMBER = 101

_NEW_ARTICLE = """---
title: {title}
locale: en-US
updated: {updated}
---
# {title}

Say in one or two sentences what this article is for.

1. Write each step as one sentence. Begin it with what to do.

2. Put names of buttons and menus in bold, as in **Settings**.

> [!NOTE]
> Say here what is easily overlooked.

If this doesn't help, contact the helpdesk.
"""


def new_article(title: str, updated: str) -> str:
    """An English article to fill in. `updated` is an ISO 8601 date."""
    return _NEW_ARTICLE.format(title=title, updated=updated)


def side_by_side_markdown(
    english: str, name: str, locale: str, translate: Callable[[str], str] = lambda _: ""
) -> str:
    """The file of a locale (BCP 47) for an English one. `name` is the article's id, from which the
    sentences' ids are made; `translate` gives the translation of a sentence, "" where there is
    none yet.
    """
    front = english[: len(english) - len(split_front_matter(english).body)]
    prefix = hashlib.blake2b(name.encode(), digest_size=3).hexdigest()[:5]
    numbers = iter(range(_FIRST_NUMBER, 10**6))

    def pair(sentence: str) -> str:
        own_id = f"{prefix}-{next(numbers)}"
        return as_spans(Pair(own_id, translate(sentence), sentence))

    body = "\n".join(_lines(english[len(front) :].split("\n"), pair))
    return _own_front_matter(front, locale, translate) + body


def sentences(text: str) -> list[str]:
    """The sentences of a line of English Markdown."""
    ends = [match.end() for match in _END_OF_SENTENCE.finditer(text)]
    cut = [text[a:b].strip() for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]
    return [sentence for sentence in cut if sentence]


def _lines(lines: list[str], pair: Callable[[str], str]) -> Iterator[str]:
    in_code = False
    for line in lines:
        if _FENCE.match(line):
            in_code = not in_code
            yield line
            continue
        marks = _MARKS.match(line)
        beginning = marks.group() if marks else ""
        text = line[len(beginning) :]
        if in_code or _RULE.fullmatch(text) or _ALERT.fullmatch(text):
            yield line
        elif text.startswith("|"):
            yield beginning + _row(text, pair)
        else:
            yield beginning + " ".join(pair(sentence) for sentence in sentences(text))


def _row(text: str, pair: Callable[[str], str]) -> str:
    cells = [cell.strip() for cell in text.strip().strip("|").split("|")]
    return "|" + "|".join(pair(cell) if cell else "" for cell in cells) + "|"


def _own_front_matter(front: str, locale: str, translate: Callable[[str], str]) -> str:
    def line(match: re.Match[str]) -> str:
        if match["key"] == "locale":
            return f"locale: {locale}"
        return f"title: {translate(match['value']) or match['value']}"

    return re.sub(r"^(?P<key>title|locale):\s*(?P<value>.*)$", line, front, flags=re.MULTILINE)
