"""The same questions through us and our peers: `python -m bot.language.peers QUESTIONS...`.

- langdetect as its documentation shows it, seeded;
- lid.176 in its small form, and lingua: both held to the languages of our locales;
- ours without any hint; with the client's locale, which is right in half the cases and en-US in
  the others; and with a client's locale that is always another language's.

pt-BR and pt-PT count as one language, as do zh-CN and zh-TW; the last column says how often ours
tells these apart. Needs the extra `peers`.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import langdetect
import numpy as np
from langdetect.lang_detect_exception import LangDetectException
from lingua import IsoCode639_1, LanguageDetectorBuilder
from rich.console import Console
from rich.table import Column, Table

from bot.language.detection import Detector
from bot.language.lid176 import Lid176
from bot.language.negotiation import language_of
from bot.strings import supported_locales
from corpus.article import ENGLISH
from index.evaluation import Question, read_questions, same_language

SEED = 0
STYLES = ("natural", "keywords", "sloppy", "mixed")
_CONFUSIONS = 12

# The locale or language of a question.
Identify = Callable[[Question], str]


def peers() -> dict[str, Identify]:
    """The systems to compare, by name."""
    locales = supported_locales()
    ours = Detector.load()
    rng = random.Random(SEED)

    def with_client(question: Question) -> str:
        client = rng.choice((question.locale, ENGLISH))
        return ours.detect(question.text, locales, client, ()).locale

    def with_wrong_client(question: Question) -> str:
        others = [locale for locale in locales if not same_language(locale, question.locale)]
        return ours.detect(question.text, locales, rng.choice(others), ()).locale

    return {
        "langdetect": _langdetect(),
        "lid.176": _lid176(),
        "lingua": _lingua(),
        "ours": lambda question: ours.detect(question.text, locales, None, ()).locale,
        "ours, client right in half": with_client,
        "ours, client always wrong": with_wrong_client,
    }


def _langdetect() -> Identify:
    langdetect.DetectorFactory.seed = SEED

    def identify(question: Question) -> str:
        try:
            found = str(langdetect.detect(question.text))
        except LangDetectException:
            return ENGLISH
        return language_of(found) or found

    return identify


def _lid176() -> Identify:
    held = {language_of(locale) for locale in supported_locales()}
    model = Lid176()

    def identify(question: Question) -> str:
        found = model.scores(question.text)
        return max((name for name in found if name in held), key=found.__getitem__, default=ENGLISH)

    return identify


def _lingua() -> Identify:
    codes = {str(language_of(locale)).upper() for locale in supported_locales()}
    known = [getattr(IsoCode639_1, code) for code in codes if hasattr(IsoCode639_1, code)]
    detector = LanguageDetectorBuilder.from_iso_codes_639_1(*known).build()

    def identify(question: Question) -> str:
        found = detector.detect_language_of(question.text)
        return found.iso_code_639_1.name.lower() if found else ENGLISH

    return identify


def row(questions: Sequence[Question], identify: Identify) -> tuple[list[str], Counter[str]]:
    """The cells of a system's row, and what it took for what."""
    identify(questions[0])  # what is loaded late is not the question's time
    right: dict[str, list[bool]] = defaultdict(list)
    confused: Counter[str] = Counter()
    regions, times = [], []
    for question in questions:
        start = time.perf_counter()
        found = identify(question)
        times.append((time.perf_counter() - start) * 1000)
        same = same_language(found, question.locale)
        for group in ("all", question.style, question.locale):
            right[group].append(same)
        if not same:
            confused[f"{question.locale} taken for {found}"] += 1
        if same and language_of(question.locale) in ("pt", "zh") and "-" in found:
            regions.append(found == question.locale)
    worst = sorted((np.mean(right[locale]), locale) for locale in {q.locale for q in questions})[:3]
    cells = [f"{np.mean(right[g]):.3f}" if right[g] else "–" for g in ("all", *STYLES)]
    cells.append(", ".join(f"{locale} {share:.2f}" for share, locale in worst))
    cells += [f"{np.median(times):.2f}", f"{np.mean(regions):.3f}" if regions else "–"]
    return cells, confused


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser(description="Tell languages apart, with us and our peers.")
    parser.add_argument("questions", nargs="+", type=Path)
    questions = [q for q in read_questions(*parser.parse_args().questions) if q.style in STYLES]
    right = (Column(name, justify="right") for name in ("all", *STYLES))
    table = Table("system", *right, "worst locales", "p50 ms", "regions", title=f"{len(questions)}")
    console = Console(width=140)
    confusions: dict[str, Counter[str]] = {}
    for name, identify in peers().items():
        cells, confusions[name] = row(questions, identify)
        table.add_row(name, *cells)
    console.print(table)
    for confusion, count in confusions["ours"].most_common(_CONFUSIONS):
        console.print(f"{count:4} {confusion}")


if __name__ == "__main__":
    main()
