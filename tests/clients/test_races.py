"""What happens at the wrong moment: each race once, in a fixed order, on a manual clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.browser.fake import BY_HAND, FakeBrowser, Habits
from actors.clients.errors import ShuttingDown, StartFailed, StartOvertaken, StartUnderWay
from actors.clients.protocol import (
    AwaitState,
    BrowserGone,
    Delete,
    Deleted,
    Init,
    LinkLost,
    LoggedOut,
    PageFailed,
    QrShown,
    Ready,
    ReconnectGranted,
    ReconnectRefused,
    ShutDown,
    Started,
)
from actors.clients.registry.directory import Directory
from actors.clients.supervisor import Supervisor
from actors.clients.types import LinkLeft, Reason, State
from actors.runtime.testing import ManualClock, asked, own_tells, timers, unstarted
from tests.clients.rig import ONE, REMOVED, RULES, TWO, Memory, World, by_hand_ready, world

# --- start and stop ---------------------------------------------------------------------------------------------------


def test_a_client_deleted_while_it_starts_is_gone_with_its_browser() -> None:
    with world(BY_HAND) as w:
        w.init()
        waiting = w.ask(AwaitState(frozenset({State.INITIALIZING}), 15.0), ONE)
        reply = w.delete()
        assert waiting.get(timeout=0).state is State.NOT_INITIALIZED
        assert not reply.is_answered()
        w.page().end()
        w.clock.settle()
        assert reply.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_LINKED)
        assert w.clients() == []


def test_an_attempt_that_comes_due_while_the_client_ends_is_not_made() -> None:
    with world(BY_HAND) as w:
        by_hand_ready(w)
        w.tell(PageFailed(Reason.PAGE_CRASHED, "crashed"))  # and takes its time to close
        reply = w.ask(Delete(ONE, log_out=False))
        w.advance(5.0)
        assert w.browser.opened == [ONE]
        w.page().end()
        w.clock.settle()
        assert reply.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_REQUESTED)


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
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_LINKED)
        assert isinstance(started.get(timeout=0), Started)
        assert w.state() is State.INITIALIZING
        assert w.memory.wanted == [ONE]


def test_a_delete_after_such_an_init_has_the_last_word() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.delete()
        started, deleted = w.ask(Init(ONE)), w.delete()
        with pytest.raises(StartOvertaken, match="was deleted while it started"):
            started.get(timeout=0)
        w.page().end()
        w.clock.settle()
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_LINKED)
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


# --- cleanup and init -------------------------------------------------------------------------------------------------


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

    def removed_unheard(self) -> None:
        """The client was linked and then removed by its phone, which it has told; the supervisor has not heard it."""
        asked(self.actor, Init(ONE))
        self.catch_up()
        self.browser.scan(ONE)
        self.catch_up()
        self.browser.remove(ONE)
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


def test_a_start_that_was_accepted_before_the_end_before_it_was_heard_of_is_wanted_after_a_restart(slow: Slow) -> None:
    slow.removed_unheard()
    reply = asked(slow.actor, Init(ONE))  # the client has said that it was logged out; nobody has heard it yet
    slow.catch_up()
    assert isinstance(reply.get(timeout=0), Started)
    assert ("cleanup", ONE) not in timers(slow.actor)
    assert slow.memory.wanted == [ONE]


def test_a_logout_that_is_heard_of_only_during_the_shutdown_is_not_forgotten(slow: Slow) -> None:
    slow.removed_unheard()
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


# --- old pages, logouts, attempts -------------------------------------------------------------------------------------


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
