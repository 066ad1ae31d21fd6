"""What a translator or an editor should look at: findings about articles that can be read.

Each finding is of a kind; numbers and links are compared sentence by sentence with the English
beside them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal
from urllib.parse import urlsplit

from corpus.alignment import differing_blocks
from corpus.article import ENGLISH, Article, Segment
from corpus.inline import plain

Kind = Literal["untranslated", "numbers", "links", "order", "structure"]

# A sentence with fewer common words may well be the same in both languages: the name of a product,
# a command to type.
_FEWEST_WORDS = 3
_COMMON_WORD = re.compile(r"(?<![\w-])[a-z]{2,}(?![\w-])")
# Smaller numbers are written as words, and as months (5月), as languages like it.
_LEAST_NUMBER = 13
_ADDRESS = re.compile(r"\]\(\s*<?([^\s()<>]+)>?")
_CODE_OR_ADDRESS = re.compile(r"`[^`]*`|\]\([^()]*\)|https?://\S+|<[^<>]*>")
# Between the digits of one number; spaces may be no-break ones.
_GROUPING = re.compile(r"(?<=\d)[.,'\u00a0\u202f\u066c](?=\d{3}(?!\d))")
_NUMBER = re.compile(r"\d+(?:[.,\u066b]\d+)?")
_LOCALE_IN_PATH = re.compile(r"/[a-z]{2}(?:-[a-z]{2,4}){1,2}(?=/|\Z)", re.IGNORECASE)
# Articles that have this share of their runs of words in common say the same.
_SAME = 0.8
_RUN = 5
# A run of words that so many articles have is a phrase of the house, and tells nothing.
_COMMON_RUN = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be looked at in an article: its kind, one sentence, and the segment, if one."""

    kind: Kind
    message: str
    segment: str = ""


def review(article: Article) -> Iterator[Finding]:
    """What can be seen in one article alone."""
    if article.locale != ENGLISH:
        for segment in article.segments:
            yield from _compared(segment)
    yield from _steps_out_of_order(article)


def compare(localized: Article, english: Article) -> Iterator[Finding]:
    """What can be seen in a localized article that has no English of its own beside it."""
    if any(segment.source is not None for segment in localized.segments):
        return
    differing = differing_blocks(localized, english)
    if differing:
        first = differing[0]
        yield Finding(
            "structure",
            f"is built otherwise than the English one: {len(differing)} blocks have no "
            f"counterpart, first the {first.kind} {_quoted(first.text)}.",
        )


def near_duplicates(articles: Sequence[Article]) -> Iterator[tuple[str, str, float]]:
    """The pairs of ids, of articles of one locale, that say the same, with the share (0.8..1) of
    their runs of five words that both have (Jaccard).
    """
    runs = {article.id: _runs(article) for article in articles}
    holders: defaultdict[int, list[str]] = defaultdict(list)
    for article_id, own in runs.items():
        for run in own:
            holders[run].append(article_id)
    shared: Counter[tuple[str, str]] = Counter()
    for names in holders.values():
        if 1 < len(names) <= _COMMON_RUN:
            shared.update((a, b) for place, a in enumerate(names) for b in names[place + 1 :])
    for (a, b), count in sorted(shared.items()):
        share = count / (len(runs[a]) + len(runs[b]) - count)
        if share >= _SAME:
            yield a, b, share


def missing_locales(ids: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, list[str]]]:
    """The ids that some locales have and others lack, with those; `ids` are known by locale."""
    held = {locale: set(names) for locale, names in ids.items()}
    for article_id in sorted(set().union(*held.values())):
        lacking = sorted(locale for locale, names in held.items() if article_id not in names)
        if lacking:
            yield article_id, lacking


def _compared(segment: Segment) -> Iterator[Finding]:
    target, source = segment.text, segment.source
    if source is None:
        return
    if is_untranslated(segment):
        text = f"is not translated: {_quoted(plain(source))}."
        yield Finding("untranslated", text, segment.id)
        return
    numbers, expected = _numbers(target), _numbers(source)
    if numbers != expected:
        told = f"{_listed(numbers)} for {_listed(expected)}"
        yield Finding("numbers", f"says {told}: {_quoted(plain(target))}.", segment.id)
    links, linked = _links(target), _links(source)
    if links != linked:
        told = f"{_listed(links)} for {_listed(linked)}"
        yield Finding("links", f"leads to {told}: {_quoted(plain(target))}.", segment.id)


def is_untranslated(segment: Segment) -> bool:
    """Whether a sentence says nothing in its own language, or what its English says."""
    if segment.source is None:
        return False
    seen, original = plain(segment.text), plain(segment.source)
    if not seen:
        return bool(original)
    words = _COMMON_WORD.findall(_CODE_OR_ADDRESS.sub(" ", original))
    return seen.casefold() == original.casefold() and len(words) >= _FEWEST_WORDS


def _numbers(markdown: str) -> Counter[str]:
    """How often each number from 13 is said, in digits of any script; not those in code and in
    addresses.
    """
    text = _GROUPING.sub("", _CODE_OR_ADDRESS.sub(" ", markdown))
    numbers = (_digits(number) for number in _NUMBER.findall(text))
    return Counter(number for number in numbers if float(number) >= _LEAST_NUMBER)


def _digits(number: str) -> str:
    return "".join(str(int(c)) if c.isdigit() else "." for c in number)


def _links(markdown: str) -> Counter[str]:
    """How often each address is linked to, whatever the locale in it."""
    return Counter(_address(found) for found in _ADDRESS.findall(markdown))


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    return f"{parts.netloc}{_LOCALE_IN_PATH.sub('', parts.path).rstrip('/')}?{parts.query}"


def _steps_out_of_order(article: Article) -> Iterator[Finding]:
    numbers: defaultdict[int, list[int]] = defaultdict(list)
    for block in article.blocks:
        if block.kind == "heading":
            numbers.clear()
        elif block.kind == "step":
            numbers[block.level].append(int(block.label))
            for deeper in [level for level in numbers if level > block.level]:
                del numbers[deeper]
            for last, this in pairwise(numbers[block.level][-2:]):
                if this not in (last + 1, 1):
                    text = f"step {this} comes after step {last}: {_quoted(plain(block.text))}."
                    yield Finding("order", text, block.segments[0].id)


def _runs(article: Article) -> set[int]:
    words = " ".join(plain(segment.text) for segment in article.segments).casefold().split()
    return {hash(tuple(words[n : n + _RUN])) for n in range(max(len(words) - _RUN + 1, 1))}


def _listed(counted: Counter[str]) -> str:
    return ", ".join(sorted(counted.elements())) or "nothing"


def _quoted(text: str) -> str:
    return f"“{text if len(text) <= 60 else text[:57] + '…'}”"
