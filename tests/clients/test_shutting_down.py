"""A service that stops: every client ends within the time there is, whatever it does and whatever its page does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.browser.fake import BY_HAND
from actors.clients.errors import ShuttingDown
from actors.clients.operations.account import LogOut
from actors.clients.policy import Times
from actors.clients.protocol import (
    Banned,
    Deleted,
    Init,
    LinkLost,
    LoggedOut,
    PageFailed,
    QrScanned,
    QrShown,
    Ready,
    ShutDown,
    Stop,
    Stopped,
)
from actors.clients.types import ClientId, LinkLeft, Reason, State
from actors.runtime import Refusal
from tests.clients.rig import ONE, PROBED, REMOVED, RULES, TWO, World, by_hand_ready, world

SECONDS = 9.0
"""A logout may take 3 of them, the page must have closed by 6, and is given up after 8.1."""


def paired(w: World, client_id: ClientId = ONE) -> None:
    w.init(client_id)
    w.tell(QrShown("2@a", 20.0), Ready("549"), client_id=client_id)


def orders(w: World, client_id: ClientId = ONE) -> list[str]:
    return [order.name for order in w.page(client_id).orders]


def test_a_deletion_whose_page_does_not_log_out_is_cut_to_the_time_there_is() -> None:
    with world(BY_HAND) as w:
        paired(w)
        deleted, down = w.delete(), w.ask(ShutDown(SECONDS))
        w.advance(2.9)
        assert orders(w) == ["LogOut"]
        w.advance(0.1)
        assert orders(w) == ["LogOut", "close"]
        w.advance(3.0)
        assert orders(w) == ["LogOut", "close", "kill"]
        assert not down.is_answered()
        w.page().end()
        w.clock.settle()
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_CONFIRMED)
        assert down.get(timeout=0) is None


def test_a_logout_that_comes_in_that_time_counts() -> None:
    with world(BY_HAND) as w:
        paired(w)
        deleted, down = w.delete(), w.ask(ShutDown(SECONDS))
        w.advance(2.9)
        w.tell(LoggedOut(Reason.LOGGED_OUT_BY_API, "out"))
        w.page().end()
        w.clock.settle()
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=True)
        assert down.get(timeout=0) is None


def test_a_logout_is_never_given_more_time_than_it_had() -> None:
    with world(BY_HAND, replace(RULES, times=Times(log_out=5.0))) as w:
        paired(w)
        w.delete()
        w.advance(4.0)
        w.ask(ShutDown(SECONDS))
        w.advance(1.0)
        assert orders(w) == ["LogOut", "close"]


def test_a_page_that_will_not_close_is_killed_and_one_that_will_not_die_is_given_up_in_time() -> None:
    with world(BY_HAND) as w:
        paired(w)
        down = w.ask(ShutDown(SECONDS))
        w.advance(6.0)
        assert orders(w) == ["close", "kill"]
        w.advance(2.0)
        assert not down.is_answered()
        w.advance(0.2)
        assert down.get(timeout=0) is None


def test_a_page_has_no_longer_for_closing_than_ever() -> None:
    with world(BY_HAND, replace(RULES, times=Times(close=2.0))) as w:
        paired(w)
        down = w.ask(ShutDown(SECONDS))
        w.advance(2.0)
        assert orders(w) == ["close", "kill"]
        w.advance(2.0)
        assert down.is_answered()


def test_a_client_that_is_closing_already_is_cut_too_and_whoever_stopped_it_is_answered() -> None:
    with world(BY_HAND) as w:
        paired(w)
        stopped = w.ask(Stop(ONE))
        w.ask(ShutDown(SECONDS))
        w.advance(6.0)
        assert orders(w) == ["close", "kill"]
        w.advance(2.2)
        assert stopped.get(timeout=0) == Stopped(ONE)


def test_a_second_shutdown_gives_no_more_time_and_both_are_answered() -> None:
    with world(BY_HAND) as w:
        paired(w)
        downs = [w.ask(ShutDown(SECONDS))]
        w.advance(1.0)
        downs.append(w.ask(ShutDown(10 * SECONDS)))
        w.advance(5.0)
        assert orders(w) == ["close", "kill"]
        w.advance(2.2)
        assert [down.get(timeout=0) for down in downs] == [None, None]


def test_a_deletion_that_comes_after_the_shutdown_is_answered_within_its_time_and_logs_nobody_out() -> None:
    with world(BY_HAND) as w:
        paired(w)
        down, deleted = w.ask(ShutDown(SECONDS)), w.delete()
        w.advance(8.2)
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_REACHED)
        assert down.is_answered()
        assert "LogOut" not in orders(w)
        assert not w.browser.has_login(ONE)


def test_whoever_waits_for_a_logout_is_told_at_once_when_the_service_stops() -> None:
    with world(BY_HAND) as w:
        paired(w)
        asked = w.ask(LogOut(), ONE)
        w.ask(ShutDown(SECONDS))
        with pytest.raises(Refusal, match="did not confirm the logout"):
            asked.get(timeout=0)


def test_clients_are_closed_side_by_side_and_nobody_begins_any_more() -> None:
    with world(BY_HAND) as w:
        paired(w, ONE)
        paired(w, TWO)
        w.delete(ONE)
        waiting = w.ask(Init(ONE))
        down = w.ask(ShutDown(SECONDS))
        assert orders(w, TWO) == ["close"]
        w.advance(3.0)
        w.page(ONE).end()
        w.page(TWO).end()
        w.clock.settle()
        with pytest.raises(ShuttingDown):
            waiting.get(timeout=0)
        assert down.get(timeout=0) is None
        assert w.browser.opened == [ONE, TWO]


def test_a_shutdown_during_a_backoff_waits_for_nothing(w: World) -> None:
    w.ready()
    w.crash()
    assert w.ask(ShutDown(15.0)).get(timeout=0) is None
    assert w.browser.opened == [ONE]


def test_a_shutdown_while_a_client_waits_for_its_restart_waits_for_nothing(w: World) -> None:
    w.ready()
    w.break_actor()
    assert w.ask(ShutDown(15.0)).get(timeout=0) is None
    w.advance(60.0)
    assert w.browser.opened == [ONE]


@pytest.mark.parametrize("state", sorted(set(State) - {State.NOT_INITIALIZED}))
def test_a_shutdown_in_any_state_closes_and_never_logs_out(state: State) -> None:
    with world(PROBED) as w:
        bring_to(w, state)
        assert w.state() is state
        down = w.ask(ShutDown(15.0))
        for page in w.browser.running():
            page.end()
        w.clock.settle()
        assert down.get(timeout=0) is None
        assert not w.page().ordered("LogOut")
        assert w.browser.running() == []
        if state in (State.READY, State.RECONNECTING, State.DISCONNECTED_RECOVERABLE):
            assert w.browser.has_login(ONE)
            assert w.memory.wanted == [ONE]


def bring_to(w: World, state: State) -> None:
    """Have client 1 in this state, by what its page says."""
    w.init()
    paired = (QrShown("2@a", 20.0), QrScanned(), Ready("549"))
    gone = LinkLost(Reason.NETWORK_LOST, "gone")
    match state:
        case State.INITIALIZING:
            pass
        case State.QR_REQUIRED:
            w.tell(paired[0])
        case State.AUTH_FAILURE:
            w.tell(paired[0])
            w.advance(300.0)
        case State.READY:
            w.tell(*paired)
        case State.DISCONNECTED_RECOVERABLE:
            w.tell(*paired, gone)
        case State.RECONNECTING:
            w.tell(*paired, PageFailed(Reason.PAGE_CRASHED, "crashed"))
            w.page().end()
            w.advance(1.0)
        case State.DISCONNECTED_LOGOUT:
            w.tell(*paired, REMOVED)
        case State.DISCONNECTED_BANNED:
            w.tell(*paired, Banned(Reason.BANNED, "banned"))
        case _:
            w.tell(PageFailed(Reason.WA_JS_NOT_READY, "no wa-js"))


def test_a_shutdown_that_is_ordered_twice_answers_both() -> None:
    with world(BY_HAND) as w:
        by_hand_ready(w)
        first, second = w.ask(ShutDown(15.0)), w.ask(ShutDown(15.0))
        w.page().end()
        w.clock.settle()
        assert first.get(timeout=0) is None
        assert second.get(timeout=0) is None


def test_a_shutdown_during_a_cleanup_waits_for_the_page_only() -> None:
    with world(BY_HAND) as w:
        by_hand_ready(w)
        w.tell(REMOVED)
        w.advance(60.0)
        down = w.ask(ShutDown(15.0))
        assert not down.is_answered()
        w.page().end()
        w.clock.settle()
        assert down.get(timeout=0) is None


def test_a_shutdown_during_a_delete_does_not_wait_for_the_phone() -> None:
    with world(BY_HAND) as w:
        by_hand_ready(w)
        deleted, down = w.delete(), w.ask(ShutDown(15.0))
        assert w.page().ordered("LogOut")
        w.tell(LoggedOut(Reason.LOGGED_OUT_BY_PHONE, "Logged out"))
        w.page().end()
        w.clock.settle()
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=True)
        assert down.get(timeout=0) is None
        assert not w.browser.has_login(ONE)
