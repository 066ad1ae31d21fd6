"""From a question to an answer. Knows nothing of Teams or of the Bot Framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot import language
from corpus.article import ENGLISH, Article
from index.confidence import Outcome
from index.search import Hit, Searcher


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A title to choose from: in the asker's locale where the article has it, else English."""

    article_id: str
    locale: str
    title: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot has to say to one question.

    `language` is the BCP 47 tag of the language in which to talk to the asker (a locale of the
    index such as "tr-TR", or a bare language such as "fr" that the index does not hold).
    `article` is set if and only if the outcome is "answer"; `suggestions` (at most 3) only if it
    is "suggest". `hits` are the best articles, best first.
    """

    question: str
    language: str
    outcome: Outcome
    article: Article | None
    hits: tuple[Hit, ...]
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def in_english_instead(self) -> bool:
        """Whether the article is shown in English because it is missing in the asker's language."""
        if self.article is None:
            return False
        return self.article.locale.split("-")[0] == "en" and self.language.split("-")[0] != "en"


SUGGESTIONS = 3
# Longer questions are cut: what follows adds no more than noise, and costs time.
MAX_QUESTION = 2000


class Answerer:
    """Answers questions from one index. Safe to use from several threads."""

    def __init__(self, searcher: Callable[[], Searcher]) -> None:
        """Answer from what `searcher` gives at the time of each question."""
        self._searcher = searcher

    def answer(self, text: str, hint: str | None = None, locale: str | None = None) -> Answer:
        """The answer to a question.

        `hint` is the locale of the client that it came from; `locale` is an explicit wish, which
        goes before what the text shows.
        """
        searcher = self._searcher()
        question = encodable(text).strip()[:MAX_QUESTION]
        if locale:
            spoken = language.resolve(locale, searcher.locales)
        else:
            spoken = language.detect(question, searcher.locales, hint).locale
        hits = tuple(searcher.search(question, spoken)) if question else ()
        match searcher.outcome(hits, spoken):
            case "answer":
                article = searcher.article(hits[0].article_id, hits[0].locale)
                return Answer(question, spoken, "answer", article, hits)
            case "suggest":
                titles = _suggestions(searcher, hits)
                return Answer(question, spoken, "suggest", None, hits, titles)
            case "none":
                return Answer(question, spoken, "none", None, hits)

    def open_article(self, article_id: str, wanted: str) -> Answer | None:
        """The article that a button names, in the wanted locale or in English; None if gone."""
        searcher = self._searcher()
        spoken = language.resolve(wanted, searcher.locales)
        for locale in dict.fromkeys((spoken, ENGLISH)):
            article = searcher.article(encodable(article_id), locale)
            if article:
                return Answer(article.title, spoken, "answer", article, ())
        return None


def _suggestions(searcher: Searcher, hits: tuple[Hit, ...]) -> tuple[Suggestion, ...]:
    return tuple(
        Suggestion(hit.article_id, hit.locale, title)
        for hit in hits[:SUGGESTIONS]
        if (title := searcher.title(hit.article_id, hit.locale))
    )


def encodable(text: str) -> str:
    """The text with halves of surrogate pairs, which no encoding can carry, as question marks."""
    return text.encode(errors="replace").decode()
