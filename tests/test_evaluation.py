from __future__ import annotations

import json
from pathlib import Path

import pytest

from index.evaluation import (
    Question,
    QuestionFileError,
    Result,
    evaluate,
    rate,
    read_questions,
    same_language,
)


def asked(
    right: str, locale: str, found: list[str], language: str, outcome: str
) -> tuple[Question, Result]:
    question = Question("?", locale, frozenset([right] if right else []), "natural")
    return question, Result(language, outcome, tuple(found), 1.0)


def test_rates() -> None:
    rates = rate(
        [
            asked("a", "tr-TR", ["a", "b"], "tr-TR", "answer"),
            asked("a", "tr-TR", ["b", "c", "a"], "en-US", "suggest"),
            asked("a", "pt-PT", [*"bcdefghij", "a"], "pt-BR", "suggest"),
            asked("a", "tr-TR", ["b"], "tr-TR", "none"),
        ]
    )
    assert (rates.questions, rates.hit1, rates.hit3, rates.hit10) == (4, 0.25, 0.5, 0.75)
    assert rates.mrr == pytest.approx((1 + 1 / 3 + 1 / 10) / 4)
    assert rates.language == 0.75
    assert (rates.answer, rates.suggest, rates.none) == (0.25, 0.5, 0.25)


def test_groups_and_latency() -> None:
    questions = [
        Question("1", "en-US", frozenset("a"), "natural"),
        Question("2", "tr-TR", frozenset("a"), "sloppy"),
        Question("3", "tr-TR", frozenset("b"), "natural"),
        Question("4", "en-US", frozenset(), ""),
    ]
    made = evaluate(questions, lambda q: Result(q.locale, "answer", ("a",), float(q.text)))
    assert {name: rates.questions for name, rates in made.rates.items()} == {
        "all": 3,
        "non-English": 2,
        "unanswerable": 1,
        "style natural": 2,
        "style sloppy": 1,
        "en-US": 1,
        "tr-TR": 2,
    }
    assert made.rates["non-English"].hit1 == 0.5
    assert made.rates["unanswerable"].answer == 1
    assert (made.p50, made.p99) == pytest.approx((2.5, 3.97))
    assert made.confusions == {}
    assert json.loads(made.to_json())["rates"]["tr-TR"]["hit1"] == 0.5


def test_confused_languages_are_counted() -> None:
    questions = [
        Question(text, locale, frozenset("a"), "natural")
        for text, locale in (("1", "da-DK"), ("2", "da-DK"), ("3", "pt-PT"), ("4", "da-DK"))
    ]
    taken = {"1": "nb-NO", "2": "nb-NO", "3": "pt-BR", "4": "sv-SE"}
    made = evaluate(questions, lambda q: Result(taken[q.text], "answer", ("a",), 1.0))
    assert made.confusions == {"da-DK taken for nb-NO": 2, "da-DK taken for sv-SE": 1}
    assert next(iter(made.confusions)) == "da-DK taken for nb-NO"


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        ("pt-PT", "pt-BR", True),
        ("zh-TW", "zh-CN", True),
        ("hr-HR", "sr-Latn-RS", False),
        ("fr-FR", "fr", True),
    ],
)
def test_same_language(expected: str, found: str, same: bool) -> None:
    assert same_language(expected, found) is same


def test_reading_questions(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(
        '{"q": "a?", "locale": "tr-TR", "article": "x", "ok": ["y"], "style": "mixed"}\n\n'
        '{"q": "b?", "locale": "en-US", "article": null, "kind": "smalltalk"}\n'
        '{"q": "c?", "locale": "de-DE", "article": "z", "english": "what is c?"}\n'
    )
    assert read_questions(path) == [
        Question("a?", "tr-TR", frozenset("xy"), "mixed"),
        Question("b?", "en-US", frozenset(), ""),
        Question("c?", "de-DE", frozenset("z"), "", "what is c?"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"q": "a?"}',
        '{"locale": "tr-TR", "article": "x"}',
        '{"q": "a?", "locale": 5}',
        '{"q": 5, "locale": "tr-TR"}',
        '{"q": "a?", "locale": "tr-TR", "style": 3}',
        '{"q": "a?", "locale": "tr-TR", "english": 3}',
        '{"q": "a?", "locale": "tr-TR", "article": 7}',
        "\0\1",
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"q": "a?", "locale": "tr-TR", "article": "x"}\n' + line)
    with pytest.raises(QuestionFileError, match=r"q\.jsonl:2: not a question"):
        read_questions(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text("\n")
    with pytest.raises(QuestionFileError, match="holds no questions"):
        read_questions(tmp_path / "q.jsonl")
