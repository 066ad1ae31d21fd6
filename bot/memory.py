"""What the bot keeps in mind of its users: in this process alone, so it forgets when that ends."""

from __future__ import annotations

from dataclasses import dataclass

from cachetools import LRUCache, TTLCache

_USERS_KEPT = 100_000
_CONVERSATIONS_KEPT = 10_000
# "The second one" means what was offered in the last half hour.
_SHOWN_FOR = 30 * 60


@dataclass(frozen=True, slots=True)
class Turn:
    """The last question, "" where there was none yet, and the language (BCP 47) of the reply."""

    question: str
    language: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a user has before them: an article, or some to choose from; and the language (BCP 47)
    that they are talked to in. Articles are known by their ids and the locales they are shown in.
    """

    reader: str
    article: str | None = None
    choices: tuple[tuple[str, str], ...] = ()


class Memory:
    """The languages that users chose, their last turns, what they see, and who was welcomed.

    Users and conversations are known by the channel's ids.
    """

    def __init__(self) -> None:
        """Start with nothing in mind."""
        self._chosen: LRUCache[str, str] = LRUCache(_USERS_KEPT)
        self._turns: LRUCache[tuple[str, str], Turn] = LRUCache(_CONVERSATIONS_KEPT)
        self._shown: TTLCache[tuple[str, str], Shown] = TTLCache(_CONVERSATIONS_KEPT, _SHOWN_FOR)
        self._welcomed: LRUCache[str, bool] = LRUCache(_CONVERSATIONS_KEPT)

    def chosen_language(self, user: str) -> str | None:
        """The locale that a user wants all answers in; None for that of each question."""
        return self._chosen.get(user)

    def choose_language(self, user: str, locale: str | None) -> None:
        """From now on a user wants answers in a locale, or in the language of each question."""
        if locale is None:
            self._chosen.pop(user, None)
        else:
            self._chosen[user] = locale

    def last_turn(self, conversation: str, user: str) -> Turn | None:
        """A user's last turn in a conversation."""
        return self._turns.get((conversation, user))

    def remember(self, conversation: str, user: str, turn: Turn) -> None:
        """A turn has been taken."""
        self._turns[conversation, user] = turn

    def shown(self, conversation: str, user: str) -> Shown | None:
        """What a user was shown last in a conversation, unless that is too long ago."""
        return self._shown.get((conversation, user))

    def show(self, conversation: str, user: str, shown: Shown) -> None:
        """A user is shown something."""
        self._shown[conversation, user] = shown

    def welcome(self, conversation: str) -> bool:
        """Whether a conversation is still to be welcomed; from then on it is not."""
        if conversation in self._welcomed:
            return False
        self._welcomed[conversation] = True
        return True

    def part(self, conversation: str) -> None:
        """The bot has left a conversation: should it come back, it says hello again."""
        self._welcomed.pop(conversation, None)
