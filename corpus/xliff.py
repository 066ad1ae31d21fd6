"""XLIFF 1.2 and 2.x to side-by-side Markdown: every unit's target beside its source.

Formats: https://docs.oasis-open.org/xliff/v1.2/os/xliff-core.html and
https://docs.oasis-open.org/xliff/xliff-core/v2.1/xliff-core-v2.1.html. What stands inside a text
(`g`, `x`, `ph`, `pc`, `mrk` ...) counts as the text it holds.

An XLIFF file knows sentences, and not what they are: heading, step or table. Where the English
Markdown that it was made from is in the corpus, each unit takes the place of its sentence there;
else the first unit is the title, and each other one a paragraph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.etree import ElementTree

import yaml

from corpus.bilingual import Pair, as_spans
from corpus.front_matter import split_front_matter


class XliffError(ValueError):
    """The file is no XLIFF that can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Xliff:
    """What an XLIFF file says: of which file it holds the sentences, and its target language. A
    unit's target is "" where it is not translated yet.
    """

    original: str
    language: str
    units: tuple[Pair, ...]

    @property
    def original_id(self) -> str:
        """The path of the original without its suffix."""
        return str(PurePosixPath(self.original.replace("\\", "/")).with_suffix(""))


def read_xliff(text: str) -> Xliff:
    """Read a file. Raises XliffError for one that is none, or that holds several documents."""
    try:
        # Expat 2.4.1 and later bound what entities grow to, and none is fetched from outside.
        root = ElementTree.fromstring(text.encode())  # noqa: S314
    except ElementTree.ParseError as error:
        raise XliffError(f"is no XML: {error}.") from error
    if _name(root) != "xliff":
        raise XliffError(f"is no XLIFF: its root is <{_name(root)}>.")
    files = [child for child in root if _name(child) == "file"]
    if len(files) != 1:
        raise XliffError(f"holds {len(files)} documents: export one file for each.")
    [file] = files
    language = file.get("target-language") or root.get("trgLang") or ""
    units = [unit for element in file.iter() for unit in _units(element)]
    original = file.get("original") or file.get("id") or ""
    return Xliff(original, language, tuple(unit for unit in units if unit.source))


def markdown_of_xliff(xliff: Xliff, english: str | None = None) -> tuple[str, list[Pair]]:
    """The sentences as side-by-side Markdown, in the places that they have in the English Markdown
    where that is given; and the units that have none there.
    """
    front = {"lang": xliff.language, "ms.assetid": xliff.original_id}
    head = f"---\n{yaml.safe_dump(front, allow_unicode=True)}---\n"
    if english is None:
        first, *others = (as_spans(unit) for unit in xliff.units) if xliff.units else ("",)
        return head + "\n\n".join([f"# {first}", *others]) + "\n", []
    body = split_front_matter(english).body
    missing = []
    place = 0
    for unit in xliff.units:
        # They come in order; one that does not is looked for from the beginning.
        found = body.find(unit.source, place)
        found = found if found >= 0 else body.find(unit.source)
        if found < 0:
            missing.append(unit)
            continue
        pair = as_spans(unit)
        body = body[:found] + pair + body[found + len(unit.source) :]
        place = found + len(pair)
    return head + body, missing


def _units(element: ElementTree.Element) -> Iterator[Pair]:
    name, own_id = _name(element), element.get("id") or ""
    if name == "trans-unit":
        yield Pair(own_id, _text(element, "target"), _text(element, "source"))
    elif name == "unit":
        segments = [child for child in element if _name(child) == "segment"]
        for number, segment in enumerate(segments):
            segment_id = f"{own_id}-{segment.get('id') or number}" if len(segments) > 1 else own_id
            yield Pair(segment_id, _text(segment, "target"), _text(segment, "source"))


def _text(element: ElementTree.Element, name: str) -> str:
    found = next((child for child in element if _name(child) == name), None)
    return " ".join("".join(found.itertext()).split()) if found is not None else ""


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
