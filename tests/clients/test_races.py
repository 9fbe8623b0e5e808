"""What happens at the wrong moment: each race once, in a fixed order, on a manual clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from actors.browser.fake import BY_HAND, FakeBrowser, Fate, Habits, always
from actors.clients.directory import Directory
from actors.clients.errors import SendUnknown, ShuttingDown, StartFailed, StartUnderWay
from actors.clients.protocol import (
    AwaitState,
    Banned,
    BrowserGone,
    Deleted,
    Init,
    LinkLost,
    LoggedOut,
    LogOut,
    PageFailed,
    QrIdle,
    QrScanned,
    QrShown,
    Ready,
    ReconnectGranted,
    ReconnectRefused,
    ShutDown,
    Started,
)
from actors.clients.supervisor import Supervisor
from actors.clients.types import Reason, State
from actors.runtime.testing import ManualClock, asked, own_tells, timers, unstarted
from tests.clients.rig import ONE, RULES, TWO, Memory, World, world

PROBED = Habits(opens=False, closes=False)
"""By hand, but what is asked is answered: for tests that take longer than a hung page is given."""
REMOVED = LoggedOut(Reason.LOGGED_OUT_BY_PHONE, "Removed from the phone")


def by_hand_ready(w: World) -> None:
    """A READY client whose page does nothing by itself."""
    w.init()
    w.tell(QrShown("2@a", 20.0), QrScanned(), Ready("549"))
    w.memory.pairings.clear()


# --- start and stop --------------------------------------------------------------------------------------------------


def test_a_client_deleted_while_it_starts_is_gone_with_its_browser() -> None:
    with world(BY_HAND) as w:
        w.init()
        waiting = w.ask(AwaitState(frozenset({State.INITIALIZING}), 15.0), ONE)
        reply = w.delete()
        assert waiting.get(timeout=0).state is State.NOT_INITIALIZED
        assert not reply.is_answered()
        w.page().end()
        w.clock.settle()
        assert reply.get(timeout=0) == Deleted(ONE, logged_out=False)
        assert w.clients() == []


def test_an_attempt_that_comes_due_while_the_client_ends_is_not_made() -> None:
    with world(BY_HAND) as w:
        by_hand_ready(w)
        w.tell(PageFailed(Reason.PAGE_CRASHED, "crashed"))  # and takes its time to close
        reply = w.delete()
        w.advance(5.0)
        assert w.browser.opened == [ONE]
        w.page().end()
        w.clock.settle()
        assert reply.get(timeout=0) == Deleted(ONE, logged_out=False)


def test_an_init_during_a_delete_starts_once_the_client_is_gone() -> None:
    with world(BY_HAND) as w:
        w.init()
        deleted = w.delete()
        old = w.page()
        started = w.ask(Init(ONE))
        with pytest.raises(StartUnderWay):
            w.init()
        assert not started.is_answered()
        assert w.browser.opened == [ONE]
        old.end()
        w.clock.settle()
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False)
        assert isinstance(started.get(timeout=0), Started)
        assert w.state() is State.INITIALIZING
        assert w.memory.wanted == [ONE]


def test_a_delete_after_such_an_init_has_the_last_word() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.delete()
        started, deleted = w.ask(Init(ONE)), w.delete()
        with pytest.raises(StartFailed, match="deleted before it could start"):
            started.get(timeout=0)
        w.page().end()
        w.clock.settle()
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False)
        assert w.clients() == []
        assert w.browser.opened == [ONE]


def test_no_start_is_taken_while_the_service_ends() -> None:
    with world(BY_HAND) as w:
        w.init(ONE)
        w.ask(ShutDown(15.0))
        for client in (ONE, TWO):
            with pytest.raises(ShuttingDown):
                w.init(client)
        w.resume(TWO)
        assert w.browser.opened == [ONE]


def test_an_init_that_waits_for_an_end_is_refused_when_the_service_ends_meanwhile() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.delete()
        started, down = w.ask(Init(ONE)), w.ask(ShutDown(15.0))
        w.page().end()
        w.clock.settle()
        with pytest.raises(ShuttingDown):
            started.get(timeout=0)
        assert down.get(timeout=0) is None


# --- cleanup and init ------------------------------------------------------------------------------------------------


class Slow:
    """A supervisor that hears what its clients say only when a test lets it."""

    def __init__(self) -> None:
        self.browser, self.memory, self.clock = FakeBrowser(), Memory(), ManualClock()
        self.actor = unstarted(
            Supervisor, self.browser, Directory(), rules=RULES, sessions=self.memory, clock=self.clock
        )

    def catch_up(self) -> None:
        self.clock.settle()
        while own_tells(self.actor):
            self.actor._handle(self.actor.mailbox.get())
            self.clock.settle()

    def stop(self) -> None:
        for ref in self.actor.children.values():
            ref.stop()


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.stop()


def test_a_cleanup_never_overtakes_a_start_that_was_accepted(slow: Slow) -> None:
    asked(slow.actor, Init(ONE))
    slow.catch_up()
    slow.browser.scan(ONE)
    slow.browser.remove(ONE)
    slow.catch_up()
    assert ("cleanup", ONE) in timers(slow.actor)
    reply = asked(slow.actor, Init(ONE))  # the client has not said yet that it starts
    assert ("cleanup", ONE) not in timers(slow.actor)
    slow.catch_up()
    assert isinstance(reply.get(timeout=0), Started)


def test_a_logout_that_is_heard_of_only_during_the_shutdown_is_not_forgotten(slow: Slow) -> None:
    asked(slow.actor, Init(ONE))
    slow.catch_up()
    slow.browser.scan(ONE)
    slow.catch_up()
    slow.browser.remove(ONE)
    slow.clock.settle()
    down = asked(slow.actor, ShutDown(15.0))
    slow.catch_up()
    assert down.get(timeout=0) is None
    assert slow.memory.wanted == []


def test_an_init_that_comes_just_after_the_cleanup_began_starts_a_new_client() -> None:
    with world(BY_HAND) as w:
        by_hand_ready(w)
        w.tell(REMOVED)
        w.advance(60.0)  # the cleanup waits for the page to close
        started = w.ask(Init(ONE))
        assert not started.is_answered()
        w.page().end()
        w.clock.settle()
        assert isinstance(started.get(timeout=0), Started)
        assert w.state() is State.INITIALIZING
        w.advance(30.0)
        assert w.state() is State.INITIALIZING


def test_a_bug_during_a_cleanup_ends_the_client_as_well() -> None:
    with world(BY_HAND) as w:
        by_hand_ready(w)
        w.tell(REMOVED)
        w.advance(60.0)
        w.client().tell(AwaitState(None, 1.0))  # type: ignore[arg-type]  # which is a bug
        w.advance(60.0)
        assert w.directory.find(ONE) is None
        assert w.clients() == []
        assert w.browser.opened == [ONE]


def test_a_bug_in_a_start_is_told_to_its_caller() -> None:
    class Broken(FakeBrowser):
        def has_login(self, client_id: object) -> bool:
            raise RuntimeError("a bug")

    with world(browser=Broken()) as w:
        with pytest.raises(StartFailed, match="a bug"):
            w.init()
        w.advance(60.0)
        assert w.browser.opened == []


def test_two_clients_may_end_in_one_tick(w: World) -> None:
    w.ready(ONE)
    w.ready(TWO)
    w.browser.remove(ONE)
    w.browser.remove(TWO)
    w.advance(59.0)
    assert len(w.clients()) == 2
    w.advance(1.0)
    assert w.clients() == []
    assert w.browser.running() == []


def test_two_bugs_in_one_tick_are_two_restarts(w: World) -> None:
    w.ready(ONE)
    w.ready(TWO)
    for client in (ONE, TWO):
        w.client(client).tell(AwaitState(None, 1.0))  # type: ignore[arg-type]  # which is a bug
    w.advance(1.0)
    assert w.clients() == [(ONE, State.READY), (TWO, State.READY)]


# --- old pages, logouts, attempts ------------------------------------------------------------------------------------


def test_what_an_old_page_says_after_a_new_one_was_opened_means_nothing() -> None:
    with world(BY_HAND) as w:
        by_hand_ready(w)
        old = w.page()
        w.tell(PageFailed(Reason.PAGE_CRASHED, "crashed"))
        w.advance(1.0)
        assert w.page() is not old
        for fact in (Ready("549"), REMOVED, QrShown("2@old", 20.0), BrowserGone(None, "closed")):
            old.tell(fact)
        assert w.state() is State.RECONNECTING
        assert w.browser.has_login(ONE)
        w.tell(Ready("549"))
        assert w.state() is State.READY


def test_the_page_of_a_client_that_met_a_bug_is_gone_before_the_next_one_opens() -> None:
    with world(Habits(closes=False)) as w:
        w.ready()
        old = w.page()
        w.break_actor()
        assert old.ordered("kill")
        w.advance(1.0)
        assert w.browser.running() == [old]
        assert w.state() is State.RECONNECTING
        old.end()
        assert w.state() is State.READY
        assert w.browser.running() == [w.page()]


def test_a_logout_during_a_reconnection_ends_it(w: World) -> None:
    w.ready()
    w.advance(3600.0)
    w.crash()
    w.browser.remove(ONE)
    w.advance(1.0)
    assert (w.state(), w.reason()) == (State.DISCONNECTED_LOGOUT, Reason.LOGGED_OUT_BY_PHONE)
    w.advance(59.0)
    assert w.browser.opened == [ONE, ONE]


def test_a_grant_or_a_refusal_that_comes_after_a_logout_means_nothing(w: World) -> None:
    w.ready()
    w.browser.remove(ONE)
    w.clock.settle()
    w.client().tell(ReconnectGranted(1, 1.0))
    w.client().tell(ReconnectRefused(Reason.ATTEMPTS_EXHAUSTED, "late"))
    w.advance(2.0)
    assert w.state() is State.DISCONNECTED_LOGOUT
    assert w.browser.opened == [ONE]


def test_a_logout_while_the_link_is_lost_ends_the_client(w: World) -> None:
    w.ready()
    w.tell(LinkLost(Reason.NETWORK_LOST, "gone"), LoggedOut(Reason.STORAGE_FAILED, "erased"))
    assert w.state() is State.DISCONNECTED_LOGOUT
    w.advance(60.0)
    assert w.clients() == []


# --- shutdown --------------------------------------------------------------------------------------------------------


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
        assert not w.page().ordered("log_out")
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
        assert w.page().ordered("log_out")
        w.tell(LoggedOut(Reason.LOGGED_OUT_BY_PHONE, "Logged out"))
        w.page().end()
        w.clock.settle()
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=True)
        assert down.get(timeout=0) is None
        assert not w.browser.has_login(ONE)


# --- codes -----------------------------------------------------------------------------------------------------------


def test_a_code_that_rotates_just_before_the_scan_is_counted_does_no_harm() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 60.0), QrShown("2@b", 20.0), QrScanned(), Ready("549"))
        status = w.status()
        assert (status.state, status.qr, status.reason) == (State.READY, None, None)


def test_a_pairing_that_failed_shows_codes_again_and_may_take_its_time_again() -> None:
    with world(PROBED) as w:
        w.init()
        w.tell(QrShown("2@a", 60.0))
        w.advance(200.0)
        w.tell(QrScanned(), QrShown("2@b", 60.0))
        w.advance(200.0)
        shown = w.status().qr
        assert w.state() is State.QR_REQUIRED
        assert shown is not None
        assert shown.code == "2@b"


def test_codes_that_stop_as_they_are_scanned_are_not_asked_for_again() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 60.0), QrScanned(), QrIdle())
        assert w.page().ordered("refresh_qr") == []
        assert w.state() is State.INITIALIZING
        w.tell(Ready("549"), QrIdle())
        assert w.state() is State.READY


def test_codes_that_stop_again_and_again_do_not_prolong_the_time_for_scanning() -> None:
    with world(PROBED) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0))
        for _ in range(10):
            w.tell(QrIdle())
            w.advance(29.9)
        assert len(w.page().ordered("refresh_qr")) == 10
        w.advance(2.0)
        assert w.state() is State.AUTH_FAILURE


# --- bans ------------------------------------------------------------------------------------------------------------


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
