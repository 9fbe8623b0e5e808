"""One client from its start to its end, on the fake browser and a manual clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.browser.fake import BY_HAND
from actors.clients.errors import CapacityExceeded, NoSuchClient, NotReady, StartUnderWay
from actors.clients.operations.account import LogOut
from actors.clients.policy import Patience, Times
from actors.clients.protocol import (
    AlreadyRunning,
    AwaitState,
    Banned,
    Blocked,
    Conflict,
    Delete,
    Deleted,
    Init,
    LinkLost,
    LinkResumed,
    LoggedOut,
    PageFailed,
    QrIdle,
    QrScanned,
    QrShown,
    Ready,
    Started,
)
from actors.clients.types import STARTING, LinkLeft, Reason, State
from tests.clients.rig import ONE, RULES, THREE, TWO, World, world


def test_a_new_client_shows_a_code_and_is_ready_once_it_is_scanned(w: World) -> None:
    assert isinstance(w.init(), Started)
    assert w.state() is State.QR_REQUIRED
    shown = w.status().qr
    assert shown is not None
    assert shown.code == w.page().code
    w.browser.scan(ONE, "5491100000001")
    status = w.status()
    assert (status.state, status.phone, status.qr, status.healthy) == (State.READY, "5491100000001", None, True)
    assert w.memory.states() == [State.INITIALIZING, State.QR_REQUIRED, State.INITIALIZING, State.READY]


def test_a_second_init_changes_nothing(w: World) -> None:
    w.ready()
    assert isinstance(w.init(), AlreadyRunning)
    assert w.browser.opened == [ONE]


def test_many_inits_at_once_open_one_page() -> None:
    with world(BY_HAND) as w:
        replies = [w.supervisor.ask(Init(ONE), block=False) for _ in range(20)]
        w.clock.settle()
        outcomes = []
        for reply in replies:
            try:
                outcomes.append(type(reply.get(timeout=0)))
            except StartUnderWay as refusal:
                outcomes.append(type(refusal))
        assert outcomes == [Started] + [StartUnderWay] * 19
        assert w.browser.opened == [ONE]


@pytest.mark.parametrize("reason", [Reason.CHROMIUM_FAILED, Reason.PAGE_UNREACHABLE, Reason.WA_JS_NOT_READY])
def test_a_start_that_fails_under_its_caller_is_an_error_at_once(w: World, reason: Reason) -> None:
    w.browser.fail_next(ONE, reason, "why")
    w.init()
    status = w.status()
    assert (status.state, status.reason, status.reason_text) == (State.ERROR, reason, "why")
    assert isinstance(w.init(), Started)
    assert w.state() is State.QR_REQUIRED


def test_a_start_that_takes_too_long_is_an_error_and_nothing_is_left_running() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.advance(59.9)
        assert w.state() is State.INITIALIZING
        w.advance(0.1)
        assert (w.state(), w.reason()) == (State.ERROR, Reason.START_TIMEOUT)
        assert [order.name for order in w.page().orders][-1] == "close"


def test_an_unscanned_code_ends_in_auth_failure_and_the_next_start_is_a_first_one(w: World) -> None:
    w.init()
    w.advance(300.0)
    status = w.status()
    assert (status.state, status.reason_text) == (State.AUTH_FAILURE, "QR not scanned in time")
    assert w.browser.running() == []
    w.init()
    assert w.memory.states()[-2:] == [State.INITIALIZING, State.QR_REQUIRED]


def test_new_codes_do_not_prolong_the_time_for_scanning(w: World) -> None:
    w.init()
    for _ in range(14):
        w.advance(20.0)
        w.page().show_code()
    assert w.state() is State.QR_REQUIRED
    w.advance(20.0)
    assert w.state() is State.AUTH_FAILURE


def test_an_idle_page_is_asked_for_new_codes_and_shows_none_meanwhile() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), QrIdle())
        assert w.status().qr is None
        assert w.page().ordered("RefreshQr")
        w.tell(QrShown("2@b", 20.0))
        shown = w.status().qr
        assert shown is not None
        assert shown.code == "2@b"


def test_a_logout_on_the_phone_ends_the_client_and_later_destroys_it(w: World) -> None:
    w.ready()
    w.advance(3600.0)
    w.browser.remove(ONE)
    status = w.status()
    assert (status.state, status.reason) == (State.DISCONNECTED_LOGOUT, Reason.LOGGED_OUT_BY_PHONE)
    assert w.browser.running() == []
    assert not w.browser.has_login(ONE)
    assert w.memory.wanted == []
    w.advance(59.9)
    assert w.state() is State.DISCONNECTED_LOGOUT
    w.advance(0.1)
    assert w.directory.find(ONE) is None
    assert w.clients() == []


def test_a_conflict_keeps_the_login_and_is_not_resumed(w: World) -> None:
    w.ready()
    w.tell(Conflict("Opened elsewhere"))
    assert (w.state(), w.reason()) == (State.DISCONNECTED_LOGOUT, Reason.CONFLICT)
    assert w.browser.has_login(ONE)
    assert w.memory.wanted == []
    w.advance(60.0)
    assert w.browser.opened == [ONE]
    w.init()
    assert w.state() is State.READY


@pytest.mark.parametrize(
    ("fact", "state", "kept"),
    [
        (Banned(Reason.ACCOUNT_LOCKED, "locked"), State.DISCONNECTED_BANNED, False),
        (LoggedOut(Reason.STORAGE_FAILED, "storage"), State.DISCONNECTED_LOGOUT, False),
        (Blocked(Reason.TERMS_OF_SERVICE, "terms"), State.ERROR, True),
        (Blocked(Reason.PROXY_BLOCKED, "proxy"), State.ERROR, True),
        (QrShown("2@x", 20.0), State.DISCONNECTED_LOGOUT, False),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, State | bool) else str(value),
)
def test_what_ends_a_ready_client_is_cleaned_up_later(w: World, fact: LoggedOut, state: State, kept: bool) -> None:
    w.ready()
    w.tell(fact)
    assert w.state() is state
    assert w.browser.has_login(ONE) is kept
    w.advance(60.0)
    assert w.clients() == []
    assert w.browser.running() == []


def test_an_init_before_the_cleanup_starts_afresh_and_cancels_it(w: World) -> None:
    w.ready()
    w.browser.remove(ONE)
    w.advance(59.0)
    w.init()
    assert w.state() is State.QR_REQUIRED
    w.advance(2.0)
    assert w.state() is State.QR_REQUIRED
    assert w.memory.states()[-2:] == [State.INITIALIZING, State.QR_REQUIRED]
    assert w.memory.wanted == [ONE]


def test_an_ordered_logout_is_answered_when_it_is_done(w: World) -> None:
    w.ready()
    status = w.ask(LogOut(), ONE).get(timeout=0)
    assert (status.state, status.reason) == (State.DISCONNECTED_LOGOUT, Reason.LOGGED_OUT_BY_API)


def test_a_deleted_client_is_logged_out_and_forgotten(w: World) -> None:
    w.ready()
    assert w.delete().get(timeout=0) == Deleted(ONE, logged_out=True)
    assert w.clients() == []
    assert not w.browser.has_login(ONE)
    assert w.memory.forgotten == [ONE]
    with pytest.raises(NoSuchClient):
        w.delete().get(timeout=0)


def test_a_stored_login_without_a_client_can_be_deleted(w: World) -> None:
    w.browser.keep_login(ONE)
    assert w.delete().get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_LINKED)
    assert not w.browser.has_login(ONE)


def test_a_page_that_does_not_log_out_is_deleted_all_the_same() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), Ready("549"))
        reply = w.delete()
        w.advance(15.0)
        assert not reply.is_answered()
        assert w.page().ordered("close")
        w.page().end()
        w.clock.settle()
        assert reply.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_CONFIRMED)


def test_a_page_that_has_logged_out_is_given_its_time_to_close_once() -> None:
    with world(BY_HAND, replace(RULES, times=Times(log_out=5.0, close=10.0))) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), Ready("549"))
        w.delete()
        w.tell(LoggedOut(Reason.LOGGED_OUT_BY_API, "out"))
        w.advance(10.0)
        assert [order.name for order in w.page().orders] == ["LogOut", "close", "kill"]


def test_a_page_that_does_not_close_is_killed_and_then_given_up() -> None:
    with world(BY_HAND, replace(RULES, times=Times(close=10.0))) as w:
        w.init()
        reply = w.delete()
        w.advance(10.0)
        assert [order.name for order in w.page().orders] == ["close", "kill"]
        assert not reply.is_answered()
        w.advance(10.0)
        assert reply.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_LINKED)


def test_a_client_that_closes_says_that_it_is_not_there() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), QrScanned(), Ready("549"))
        w.ask(Delete(ONE))
        w.advance(15.0)
        assert w.state() is State.NOT_INITIALIZED
        assert w.clients() == []
        with pytest.raises(NotReady, match="NOT_INITIALIZED"):
            w.send().get(timeout=0)


def test_a_lost_link_heals_by_itself_without_an_attempt(w: World) -> None:
    w.ready()
    w.browser.cut(ONE)
    assert (w.state(), w.reason()) == (State.DISCONNECTED_RECOVERABLE, Reason.NETWORK_LOST)
    w.advance(599.0)
    w.browser.mend(ONE)
    status = w.status()
    assert (status.state, status.reason, status.reconnection_attempts) == (State.READY, None, 0)
    assert w.browser.opened == [ONE]
    assert w.memory.states()[-3:] == [State.DISCONNECTED_RECOVERABLE, State.RECONNECTING, State.READY]


def test_a_link_that_stays_lost_costs_an_attempt(w: World) -> None:
    w.ready()
    w.browser.cut(ONE)
    w.advance(300.0)
    w.tell(LinkLost(Reason.NETWORK_LOST, "still"))
    w.advance(300.0)
    assert w.status().reconnection_attempts == 1
    w.advance(1.0)
    assert w.state() is State.READY
    assert w.browser.opened == [ONE, ONE]


def test_a_temporary_ban_is_waited_out_and_no_silence_hides_it(w: World) -> None:
    w.ready()
    until = w.clock.time() + 7200.0
    w.tell(LinkLost(Reason.TEMPORARILY_BANNED, "for two hours", until))
    w.tell(LinkLost(Reason.NETWORK_LOST, "socket"))
    status = w.status()
    assert (status.state, status.reason) == (State.DISCONNECTED_RECOVERABLE, Reason.TEMPORARILY_BANNED)
    assert status.restricted_until == until
    w.advance(7200.0 + 599.0)
    assert w.browser.opened == [ONE]
    w.tell(LinkResumed(), Ready("549"))
    assert (w.state(), w.status().restricted_until) == (State.READY, None)


def test_a_page_lost_during_a_temporary_ban_is_not_opened_before_it_is_over(w: World) -> None:
    w.ready()
    until = w.clock.time() + 7200.0
    w.tell(LinkLost(Reason.TEMPORARILY_BANNED, "for two hours", until))
    w.crash()
    assert w.status().next_attempt_at == until
    w.advance(7199.0)
    assert w.browser.opened == [ONE]
    w.advance(1.0)
    assert w.state() is State.READY


def test_a_number_restricted_while_it_is_paired_is_an_error(w: World) -> None:
    w.init()
    until = w.clock.time() + 7200.0
    w.tell(QrScanned(), LinkLost(Reason.TEMPORARILY_BANNED, "for two hours", until))
    status = w.status()
    assert (status.state, status.reason) == (State.ERROR, Reason.TEMPORARILY_BANNED)
    assert status.restricted_until == until


def test_an_outdated_page_is_opened_again(w: World) -> None:
    w.ready()
    w.tell(PageFailed(Reason.VERSION_OUTDATED, "outdated"))
    w.advance(1.0)
    assert w.state() is State.READY
    assert w.browser.opened == [ONE, ONE]


def test_a_caller_who_waits_hears_of_the_first_state_that_is_not_a_start() -> None:
    with world(BY_HAND) as w:
        w.init()
        reply = w.ask(AwaitState(STARTING, 15.0), ONE)
        assert not reply.is_answered()
        w.tell(QrShown("2@a", 20.0))
        assert reply.get(timeout=0).state is State.QR_REQUIRED


def test_a_caller_who_waits_too_long_hears_the_state_there_is() -> None:
    with world(BY_HAND) as w:
        w.init()
        reply = w.ask(AwaitState(STARTING, 15.0), ONE)
        w.advance(15.0)
        assert reply.get(timeout=0).state is State.INITIALIZING


def test_more_clients_than_allowed_are_refused_and_an_end_makes_room() -> None:
    with world(rules=replace(RULES, max_clients=2)) as w:
        w.ready(ONE)
        w.ready(TWO)
        with pytest.raises(CapacityExceeded, match="SM_MAX_CLIENTS is 2"):
            w.init(THREE)
        assert isinstance(w.init(ONE), AlreadyRunning)
        w.browser.remove(TWO)
        w.advance(60.0)
        w.ready(THREE)


def test_every_waiting_state_has_the_deadline_the_operator_set() -> None:
    times = Times(patience=Patience(start=1.0, qr=2.0, link=3.0))
    with world(BY_HAND, replace(RULES, times=times)) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0))
        w.advance(2.0)
        assert w.state() is State.AUTH_FAILURE
