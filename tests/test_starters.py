"""The starter articles and their questions: whole, sound, and found."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bot.answer import Answerer
from corpus.check import check
from corpus.reader import read_corpus
from index.build import build
from index.embedding import Embedder
from index.evaluation import Question, Result, evaluate, read_questions
from index.search import Searcher

CORPUS = Path(__file__).parent.parent / "corpus"
LOCALES = {
    *("ar-SA", "bg-BG", "de-DE", "el-GR", "en-US", "es-ES", "fr-FR"),
    *("ja-JP", "ko-KR", "pt-BR", "ru-RU", "tr-TR", "zh-CN"),
}

pytestmark = pytest.mark.slow


def test_thirty_articles_stand_in_thirteen_languages_with_nothing_to_find_fault_with() -> None:
    report = check([CORPUS / "articles"])
    assert [str(problem) for problem in report.problems] == []
    assert {locale: count.articles for locale, count in report.locales.items()} == dict.fromkeys(
        LOCALES, 30
    )
    assert len({count.steps for count in report.locales.values()}) == 1


def test_each_article_says_all_that_its_english_says() -> None:
    found = {(a.locale, a.id): a for a in read_corpus([CORPUS / "articles"])}
    for (locale, article_id), article in found.items():
        english = found["en-US", article_id]
        source = article.english()
        assert source, (locale, article_id)
        assert [(b.kind, b.level, b.text) for b in source.blocks] == [
            (b.kind, b.level, b.text) for b in english.blocks
        ]
        assert article.steps >= 3
        assert article.updated


def test_two_questions_for_each_article_and_language() -> None:
    questions = read_questions(CORPUS / "questions.jsonl")
    articles = {path.stem for path in (CORPUS / "articles" / "en-US").glob("*.md")}
    counted = Counter((q.locale, article) for q in questions for article in q.right)
    assert {locale for locale, _ in counted} == LOCALES
    for locale in LOCALES:
        assert all(counted[locale, article] >= 2 for article in articles), locale
    assert len({(q.locale, q.text) for q in questions}) == len(questions)


def test_the_questions_find_their_articles(tmp_path: Path, embedder: Embedder) -> None:
    build([CORPUS / "articles"], tmp_path / "index", embedder)
    searcher = Searcher(tmp_path / "index", embedder)
    answerer = Answerer(lambda: searcher)

    def result(question: Question) -> Result:
        answer = answerer.answer(question.text)
        return Result(
            answer.language, answer.outcome, tuple(hit.article_id for hit in answer.hits), 0
        )

    rates = evaluate(read_questions(CORPUS / "questions.jsonl"), result).rates
    assert rates["all"].hit1 >= 0.97
    assert rates["all"].hit3 >= 0.99
    assert min(rates[locale].hit1 for locale in LOCALES) >= 0.9
