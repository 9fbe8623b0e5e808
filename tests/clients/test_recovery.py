"""Life without a human: budgets, delays, probes, memory, bugs. Hours in milliseconds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.browser.fake import BY_HAND, FakeBrowser, Habits
from actors.clients.client import Client
from actors.clients.events import MessageArrived
from actors.clients.policy import Policy, Times
from actors.clients.protocol import (
    AlreadyRunning,
    AwaitState,
    BrowserGone,
    GetStatus,
    PageFailed,
    Probed,
    QrShown,
    Ready,
    Start,
)
from actors.clients.types import Origin, Reason, State
from actors.runtime import Backoff
from actors.runtime.testing import ManualClock, Probe
from tests.clients.rig import ONE, RULES, TWO, World, world

MIB = 2**20


def test_a_dead_browser_comes_back_with_the_stored_login(w: World) -> None:
    w.ready()
    w.crash()
    status = w.status()
    assert (status.state, status.reason) == (State.DISCONNECTED_RECOVERABLE, Reason.BROWSER_CRASHED)
    assert status.reconnection_attempts == 1
    assert status.next_attempt_at == w.clock.time() + 1.0
    assert not status.healthy
    w.advance(1.0)
    status = w.status()
    assert (status.state, status.reconnection_attempts, status.next_attempt_at) == (State.READY, 0, None)


def test_the_reason_for_having_left_stays_readable_on_the_way_back() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), Ready("549"))
        w.tell(BrowserGone(Reason.BROWSER_CRASHED, "died"))
        w.advance(1.0)
        assert (w.state(), w.reason()) == (State.RECONNECTING, Reason.BROWSER_CRASHED)
        w.tell(Ready("549"))
        assert w.reason() is None


def test_three_attempts_in_a_row_with_growing_delays_then_an_error(w: World) -> None:
    w.ready()
    w.crash()
    for attempt, delay in ((1, 1.0), (2, 2.0), (3, 4.0)):
        assert w.status().reconnection_attempts == attempt
        assert w.status().next_attempt_at == w.clock.time() + delay
        w.browser.fail_next(ONE, Reason.PAGE_UNREACHABLE, "no page")
        w.advance(delay)
    status = w.status()
    assert (status.state, status.reason) == (State.ERROR, Reason.ATTEMPTS_EXHAUSTED)
    assert status.reason_text == "Max reconnection attempts reached (PAGE_UNREACHABLE: no page)"
    assert w.browser.has_login(ONE)
    assert w.memory.wanted == [ONE]
    w.advance(60.0)
    assert w.clients() == []
    w.init()
    assert w.state() is State.READY


def test_ready_ends_the_row_of_attempts_and_delays_start_small_again_once_it_lasted(w: World) -> None:
    w.ready()
    delays = []
    for stays in (0.0, 0.0, 59.0, 60.0):
        w.crash()
        assert w.status().reconnection_attempts == 1
        delays.append((w.status().next_attempt_at or 0.0) - w.clock.time())
        w.advance(delays[-1])
        assert w.state() is State.READY
        w.advance(stays)
    w.crash()
    delays.append((w.status().next_attempt_at or 0.0) - w.clock.time())
    assert delays == [1.0, 2.0, 4.0, 8.0, 1.0]


def test_a_start_after_the_attempts_are_used_up_has_all_of_them_again(w: World) -> None:
    w.init()
    for _ in range(4):
        w.crash()
        w.advance(10.0)
    assert w.reason() is Reason.ATTEMPTS_EXHAUSTED
    w.init()
    w.crash()
    assert (w.state(), w.status().reconnection_attempts) == (State.DISCONNECTED_RECOVERABLE, 1)


@pytest.mark.parametrize("reason", [Reason.CHROMIUM_FAILED, Reason.PROFILE_IN_USE])
def test_what_cannot_succeed_is_not_tried_again(w: World, reason: Reason) -> None:
    w.ready()
    w.browser.fail_next(ONE, reason, "hopeless")
    w.crash()
    w.advance(1.0)
    status = w.status()
    assert (status.state, status.reason, status.reason_text) == (State.ERROR, reason, "hopeless")
    assert w.browser.opened == [ONE, ONE]


def test_without_attempts_a_loss_is_an_error() -> None:
    with world(rules=replace(RULES, reconnection=Policy(Backoff(), limit=0))) as w:
        w.ready()
        w.crash()
        assert (w.state(), w.reason()) == (State.ERROR, Reason.ATTEMPTS_EXHAUSTED)


def test_a_page_lost_while_it_shows_a_code_starts_afresh(w: World) -> None:
    w.init()
    w.crash()
    w.advance(1.0)
    states = w.memory.states()
    assert states[-3:] == [State.DISCONNECTED_RECOVERABLE, State.INITIALIZING, State.QR_REQUIRED]
    assert w.reason() is None


def test_one_client_in_trouble_never_delays_another(w: World) -> None:
    w.ready(ONE)
    w.ready(TWO)
    for _ in range(3):
        w.browser.fail_next(ONE, Reason.PAGE_UNREACHABLE)
    w.crash(ONE)
    w.advance(3.0)
    w.crash(TWO)
    w.advance(1.0)
    assert (w.state(ONE), w.state(TWO)) == (State.DISCONNECTED_RECOVERABLE, State.READY)


def test_a_wish_that_nobody_answers_is_made_again() -> None:
    with world(BY_HAND, replace(RULES, reconnection=Policy(Backoff(jitter=0.0), limit=9))) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), Ready("549"))
        client = w.client()
        w.directory.remove(ONE)  # the supervisor finds nobody to answer
        w.tell(BrowserGone(Reason.BROWSER_CRASHED, "died"))
        w.directory.enter(ONE, client)
        assert w.status().next_attempt_at is None
        w.advance(600.0)
        assert w.status().next_attempt_at is not None


def test_a_hung_page_is_noticed_by_two_probes_and_killed(w: World) -> None:
    w.ready()
    w.advance(15.0)
    page = w.page()
    assert len(page.ordered("probe")) == 1
    page.hung = True
    w.advance(20.0)
    status = w.status()
    assert (status.state, status.healthy) == (State.READY, False)
    w.advance(14.9)
    assert w.state() is State.READY
    w.advance(0.1)
    assert (w.state(), w.reason()) == (State.DISCONNECTED_RECOVERABLE, Reason.BROWSER_HUNG)
    assert [order.name for order in page.orders][-1] == "kill"
    w.advance(1.0)
    assert w.state() is State.READY


def test_the_page_after_a_hung_one_is_watched_as_well(w: World) -> None:
    w.ready()
    for _ in range(3):
        w.page().hung = True
        w.advance(60.0)
    lost = [t.reason for t in w.memory.transitions if t.after is State.DISCONNECTED_RECOVERABLE]
    assert lost == [Reason.BROWSER_HUNG] * 3
    assert w.status().healthy


def test_a_page_that_talks_all_the_time_is_probed_all_the_same(w: World) -> None:
    w.ready()
    for _ in range(60):
        w.tell(MessageArrived({"id": "x"}))
        w.advance(1.0)
    assert len(w.page().ordered("probe")) == 4


def test_a_page_that_answers_again_is_healthy_again(w: World) -> None:
    w.ready()
    page = w.page()
    page.hung = True
    w.advance(20.0)
    assert not w.status().healthy
    page.hung = False
    w.advance(10.0)
    assert w.status().healthy
    w.advance(3600.0)
    assert w.state() is State.READY
    assert w.browser.opened == [ONE]


def test_a_late_answer_to_an_older_probe_proves_nothing() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), Ready("549"))
        w.advance(30.0)
        first, second = w.page().ordered("probe")
        w.tell(Probed(first["token"]))
        w.advance(5.0)
        assert second["token"] != first["token"]
        assert (w.state(), w.reason()) == (State.DISCONNECTED_RECOVERABLE, Reason.BROWSER_HUNG)


def test_a_page_that_shows_a_code_is_probed_too(w: World) -> None:
    w.init()
    w.page().hung = True
    w.advance(35.0)
    assert (w.state(), w.reason()) == (State.DISCONNECTED_RECOVERABLE, Reason.BROWSER_HUNG)


def test_a_page_that_is_still_being_started_is_not_probed() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.advance(59.0)
        assert w.state() is State.INITIALIZING
        assert w.page().ordered("probe") == []


def test_a_probe_that_may_take_longer_than_the_interval_is_late_before_the_next() -> None:
    times = Times(probe_interval=10.0, probe_timeout=60.0)
    with world(BY_HAND, replace(RULES, times=times)) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), Ready("549"))
        w.advance(30.0)
        assert w.reason() is Reason.BROWSER_HUNG


def test_a_deaf_browser_is_killed_not_asked(w: World) -> None:
    w.ready()
    page = w.page()
    w.tell(PageFailed(Reason.BROWSER_DEAF, "deaf"))
    assert [order.name for order in page.orders][-1] == "kill"


def fat(mib: int) -> FakeBrowser:
    return FakeBrowser(Habits(pss=mib * MIB))


def test_a_client_over_its_memory_is_restarted_once_when_it_is_quiet() -> None:
    with world(rules=replace(RULES, client_memory=100 * MIB), browser=fat(120)) as w:
        w.ready()
        w.tell(MessageArrived({"id": "x"}))
        w.advance(15.0)
        assert w.browser.opened == [ONE]
        w.advance(15.0)
        assert w.reason() is Reason.MEMORY_LIMIT
        assert w.status().reason_text == "The browser's processes hold 120 MiB; SM_CLIENT_MEMORY is 100 MiB"
        assert [order.name for order in w.page().orders][-1] == "close"
        w.advance(1.0)
        assert w.state() is State.READY
        w.advance(3500.0)
        assert w.browser.opened == [ONE, ONE]
        w.advance(200.0)
        assert w.browser.opened == [ONE, ONE, ONE]


def test_a_client_far_over_its_memory_is_restarted_at_once() -> None:
    with world(rules=replace(RULES, client_memory=100 * MIB), browser=fat(150)) as w:
        w.ready()
        w.tell(MessageArrived({"id": "x"}))
        w.advance(15.0)
        assert w.reason() is Reason.MEMORY_LIMIT


def test_a_client_far_over_its_memory_for_ever_comes_back_more_and_more_slowly() -> None:
    with world(rules=replace(RULES, client_memory=100 * MIB), browser=fat(900)) as w:
        w.ready()
        w.advance(3600.0)
        assert w.state() in (State.READY, State.DISCONNECTED_RECOVERABLE)
        assert len(w.browser.opened) < 60


def test_a_client_within_its_memory_stays() -> None:
    with world(rules=replace(RULES, client_memory=100 * MIB), browser=fat(99)) as w:
        w.ready()
        w.advance(3600.0)
        assert w.browser.opened == [ONE]


def test_a_client_that_waits_for_its_restart_is_not_called_ready(w: World) -> None:
    w.ready()
    w.break_actor()
    assert w.clients() == [(ONE, State.DISCONNECTED_RECOVERABLE)]
    assert w.memory.transitions[-1].reason is Reason.ACTOR_CRASHED
    w.advance(1.0)
    assert w.clients() == [(ONE, State.READY)]


def test_a_client_outlives_a_dead_supervisor_until_it_is_stopped() -> None:
    supervisor, browser, clock = Probe(), FakeBrowser(), ManualClock()
    ref = Client.start(ONE, browser, supervisor.ref, clock=clock)
    supervisor.close()
    ref.tell(Start(Origin.RESUME))
    clock.settle()
    browser.scan(ONE)
    browser.crash(ONE)
    clock.settle()
    status: Any = ref.ask(GetStatus())
    assert status.state is State.DISCONNECTED_RECOVERABLE
    ref.stop()


def test_a_bug_in_a_client_is_survived_by_it_and_by_the_others(w: World) -> None:
    w.ready(ONE)
    w.ready(TWO)
    page = w.page(ONE)
    w.break_actor(ONE)
    assert page.gone
    w.advance(1.0)
    assert (w.state(ONE), w.state(TWO)) == (State.READY, State.READY)
    assert w.browser.opened == [ONE, TWO, ONE]
    assert len(w.browser.running()) == 2


def test_a_bug_that_comes_back_ends_in_an_error_that_can_be_read_and_started_again(w: World) -> None:
    w.ready()
    for _ in range(4):
        w.break_actor()
        w.advance(1.0)
    status = w.status()
    assert (status.state, status.reason) == (State.ERROR, Reason.ACTOR_CRASHED)
    w.init()
    assert w.state() is State.READY
    w.break_actor()
    w.advance(1.0)
    assert w.state() is State.READY


def test_a_bug_at_the_end_of_a_client_does_not_start_it_again(w: World) -> None:
    w.ready()
    w.browser.remove(ONE)
    w.clock.settle()
    w.client().tell(AwaitState(None, 1.0))  # type: ignore[arg-type]  # which is a bug
    w.advance(1.0)
    assert w.state() is State.DISCONNECTED_LOGOUT


def test_an_init_while_a_client_waits_for_its_restart_is_told_to_come_back(w: World) -> None:
    w.ready()
    w.break_actor()
    with pytest.raises(Exception, match="already in progress"):
        w.init()
    w.advance(1.0)
    assert isinstance(w.init(), AlreadyRunning)
