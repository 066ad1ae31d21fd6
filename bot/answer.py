"""From a question to an answer. Knows nothing of Teams or of the Bot Framework."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.language.detection import detect
from bot.language.negotiation import reply_language
from corpus.article import ENGLISH, Article
from index.confidence import Outcome
from index.search import Hit, Searcher

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asker:
    """What is known of who asks, as BCP 47 tags: the language that they chose to be answered in,
    which goes before all else; those of their last replies in this conversation, latest last; and
    that of their client.
    """

    chosen: str | None = None
    history: tuple[str, ...] = ()
    client: str | None = None


_NOBODY = Asker()


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

    def answer(self, text: str, asker: Asker = _NOBODY) -> Answer:
        """The answer to a question."""
        searcher = self._searcher()
        question = encodable(text).strip()[:MAX_QUESTION]
        spoken = self._language(question, asker, searcher.locales)
        hits = tuple(searcher.search(question, spoken)) if question else ()
        match searcher.outcome(hits, spoken):
            case "answer":
                article = searcher.article(hits[0].article_id, hits[0].locale)
                return _shown(Answer(question, spoken, "answer", article, hits), searcher)
            case "suggest":
                titles = _suggestions(searcher, hits)
                return Answer(question, spoken, "suggest", None, hits, titles)
            case "none":
                return Answer(question, spoken, "none", None, hits)

    @staticmethod
    def _language(question: str, asker: Asker, locales: tuple[str, ...]) -> str:
        if asker.chosen:
            return reply_language(asker.chosen, locales)
        return detect(question, locales, asker.client, asker.history).locale

    def open_article(self, article_id: str, wanted: str) -> Answer | None:
        """The article that a button names, in the wanted locale or in English; None if gone."""
        searcher = self._searcher()
        spoken = reply_language(wanted, searcher.locales)
        for locale in dict.fromkeys((spoken, ENGLISH)):
            article = searcher.article(encodable(article_id), locale)
            if article:
                return _shown(Answer(article.title, spoken, "answer", article, ()), searcher)
        return None

    def languages(self) -> tuple[str, ...]:
        """The locales that answers can be had in."""
        return self._searcher().locales


def _shown(answer: Answer, searcher: Searcher) -> Answer:
    """The answer; what is still to be translated is logged."""
    if answer.article and answer.in_english_instead and answer.language in searcher.locales:
        _log.info("translation gap: %s is missing in %s", answer.article.id, answer.language)
    return answer


def _suggestions(searcher: Searcher, hits: tuple[Hit, ...]) -> tuple[Suggestion, ...]:
    return tuple(
        Suggestion(hit.article_id, hit.locale, title)
        for hit in hits[:SUGGESTIONS]
        if (title := searcher.title(hit.article_id, hit.locale))
    )


def encodable(text: str) -> str:
    """The text with halves of surrogate pairs, which no encoding can carry, as question marks."""
    return text.encode(errors="replace").decode()
