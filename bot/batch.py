"""Many questions at once: JSON lines in, JSON lines out.

In: `{"q": TEXT, "locale": client's locale, optional}`. Out, for each line in its place:
`{"q", "language", "outcome", "article", "locale", "score", "hits", "ms"}`. `article` is the id of
the article shown or suggested first, `locale` the one it is shown in (both null where the outcome
is "none"), `score` the best hit's (0 without one), `hits` up to ten articles, best first, as
`{"article", "locale", "score"}`, `ms` the milliseconds it took. A line that is no question gives
`{"error"}`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bot.answer import Answer, Answerer, Asker, encodable


def answer_lines(lines: Iterable[str], answerer: Answerer) -> Iterator[str]:
    """One line of JSON for each line that isn't blank, in order."""
    for number, line in enumerate(lines, 1):
        text = line.strip("\ufeff \t\r\n")  # a file from Windows may begin with a BOM
        if text:
            yield encodable(json.dumps(_answered(number, text, answerer), ensure_ascii=False))


def timed(ask: Callable[[], Answer]) -> tuple[Answer, float]:
    """An answer, and how many milliseconds it took."""
    start = time.perf_counter()
    answer = ask()
    return answer, (time.perf_counter() - start) * 1000


def to_dict(answer: Answer, milliseconds: float) -> dict[str, Any]:
    """An answer as the batch format gives it."""
    best = answer.hits[0] if answer.hits else None
    shown = best if answer.outcome != "none" else None
    return {
        "q": answer.question,
        "language": answer.language,
        "outcome": answer.outcome,
        "article": shown.article_id if shown else None,
        "locale": shown.locale if shown else None,
        "score": round(best.score, 4) if best else 0.0,
        "hits": [
            {"article": hit.article_id, "locale": hit.locale, "score": round(hit.score, 4)}
            for hit in answer.hits
        ],
        "ms": round(milliseconds, 2),
    }


def _answered(number: int, line: str, answerer: Answerer) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"error": f"line {number} is not JSON: {error}"}
    if not isinstance(fields, dict) or not isinstance(fields.get("q"), str):
        return {"error": f'line {number} is not a question: it needs {{"q": "..."}}'}
    hint = fields.get("locale")
    if hint is not None and not isinstance(hint, str):
        return {"error": f"line {number}: locale must be a string such as tr-TR, or left out"}
    answer, milliseconds = timed(lambda: answerer.answer(fields["q"], Asker(client=hint)))
    return {**to_dict(answer, milliseconds), "q": fields["q"]}
