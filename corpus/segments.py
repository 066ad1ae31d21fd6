"""From the text of one paragraph, cell or code block to segments.

What stands outside the pairs in a bilingual file is the same in both languages (link addresses,
code, product names in tables), so its source is itself; in a plain file there is no source.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from corpus.article import Segment
from corpus.bilingual import MARK, Pair
from corpus.inline import (
    in_parentheses,
    plain,
    resolve_address,
    resolve_links,
    resolve_references,
    without_tags,
)
from corpus.markdown import Token, inline_tokens

# The marks before a text, and those after it.
_Wrap = tuple[str, str]


@dataclass(slots=True)
class Segmenter:
    """Makes the segments of one article, and numbers those that have no id of their own.

    `base` is what relative links are resolved against, `references` the addresses of the links
    that the file defines, by their labels.
    """

    pairs: Sequence[Pair]
    base: str | None
    references: Mapping[str, str]
    _unnamed: int = 0

    def inline(self, content: str) -> tuple[Segment, ...]:
        """The segments of inline Markdown: one for each pair, one for each text between them."""
        if self.references:
            content = resolve_references(content, self.references)
        if MARK.search(content):
            return self._named(_with_punctuation(self._pieces(content)))
        text = resolve_links(content.strip(), self.base)
        return self._named([self._outside(text)]) if plain(text) or "![" in text else ()

    def code(self, content: str) -> tuple[Segment, ...]:
        """The segments of code: a line with a pair is one, as are the lines between them."""
        lines = content.rstrip("\n").split("\n")
        found: list[Segment] = []
        for holds_pair, group in groupby(lines, key=lambda line: bool(MARK.search(line))):
            if holds_pair:
                found.extend(segment for line in group for segment in self._code_line(line))
            elif (text := "\n".join(group)).strip():
                found.append(self._outside(text))
        return self._named(found)

    def _code_line(self, line: str) -> Iterator[Segment]:
        parts = MARK.split(line)
        for place in range(1, len(parts), 2):
            pair, before = self.pairs[int(parts[place])], parts[place - 1]
            after = parts[-1] if place == len(parts) - 2 else ""
            target, source = before + pair.target + after, before + pair.source + after
            yield Segment(pair.id, target, source)

    def _pieces(self, content: str) -> Iterator[Segment]:
        for (before, after), runs in groupby(self._runs(content), key=itemgetter(0)):
            parts = MARK.split("".join(text for _, text in runs))
            for place, part in enumerate(parts):
                if place % 2:
                    pair = self.pairs[int(part)]
                    target, source = (
                        f"{before}{resolve_links(text.strip(), self.base)}{after}"
                        for text in (pair.target, pair.source)
                    )
                    yield Segment(pair.id, target, source)
                elif text := " ".join(part.split()):
                    yield self._outside(f"{before}{text}{after}")

    def _runs(self, content: str) -> Iterator[tuple[_Wrap, str]]:
        """The texts of inline tokens, each with the marks that stand around it."""
        around: list[_Wrap] = []
        for token in inline_tokens(content):
            if token.nesting == 1:
                around.append(self._marks(token))
            elif token.nesting == -1:
                around.pop()
            else:
                own, text = self._leaf(token)
                wraps = [*around, own]
                before = "".join(opening for opening, _ in wraps)
                yield (before, "".join(closing for _, closing in reversed(wraps))), text

    def _marks(self, token: Token) -> _Wrap:
        if token.type != "link_open":
            return token.markup, token.markup
        return self._link_marks(token, "href", "[")

    def _link_marks(self, token: Token, attribute: str, opening: str) -> _Wrap:
        address = resolve_address(str(token.attrs.get(attribute, "")), self.base)
        return (opening, f"]({in_parentheses(address)})") if address else ("", "")

    def _leaf(self, token: Token) -> tuple[_Wrap, str]:
        """A token's text, and the marks that are to stand around each sentence in it."""
        match token.type:
            case "softbreak" | "hardbreak":
                return ("", ""), " "
            case "text_special":
                return ("", ""), " " if token.content.isspace() else token.markup
            case "html_inline":
                return ("", ""), without_tags(token.content)
            case "code_inline":
                return _spread(_code_marks(token), token.content)
            case "image":
                return _spread(self._link_marks(token, "src", "!["), token.content)
            case _:
                return ("", ""), token.content

    def _outside(self, text: str) -> Segment:
        """A segment for text that stands in no pair."""
        return Segment("", text, text if self.pairs else None)

    def _named(self, segments: Iterable[Segment]) -> tuple[Segment, ...]:
        return tuple(segment if segment.id else self._numbered(segment) for segment in segments)

    def _numbered(self, segment: Segment) -> Segment:
        self._unnamed += 1
        return dataclasses.replace(segment, id=f"t{self._unnamed}")


def _spread(marks: _Wrap, content: str) -> tuple[_Wrap, str]:
    """Marks around a text that holds pairs are to stand around each of them."""
    if MARK.search(content):
        return marks, content
    before, after = marks
    return ("", ""), f"{before}{content}{after}"


def _code_marks(token: Token) -> _Wrap:
    # A space keeps backticks of the code from those around it.
    space = " " if "`" in (token.content[:1], token.content[-1:]) else ""
    return token.markup + space, space + token.markup


def _with_punctuation(segments: Iterable[Segment]) -> list[Segment]:
    """Join what holds no word (a full stop, a bracket, a dash) to the segment before it."""
    joined: list[Segment] = []
    for segment in segments:
        wordless = not segment.id and not any(c.isalnum() for c in plain(segment.text))
        if wordless and joined:
            last = joined[-1]
            source = None if last.source is None else last.source + (segment.source or "")
            joined[-1] = Segment(last.id, last.text + segment.text, source)
        else:
            joined.append(segment)
    return joined
