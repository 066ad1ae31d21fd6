"""Reads folders of articles: Markdown, HTML pages (`corpus.html`), XLIFF (`corpus.xliff`).

A corpus is a folder with one folder per locale (`tr-TR/reset-password.md`), or loose files whose
front matter names their locale. English plain files stand in `en-US/`. What is known of the
format, and where it comes from (more in `files`, `front_matter`, `bilingual` and `blocks`):

- The locale is `ms.contentlocale` or `locale` of the front matter, else the locale folder's name,
  else the language that an HTML page or an XLIFF file names.
- The locale folder is the outermost one below the root, or the root itself, that is named by a
  language tag with a region or a script (`tr-TR`), else one that is named by a two-letter language
  (`it`), else the nearest above the root that is named by a tag with a region or a script.
- The id is the path below the locale folder without its suffix. A loose file's id is its
  `ms.assetid`, else the anchor of its first heading, else its path below the root.
- The title is the first level-1 heading; `title` of the front matter is often poorer.
- Relative links are resolved against the page's own address: `url` of the front matter, else the
  id below `base_url` of the front matter, else the id below the configured base.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin

import langcodes
from langcodes.tag_parser import LanguageTagError

from corpus.article import ENGLISH, Article, Block
from corpus.bilingual import Pair, fold, unpaired
from corpus.blocks import read_blocks
from corpus.files import (
    HTML,
    MARKDOWN,
    SUFFIXES,
    Problem,
    Root,
    Source,
    Texts,
    UnreadableFile,
    corpus_files,
    readable,
)
from corpus.front_matter import FrontMatter, split_front_matter
from corpus.html import markdown_of_html
from corpus.inline import plain, urlsplit_scheme
from corpus.xliff import Xliff, XliffError, markdown_of_xliff, read_xliff

__all__ = [
    "SUFFIXES",
    "Problem",
    "Reading",
    "Root",
    "Source",
    "UnreadableFile",
    "corpus_files",
    "normalise_locale",
    "read_corpus",
    "read_file",
]

_REGIONAL = re.compile(
    r"[a-z]{2,3}[-_](?:[a-z]{4}|(?:[a-z]{4}[-_])?(?:[a-z]{2}|\d{3}))", re.ASCII | re.IGNORECASE
)
_BARE = re.compile(r"[a-z]{2}", re.ASCII | re.IGNORECASE)
_TITLE_LENGTH = 80

Report = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came out of one file. `article` is None where it could not be read; `includes` tells
    whether it asks for other files, so that it may say something new though it did not change.
    """

    source: Source
    article: Article | None
    problems: tuple[Problem, ...]
    file_hash: str
    includes: bool = False


def read_corpus(
    roots: Iterable[Path | Root],
    base_url: str | None = None,
    on_problem: Callable[[Problem], None] | None = None,
) -> Iterator[Article]:
    """Every article below the given folders. An unreadable file is reported and passed over."""
    for source in corpus_files(roots):
        if source.is_fragment:
            continue
        reading = read_file(source, base_url)
        for problem in reading.problems:
            if on_problem:
                on_problem(problem)
        if reading.article:
            yield reading.article


def read_file(source: Source, base_url: str | None = None, known_hash: str = "") -> Reading:
    """Read one file. Where its hash is `known_hash` the article is not read again (None)."""
    problems: list[Problem] = []
    texts = Texts(source.root, problems)
    try:
        text = texts.read(source.path)
    except UnreadableFile as error:
        return Reading(source, None, (Problem(source.path, 1, str(error)),), "")
    markdown = source.path.suffix.lower() in MARKDOWN

    def report(line: int, message: str) -> None:
        # Of another format the lines are not those of the file.
        problems.append(Problem(source.path, line if markdown else 1, message))

    try:
        text = text if markdown else _converted(source, text, texts, report)
    except XliffError as error:
        return Reading(source, None, (Problem(source.path, 1, str(error)),), "")
    base_url = source.defaults.base_url or base_url
    said = f"{base_url}\0{source.defaults}\0{text}"
    digest = hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
    if digest == known_hash:
        return Reading(source, None, (), digest, texts.includes)

    article = _article(source, text, base_url, report)
    problems.extend(_halves(texts))
    return Reading(source, article, tuple(problems), digest, texts.includes)


def _converted(source: Source, text: str, texts: Texts, report: Report) -> str:
    """What another format says, as Markdown. Raises XliffError."""
    if source.path.suffix.lower() in HTML:
        return markdown_of_html(text)
    xliff = read_xliff(text)
    english = texts.beside(_originals(source, xliff))
    markdown, missing = markdown_of_xliff(xliff, english)
    for unit in missing:
        report(1, f"the English file does not say what unit {unit.id} translates: left out.")
    return markdown


