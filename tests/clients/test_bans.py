"""Bans, which look like removals on the phone, and are inferred from them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.browser.fake import Fate, Habits, always
from actors.clients.errors import SendUnknown
from actors.clients.operations.account import LogOut
from actors.clients.protocol import Banned
from actors.clients.types import Reason, State
from tests.clients.rig import ONE, RULES, World, world


def test_a_ban_during_a_send_leaves_the_message_unknown(w: World) -> None:
    w.ready()
    w.browser.habits = Habits(sends=always(Fate.PENDING))
    reply = w.send()
    w.tell(Banned(Reason.BANNED, "banned"))
    with pytest.raises(SendUnknown):
        reply.get(timeout=0)
    assert w.state() is State.DISCONNECTED_BANNED


def test_a_logout_soon_after_pairing_is_a_logout_the_first_time_and_a_ban_the_second(w: World) -> None:
    w.ready()
    w.advance(3600.0)
    w.browser.ban(ONE)
    assert (w.state(), w.reason()) == (State.DISCONNECTED_LOGOUT, Reason.LOGGED_OUT_BY_PHONE)
    w.advance(120.0)
    w.init()
    w.browser.scan(ONE)
    assert w.state() is State.DISCONNECTED_LOGOUT
    w.advance(120.0)
    w.init()
    w.browser.scan(ONE)
    status = w.status()
    assert (status.state, status.reason) == (State.DISCONNECTED_BANNED, Reason.BANNED)
    assert status.reason_text is not None
    assert "inferred" in status.reason_text
    assert not w.browser.has_login(ONE)
    w.advance(60.0)
    assert w.clients() == []


def test_early_logouts_of_one_account_say_nothing_about_another(w: World) -> None:
    for phone in ("5491100000001", "5491100000002"):
        w.init()
        w.browser.scan(ONE, phone)
        w.browser.remove(ONE)
        assert w.state() is State.DISCONNECTED_LOGOUT
    w.init()
    w.browser.scan(ONE, "5491100000002")
    w.browser.remove(ONE)
    assert w.state() is State.DISCONNECTED_BANNED


def test_early_logouts_are_counted_over_restarts_of_the_service(w: World) -> None:
    w.ready()
    w.browser.remove(ONE)
    w.clock.settle()
    with world(pairings=w.memory.pairings) as later:
        later.ready()
        later.browser.remove(ONE)
        assert later.state() is State.DISCONNECTED_BANNED


def test_a_login_that_lasted_ends_the_row(w: World) -> None:
    for lasts in (0.0, 3600.0, 0.0):
        w.ready()
        w.advance(lasts)
        w.browser.remove(ONE)
        assert w.state() is State.DISCONNECTED_LOGOUT


def test_an_ordered_logout_soon_after_pairing_is_not_counted(w: World) -> None:
    for _ in range(3):
        w.ready()
        w.delete().get(timeout=0)
    w.ready()
    w.browser.remove(ONE)
    assert w.state() is State.DISCONNECTED_LOGOUT


def test_a_number_that_could_send_was_not_banned(w: World) -> None:
    for _ in range(4):
        w.ready()
        w.send().get(timeout=0)
        w.browser.remove(ONE)
        assert w.state() is State.DISCONNECTED_LOGOUT


def test_an_ordered_logout_ends_the_row(w: World) -> None:
    w.ready()
    w.browser.remove(ONE)
    w.ready()
    w.ask(LogOut(), ONE).get(timeout=0)
    w.ready()
    w.browser.remove(ONE)
    assert w.state() is State.DISCONNECTED_LOGOUT


def test_a_deleted_client_starts_with_a_clean_slate(w: World) -> None:
    w.ready()
    w.browser.remove(ONE)
    w.delete()
    w.ready()
    w.browser.remove(ONE)
    assert w.state() is State.DISCONNECTED_LOGOUT
    assert w.memory.pairings[ONE].early_logouts == 1


def test_a_bug_does_not_lose_the_count() -> None:
    with world(rules=replace(RULES, cleanup_delay=5.0)) as w:
        w.ready()
        w.browser.remove(ONE)
        w.advance(5.0)
        w.ready()
        w.break_actor()
        w.advance(1.0)
        assert w.state() is State.READY
        w.browser.remove(ONE)
        assert w.state() is State.DISCONNECTED_BANNED
