from __future__ import annotations

from bot import memory
from bot.memory import Memory, Shown, Turn


def test_each_user_of_a_conversation_has_turns_of_their_own() -> None:
    kept = Memory()
    kept.remember("room", "ada", Turn("printer?", "tr-TR"))
    assert kept.last_turn("room", "ada") == Turn("printer?", "tr-TR")
    assert kept.last_turn("room", "bob") is None
    assert kept.last_turn("elsewhere", "ada") is None


def test_what_was_shown_is_forgotten_after_its_time() -> None:
    kept = Memory()
    kept.show("room", "ada", Shown("tr-TR", "printing"))
    assert kept.shown("room", "ada") == Shown("tr-TR", "printing")
    later = kept._shown.timer() + memory._SHOWN_FOR + 1
    kept._shown.expire(later)
    assert kept.shown("room", "ada") is None
