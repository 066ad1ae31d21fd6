"""From a question to an answer. Knows nothing of Teams or of the Bot Framework."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.language.detection import detect
from bot.language.negotiation import is_english, language_of, reply_language
from bot.phrases import Talk, small_talk
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
    `article` is set if and only if the outcome is "answer", `suggestions` (at most 3) if it is not;
    `hits` are the best articles, best first. `also_in` is the other locale, of the asker's and
    English, in which the article can be shown. `talk` tells what small talk the question was, which
    is not searched: its outcome is "none".
    """

    question: str
    language: str
    outcome: Outcome
    article: Article | None
    hits: tuple[Hit, ...]
    suggestions: tuple[Suggestion, ...] = ()
    also_in: str | None = None
    talk: Talk | None = None

    @property
    def in_english_instead(self) -> bool:
        """Whether the article is shown in English because it is missing in the asker's language."""
        if self.article is None or self.also_in is not None:
            return False
        return is_english(self.article.locale) and not is_english(self.language)


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
        if talked := _small_talk(question, asker):
            talk, language = talked
            spoken = reply_language(language, searcher.locales)
            return Answer(question, spoken, "none", None, (), talk=talk)
        spoken = self._language(question, asker, searcher.locales)
        hits = tuple(searcher.search(question, spoken)) if question else ()
        match searcher.outcome(hits, spoken):
            case "answer":
                article = searcher.article(hits[0].article_id, hits[0].locale)
                return _shown(Answer(question, spoken, "answer", article, hits), searcher)
            case "suggest" | "none" as outcome:
                titles = _suggestions(searcher, hits)
                return Answer(question, spoken, outcome, None, hits, titles)

    @staticmethod
    def _language(question: str, asker: Asker, locales: tuple[str, ...]) -> str:
        if asker.chosen:
            return reply_language(asker.chosen, locales)
        return detect(question, locales, asker.client, asker.history).locale

    def open_article(
        self, article_id: str, wanted: str, reader: str | None = None
    ) -> Answer | None:
        """The article that a button names, in the wanted locale or in English; None if gone.

        `reader` is the language to talk in around it, where that is not the wanted one.
        """
        searcher = self._searcher()
        wanted = reply_language(wanted, searcher.locales)
        spoken = reply_language(reader, searcher.locales) if reader else wanted
        for locale in dict.fromkeys((wanted, ENGLISH)):
            article = searcher.article(encodable(article_id), locale)
            if article:
                return _shown(Answer(article.title, spoken, "answer", article, ()), searcher)
        return None

    def languages(self) -> tuple[str, ...]:
        """The locales that answers can be had in."""
        return self._searcher().locales


def _shown(answer: Answer, searcher: Searcher) -> Answer:
    """The answer, with the other locale that there is; what is still to be translated is logged."""
    if answer.article is None:
        return answer
    article_id, shown_in = answer.article.id, answer.article.locale
    others = (locale for locale in (answer.language, ENGLISH) if locale != shown_in)
    also_in = next((locale for locale in others if searcher.title(article_id, locale)), None)
    found = dataclasses.replace(answer, also_in=also_in)
    if found.in_english_instead and found.language in searcher.locales:
        _log.info("translation gap: %s is missing in %s", article_id, found.language)
    return found


def _small_talk(question: str, asker: Asker) -> tuple[Talk, str] | None:
    """What small talk a question is, and the language to answer it in; None for any other.

    People say hello and thanks in English whatever their language is: then, too, what is known of
    them decides.
    """
    talks = small_talk(question)
    if not talks:
        return None
    known = [tag for tag in (asker.chosen, *asker.history[-1:], asker.client) if tag]
    for tag in known:
        for talk in talks:
            if language_of(tag) in map(language_of, talk.locales):
                return talk.kind, asker.chosen or tag
    first = talks[0]
    if ENGLISH in first.locales:
        return first.kind, next(iter(known), ENGLISH)
    return first.kind, asker.chosen or first.locales[0]


def _suggestions(searcher: Searcher, hits: tuple[Hit, ...]) -> tuple[Suggestion, ...]:
    return tuple(
        Suggestion(hit.article_id, hit.locale, title)
        for hit in hits[:SUGGESTIONS]
        if (title := searcher.title(hit.article_id, hit.locale))
    )


def encodable(text: str) -> str:
    """The text with halves of surrogate pairs, which no encoding can carry, as question marks."""
    return text.encode(errors="replace").decode()