def _originals(source: Source, xliff: Xliff) -> Iterator[Path]:
    """Where the English Markdown of an XLIFF file may be."""
    if xliff.original:
        yield source.path.parent / xliff.original
        yield source.root / xliff.original
    _, path_id = _place(source)
    for suffix in sorted(MARKDOWN):
        yield source.root / ENGLISH / f"{path_id or xliff.original_id}{suffix}"


def _halves(texts: Texts) -> Iterator[Problem]:
    """The halves of sentence pairs, each in the file in which it stands."""
    for path, text in texts.own:
        for line in unpaired(text):
            message = "half of a sentence pair: its other span is missing."
            yield Problem(path, line, message)


def _article(source: Source, text: str, base_url: str | None, report: Report) -> Article | None:
    meta = split_front_matter(text)
    if meta.problem:
        report(meta.problem_line, meta.problem)
    folder, path_id = _place(source)
    if source.defaults.locale and path_id is None:
        path_id = _loose_id(source)
    locale = (
        _own_locale(meta, report)
        or source.defaults.locale
        or folder
        or normalise_locale(meta.text("lang") or "")
    )
    if locale is None:
        report(1, "no locale: name it in the front matter (locale: tr-TR) or by the folder.")
        return None
    base = _base(meta, base_url, report)
    url = meta.text("url") or (urljoin(base, quote(path_id)) if base and path_id else None)
    folded, pairs = fold(meta.body)
    blocks = read_blocks(folded, pairs, url or base)
    if not blocks:
        report(meta.first_line, "no text below the front matter.")
        return None
    _report_hidden(pairs, blocks, text, report)
    article_id = path_id or meta.text("ms.assetid") or _anchor(blocks) or _loose_id(source)
    title = _title(meta, blocks)
    if not title:
        report(meta.first_line, "no title: add a level-1 heading (# Title).")
    return Article(
        id=article_id,
        locale=locale,
        title=title or plain(blocks[0].text)[:_TITLE_LENGTH] or article_id,
        blocks=blocks,
        url=url,
        updated=meta.date(),
        attribution=meta.text("attribution") or source.defaults.attribution,
    )


def _report_hidden(
    pairs: Sequence[Pair], blocks: Sequence[Block], text: str, report: Report
) -> None:
    """Report the pairs of which a page shows nothing: those in comments and in attributes."""
    shown = Counter(segment.id for block in blocks for segment in block.segments)
    hidden = Counter(pair.id for pair in pairs) - shown
    for pair_id in hidden:
        line = text.count("\n", 0, text.find(f'data-ttu-id="{pair_id}"')) + 1
        report(line, f"sentence pair {pair_id} stands where a page shows no text: left out.")


def _place(source: Source) -> tuple[str | None, str | None]:
    """The locale that a file's folders name, and its path below that folder; else None."""
    root = source.root.resolve().parts
    inside = source.inside.split("/")
    parts = (*root, *inside)
    below_root = range(len(root) - 1, len(parts) - 1)
    above_root = range(len(root) - 2, -1, -1)
    for pattern, places in ((_REGIONAL, below_root), (_BARE, below_root), (_REGIONAL, above_root)):
        for place in places:
            if pattern.fullmatch(parts[place]) and (locale := normalise_locale(parts[place])):
                return locale, _without_suffix(parts[place + 1 :])
    return None, None


def _without_suffix(parts: Sequence[str]) -> str:
    return readable("/".join(parts).removesuffix(Path(parts[-1]).suffix))


def _loose_id(source: Source) -> str:
    return _without_suffix(source.inside.split("/"))


def _own_locale(meta: FrontMatter, report: Report) -> str | None:
    """The locale that a file itself names."""
    named = meta.text("ms.contentlocale") or meta.text("locale")
    locale = normalise_locale(named) if named else None
    if named and locale is None:
        report(1, f"locale {named} is no language tag (as tr-TR is): the folder's name counts.")
    return locale


@functools.cache
def normalise_locale(tag: str) -> str | None:
    """The BCP 47 form of a locale tag ("zh_cn" -> "zh-CN"), or None where it is none."""
    try:
        standard = langcodes.standardize_tag(tag.strip())
    except LanguageTagError:
        return None
    if not langcodes.tag_is_valid(standard):
        return None
    return ENGLISH if standard == "en" else standard


def _base(meta: FrontMatter, base_url: str | None, report: Report) -> str | None:
    """The address below which articles have theirs, ended by a slash."""
    own = meta.text("base_url")
    if own and urlsplit_scheme(own) not in ("http", "https"):
        report(1, f"base_url {own} is no web address (https://…): it is left out.")
        own = None
    base = own or base_url
    return base.rstrip("/") + "/" if base else None


def _title(meta: FrontMatter, blocks: Sequence[Block]) -> str:
    headings = (block.text for block in blocks if block.kind == "heading" and block.level == 1)
    return plain(next(headings, "")) or plain(meta.text("title") or "")


def _anchor(blocks: Sequence[Block]) -> str | None:
    return next((b.label for b in blocks if b.kind == "heading" and b.label), None)
