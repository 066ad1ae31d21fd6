"""From a question to an answer. Knows nothing of Teams or of the Bot Framework."""

from __future__ import annotations

import dataclasses
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from bot.language.detection import detect
from bot.language.negotiation import is_english, language_of, reply_language
from bot.phrases import Talk, small_talk
from bot.sections import matching_section
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
    English, in which the article can be shown; `section` is the number of the section of a long
    article to show of it, None for all. `talk` tells what small talk the question was, which
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
    section: int | None = None

    @property
    def in_english_instead(self) -> bool:
        """Whether the article is shown in English because it is missing in the asker's language."""
        if self.article is None or self.also_in is not None:
            return False
        return is_english(self.article.locale) and not is_english(self.language)


SUGGESTIONS = 3
# What an example is made of: a title that fits on a button and says something, and steps.
_SHORTEST_TITLE, _LONGEST_TITLE = 4, 60
_FEWEST_STEPS = 3
_EXAMPLES_TRIED = 500
# What is asked at every help desk makes the best examples, where the articles have it.
_EVERYDAY = (
    "I forgot my password",
    "my files do not sync",
    "nobody hears me in meetings",
    "my mailbox is full",
    "set an automatic reply while I am away",
    "connect from home with VPN",
    "the printer does not print",
    "recover deleted email",
    "share my calendar",
    "add a signature to my emails",
    "my camera does not work in meetings",
    "record a meeting",
)
# Longer questions are cut: what follows adds no more than noise, and costs time.
MAX_QUESTION = 2000


class Answerer:
    """Answers questions from one index. Safe to use from several threads."""

    def __init__(self, searcher: Callable[[], Searcher]) -> None:
        """Answer from what `searcher` gives at the time of each question."""
        self._searcher = searcher
        # Of the version that was asked last: its folder, and the examples by locale.
        self._examples: tuple[Path | None, dict[str, tuple[Suggestion, ...]]] = (None, {})

    def answer(self, text: str, asker: Asker = _NOBODY, looked_up: str | None = None) -> Answer:
        """The answer to a question. `looked_up` is what to search for where that is not what was
        said: a few words mean the question before them, too.
        """
        searcher = self._searcher()
        question = encodable(text).strip()[:MAX_QUESTION]
        if talked := _small_talk(question, asker):
            talk, language = talked
            spoken = reply_language(language, searcher.locales)
            return Answer(question, spoken, "none", None, (), talk=talk)
        spoken = self._language(question, asker, searcher.locales)
        if looked_up is not None:
            question = encodable(looked_up).strip()[:MAX_QUESTION]
        hits = tuple(searcher.search(question, spoken)) if question else ()
        match searcher.outcome(hits, spoken):
            case "answer":
                article = searcher.article(hits[0].article_id, hits[0].locale)
                section = matching_section(article, hits[0].segments) if article else None
                found = Answer(question, spoken, "answer", article, hits, section=section)
                return _shown(found, searcher)
            case "suggest" | "none" as outcome:
                titles = _suggestions(searcher, hits)
                return Answer(question, spoken, outcome, None, hits, titles)

    @staticmethod
    def _language(question: str, asker: Asker, locales: tuple[str, ...]) -> str:
        if asker.chosen:
            return reply_language(asker.chosen, locales)
        return detect(question, locales, asker.client, asker.history).locale

    def open_article(
        self, article_id: str, wanted: str, reader: str | None = None, section: int | None = None
    ) -> Answer | None:
        """The article that a button names, in the wanted locale or in English; None if gone.

        `reader` is the language to talk in around it, where that is not the wanted one; `section`
        the number of the only section to show.
        """
        searcher = self._searcher()
        wanted = reply_language(wanted, searcher.locales)
        spoken = reply_language(reader, searcher.locales) if reader else wanted
        for locale in dict.fromkeys((wanted, ENGLISH)):
            article = searcher.article(encodable(article_id), locale)
            if article:
                found = Answer(article.title, spoken, "answer", article, (), section=section)
                return _shown(found, searcher)
        return None

    def offer(self, articles: Sequence[tuple[str, str]], language: str, question: str) -> Answer:
        """These articles, each an id and a locale, to choose from, as far as they are there."""
        searcher = self._searcher()
        titles = _titles(searcher, articles)
        return Answer(question, language, "suggest", None, (), titles)

    def examples(self, tag: str) -> tuple[Suggestion, ...]:
        """Articles whose titles serve as examples of what to ask, in the locale of a tag or in
        English: they have steps, and asking for the title finds them.
        """
        searcher = self._searcher()
        locale = reply_language(tag, searcher.locales)
        version, found = self._examples
        if version != searcher.version:
            found = {}
            self._examples = searcher.version, found
        if locale not in found:
            found[locale] = tuple(itertools.islice(_examples(searcher, locale), SUGGESTIONS))
        return found[locale]

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
    return _titles(searcher, [(hit.article_id, hit.locale) for hit in hits[:SUGGESTIONS]])


def _titles(searcher: Searcher, articles: Iterable[tuple[str, str]]) -> tuple[Suggestion, ...]:
    return tuple(
        Suggestion(article_id, locale, title)
        for article_id, locale in articles
        if (title := searcher.title(article_id, locale))
    )


def _examples(searcher: Searcher, reader: str) -> Iterator[Suggestion]:
    """Good examples: what is asked every day, shortest first, as there is little room for them;
    then any, in an order that is always the same.
    """
    locale = reader if reader in searcher.locales else ENGLISH
    titles = {name: searcher.title(name, locale) or "" for name in _everyday(searcher, locale)}
    everyday = sorted(titles, key=lambda name: len(titles[name]))
    ids = sorted(searcher.ids(locale), key=lambda name: blake2b(name.encode()).digest())
    for article_id in dict.fromkeys([*everyday, *ids[:_EXAMPLES_TRIED]]):
        title = searcher.title(article_id, locale) or ""
        if not _SHORTEST_TITLE <= len(title) <= _LONGEST_TITLE:
            continue
        article = searcher.article(article_id, locale)
        if article is None or article.steps < _FEWEST_STEPS:
            continue
        hits = searcher.search(title, locale)
        if hits[0].article_id == article_id and searcher.outcome(hits, locale) == "answer":
            yield Suggestion(article_id, locale, title)


def _everyday(searcher: Searcher, locale: str) -> Iterator[str]:
    for question in _EVERYDAY:
        hits = searcher.search(question, locale)
        if searcher.outcome(hits, locale) == "answer":
            yield hits[0].article_id


def encodable(text: str) -> str:
    """The text with halves of surrogate pairs, which no encoding can carry, as question marks."""
    return text.encode(errors="replace").decode()
