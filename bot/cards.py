"""Answers as Adaptive Cards, version 1.5 (https://adaptivecards.io): pure functions.

An article is shown in its own language and direction; what the bot itself says around it (the
notice, the footer, the buttons) in the reader's, which may run the other way.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.answer import Answer, Suggestion
from bot.article_card import article_card, article_text, reason_fields
from bot.buttons import AUTOMATIC, LANGUAGE_FIELD, ChooseLanguage, OpenArticle
from bot.elements import Element, container, text_block
from bot.frame import (
    PLAIN,
    Card,
    View,
    answered_in,
    ask_person,
    card,
    change_language,
    footer,
    notice_box,
    submit,
    title,
)
from bot.markdown import card_text
from bot.strings import Strings, is_rtl, own_name


def card_for(answer: Answer, strings: Strings, view: View = PLAIN) -> Card:
    """The card of any outcome. `strings` are those of the asker's language."""
    if answer.talk:
        return notice_card(strings, fallback_text(answer, strings))
    match answer.outcome:
        case "answer":
            return article_card(answer, strings, view)
        case "suggest":
            return suggest_card(answer, strings, view)
        case "none":
            return none_card(answer, strings, view)


def suggest_card(answer: Answer, strings: Strings, view: View = PLAIN) -> Card:
    """A box to press for each suggestion; its data name the article, so that nothing is searched.

    No buttons: Teams cuts what stands on them, to a few words on a phone, and titles that are
    alike differ at their ends.
    """
    body = [title(strings.get("suggest-title")), *_choices(answer, view)]
    return _reply_card(answer, body, strings, view)


def more_card(answer: Answer, strings: Strings, view: View = PLAIN) -> Card:
    """The articles that come after those that a user was shown."""
    body = [title(strings.get("more-title")), *_choices(answer, view)]
    return _reply_card(answer, body, strings, view)


def none_card(answer: Answer, strings: Strings, view: View = PLAIN) -> Card:
    """Nothing fits; how to ask so that it may, and what comes nearest."""
    nearest = [text_block(card_text(strings.get("none-nearest")), spacing="Large")]
    body = [
        title(strings.get("none-title")),
        text_block(card_text(strings.get("none-body"))),
        text_block(card_text(strings.get("none-example")), isSubtle=True),
        *(nearest if answer.suggestions else ()),
        *_choices(answer, view),
    ]
    return _reply_card(answer, body, strings, view)


def welcome_card(
    strings: Strings, mention: str | None = None, examples: Sequence[Suggestion] = ()
) -> Card:
    """What a newcomer sees first. `mention` is what to begin a question with where several people
    talk; `examples` are articles to try it with.
    """
    heading, text = strings.get("welcome-title"), strings.get("welcome-body")
    lines = [text]
    if mention:
        lines.append(strings.get("welcome-group", bot=mention))
    if examples:
        lines.append(strings.get("welcome-examples"))
    body = [
        title(heading),
        *(text_block(card_text(line)) for line in lines),
        *(_choice(example, strings.locale, PLAIN) for example in examples),
    ]
    return card(strings, body, "\n".join([heading, *lines, *(e.title for e in examples)]))


def language_card(
    strings: Strings, locales: Sequence[str], chosen: str | None, article_id: str | None = None
) -> Card:
    """Which language to answer in: that of each question, or one of the locales.

    `chosen` is what counts now; `article_id` that of the article to show in the new language.
    """
    question = strings.get("language-title")
    automatic = {"title": strings.get("language-automatic"), "value": AUTOMATIC}
    names = sorted(
        ((own_name(locale, locales), locale) for locale in locales),
        key=lambda name: name[0].casefold(),
    )
    choice = {
        "type": "Input.ChoiceSet",
        "id": LANGUAGE_FIELD,
        "label": question,
        "style": "compact",
        "value": chosen or AUTOMATIC,
        "choices": [automatic, *({"title": name, "value": tag} for name, tag in names)],
    }
    data = ChooseLanguage(None, article_id).data()
    return card(strings, [choice], question, [submit(strings.get("change-language"), data)])


def language_set_text(strings: Strings, chosen: str | None) -> str:
    """What confirms a choice of language, in the language that answers are in from then on."""
    if chosen is None:
        return strings.get("language-set-automatic")
    return strings.get("language-set", language=strings.language(chosen))


def reason_card(shown: OpenArticle, strings: Strings) -> Card:
    """Why a reply has not helped, asked below it."""
    return card(strings, reason_fields(shown, strings), strings.get("helpful-reason"))


def notice_card(strings: Strings, text: str) -> Card:
    """One sentence of the bot."""
    return card(strings, [text_block(card_text(text))], text)


def with_notice(shown: Card, text: str, strings: Strings) -> Card:
    """The card with a sentence of the bot above it."""
    spoken = {key: f"{text} {shown[key]}" for key in ("speak", "fallbackText")}
    return {**shown, **spoken, "body": [notice_box(text, strings), *shown["body"]]}


def vanished_card(strings: Strings) -> Card:
    """For a button of an article that has gone since."""
    return notice_card(strings, strings.get("vanished"))


def fallback_text(answer: Answer, strings: Strings) -> str:
    """The answer as plain text in lines, for where no card can be shown."""
    if answer.talk:
        return strings.get(f"talk-{answer.talk}")
    match answer.outcome:
        case "answer":
            return article_text(answer, strings)
        case "suggest":
            titles = (f"• {suggestion.title}" for suggestion in answer.suggestions)
            return "\n".join([strings.get("suggest-title"), *titles])
        case "none":
            return f"{strings.get('none-title')}\n{strings.get('none-body')}"


def _reply_card(answer: Answer, body: Sequence[Element], strings: Strings, view: View) -> Card:
    """The card of a reply that shows no article."""
    small = footer([card_text(answered_in(answer.language, strings))], strings)
    actions = [*ask_person(strings, view), change_language(strings)]
    return card(strings, [*body, small], fallback_text(answer, strings), actions)


def _choices(answer: Answer, view: View) -> list[Element]:
    return [_choice(suggestion, answer.language, view) for suggestion in answer.suggestions]


def _choice(suggestion: Suggestion, reader: str, view: View) -> Element:
    around = reader if reader != suggestion.locale else None
    opening = OpenArticle(suggestion.article_id, suggestion.locale, around, reply=view.reply)
    return container(
        [text_block(card_text(suggestion.title), color="Accent", weight="Bolder")],
        style="emphasis",
        spacing="Small",
        rtl=is_rtl(suggestion.locale),
        selectAction=submit(suggestion.title, opening.data()),
    )
