"""The number a client is linked to: remembered with its login, over restarts, and forgotten with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from actors.browser.fake import BY_HAND
from actors.clients.operations.account import LogOut
from actors.clients.protocol import Banned, Conflict, QrShown, Ready, Stop
from actors.clients.types import Reason, State
from tests.clients.rig import ONE, World, world

NUMBER, OTHER = "5491100000001", "5491100000002"


def linked(w: World) -> None:
    w.init()
    w.browser.scan(ONE, NUMBER)
    assert (w.state(), w.status().phone, w.memory.pairings[ONE].phone) == (State.READY, NUMBER, NUMBER)


def later(w: World, phone: str | None = None) -> str | None:
    """What the next service shows of the client as it resumes, its page having said `phone`."""
    with world(BY_HAND, pairings=w.memory.pairings) as again:
        again.browser.keep_login(ONE)
        again.resume(ONE)
        assert again.state() is State.RECONNECTING
        if phone is not None:
            again.tell(Ready(phone))
        return again.status().phone


def log_out(w: World) -> None:
    w.ask(LogOut(), ONE).get(timeout=0)


def send_and_be_removed(w: World) -> None:
    w.send().get(timeout=0)
    w.browser.remove(ONE)


def refuse_login(w: World) -> None:
    w.browser.habits = BY_HAND
    w.browser.whatsapp.void.add(ONE)
    w.crash()
    w.advance(1.0)
    w.tell(QrShown("2@x", 20.0))
    assert w.reason() is Reason.LOGIN_REFUSED


ENDS: dict[str, Callable[[World], object]] = {
    "by the phone": lambda w: w.browser.remove(ONE),
    "by the phone, after a message": send_and_be_removed,
    "by the API": log_out,
    "by a ban": lambda w: w.browser.ban(ONE),
    "by a ban that the page names": lambda w: w.tell(Banned(Reason.ACCOUNT_LOCKED, "locked")),
    "by a code in place of the login": refuse_login,
    "by a code on a page that was ready": lambda w: w.tell(QrShown("2@x", 20.0)),
}


def test_a_resumed_client_is_known_by_its_number_before_its_page_says_it(w: World) -> None:
    linked(w)
    assert later(w) == NUMBER
    assert later(w, OTHER) == OTHER


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_number_that_is_no_longer_linked_is_forgotten(w: World, end: Callable[[World], object]) -> None:
    linked(w)
    end(w)
    w.clock.settle()
    assert w.status().phone is None
    assert w.memory.pairings[ONE].phone is None


def test_a_deleted_client_leaves_no_number(w: World) -> None:
    linked(w)
    w.delete().get(timeout=0)
    assert w.memory.pairings == {}
    w.init()
    assert w.status().phone is None


@pytest.mark.parametrize(
    "left", [lambda w: w.ask(Stop(ONE)).get(timeout=0), lambda w: w.tell(Conflict("Opened elsewhere"))]
)
def test_a_number_is_kept_as_long_as_its_login(w: World, left: Callable[[World], object]) -> None:
    linked(w)
    w.send().get(timeout=0)
    left(w)
    w.clock.settle()
    assert w.memory.pairings[ONE].phone == NUMBER
    w.browser.habits = BY_HAND
    w.init()
    assert (w.state(), w.status().phone) == (State.RECONNECTING, NUMBER)


def test_a_login_that_has_gone_from_the_disk_leaves_no_number(w: World) -> None:
    linked(w)
    w.ask(Stop(ONE)).get(timeout=0)
    w.browser.drop_login(ONE)
    w.browser.habits = BY_HAND
    w.init()
    assert (w.state(), w.status().phone) == (State.INITIALIZING, None)


def test_a_page_that_does_not_say_its_number_again_is_the_one_it_was(w: World) -> None:
    linked(w)
    w.browser.cut(ONE)
    w.tell(Ready(None))
    assert (w.state(), w.status().phone) == (State.READY, NUMBER)


def test_the_next_account_is_not_taken_for_the_one_before(w: World) -> None:
    linked(w)
    w.browser.remove(ONE)
    w.browser.habits = BY_HAND
    w.init()
    w.tell(QrShown("2@x", 20.0), Ready(None))
    assert (w.state(), w.status().phone) == (State.READY, None)
    w.tell(Ready(OTHER))
    assert (w.status().phone, w.memory.pairings[ONE].phone) == (OTHER, OTHER)
