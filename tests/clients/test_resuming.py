"""Stored logins that are resumed: by a start, and all of them after a restart of the service, a few at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.browser.fake import BY_HAND
from actors.clients.protocol import (
    BrowserGone,
    Conflict,
    Delete,
    Deleted,
    GetClients,
    PageLaunched,
    PageSettled,
    QrShown,
    Ready,
    Started,
)
from actors.clients.supervisor import LAUNCH
from actors.clients.types import ClientId, LinkLeft, Reason, State
from tests.clients.rig import ONE, RULES, THREE, TWO, Memory, World, world


def test_a_stored_login_is_resumed_without_a_code(w: World) -> None:
    w.ready()
    w.tell(Conflict("Opened elsewhere"))
    w.memory.transitions.clear()
    w.init()
    assert w.memory.states() == [State.RECONNECTING, State.READY]


def test_a_resumed_start_that_takes_too_long_is_tried_again() -> None:
    with world(BY_HAND) as w:
        w.browser.keep_login(ONE)
        w.resume(ONE)
        w.advance(60.0)
        assert (w.state(), w.reason()) == (State.DISCONNECTED_RECOVERABLE, Reason.START_TIMEOUT)
        assert w.status().reconnection_attempts == 1


@pytest.mark.parametrize("at_a_time", [1, 2, 3])
def test_clients_resume_a_few_at_a_time_in_the_order_given(at_a_time: int) -> None:
    order = [ClientId(number) for number in (5, 1, 4, 2, 3)]
    with world(BY_HAND, replace(RULES, start_concurrency=at_a_time)) as w:
        w.resume(*order)
        for begun in range(at_a_time, len(order) + 1):
            assert sorted(w.browser.opened) == sorted(order[:begun])
            assert w.browser.opened[at_a_time:] == order[at_a_time:begun]
            w.tell(Ready("549"), client_id=order[begun - at_a_time])
        assert w.memory.wanted == order


def test_a_client_in_trouble_delays_no_other() -> None:
    with world(BY_HAND, replace(RULES, start_concurrency=1)) as w:
        for client in (ONE, TWO, THREE):
            w.browser.keep_login(client)
        w.resume(ONE, TWO, THREE)
        assert w.browser.opened == [ONE]
        w.tell(PageLaunched(), client_id=ONE)
        assert w.browser.opened == [ONE, TWO]
        w.tell(BrowserGone(Reason.CHROMIUM_FAILED, "no start"), client_id=TWO)
        assert w.browser.opened == [ONE, TWO, THREE]
        assert w.state(ONE) is State.RECONNECTING


def test_pages_that_load_hold_up_the_next_until_they_need_no_core() -> None:
    with world(BY_HAND, replace(RULES, start_concurrency=1)) as w:
        four = [ClientId(number) for number in range(11, 15)]
        w.resume(*four)
        for client in four[:2]:
            w.tell(PageLaunched(), client_id=client)
        assert w.browser.opened == four[:2]
        w.tell(PageSettled(), client_id=four[1])
        assert w.browser.opened == four[:3]
        w.tell(Ready("549"), client_id=four[0])  # it has settled before
        assert w.browser.opened == four[:3]
        w.tell(PageLaunched(), client_id=four[2])
        assert w.browser.opened == four


def test_twenty_clients_whose_whatsapp_does_not_answer_come_before_four_that_are_well() -> None:
    """As Chromium does: launched after 0.4 s, settled 0.5 s later (`launch.UNANSWERED`), given up after a minute."""
    with world(BY_HAND) as w:
        dead, well = [ClientId(number) for number in range(11, 31)], [ClientId(number) for number in range(31, 35)]
        w.resume(*dead, *well)
        launched, settled, seconds = 0, 0, 0.0
        while not set(well) <= set(w.browser.opened):
            opened = list(w.browser.opened)
            for client in opened[launched:]:
                w.tell(PageLaunched(), client_id=client)
            for client in opened[settled:launched]:
                w.tell(PageSettled(), client_id=client)
            launched, settled = len(opened), launched
            w.advance(0.5)
            seconds += 0.5
        assert seconds <= len(dead) * 0.5 / RULES.start_concurrency + 0.5
        assert {w.state(client) for client in dead} <= {State.INITIALIZING, State.RECONNECTING}


def test_a_launch_that_does_not_end_delays_others_for_a_limited_time() -> None:
    with world(BY_HAND, replace(RULES, start_concurrency=1)) as w:
        w.resume(ONE, TWO, THREE)
        w.advance(LAUNCH)
        assert w.browser.opened == [ONE, TWO]
        w.advance(LAUNCH)
        assert w.browser.opened == [ONE, TWO, THREE]


def test_clients_that_wait_for_their_turn_are_there_and_say_their_place() -> None:
    with world(BY_HAND, replace(RULES, start_concurrency=1)) as w:
        for client in (ONE, THREE):
            w.browser.keep_login(client)
        w.resume(ONE, TWO, THREE)
        starting = [(ONE, State.RECONNECTING), (TWO, State.INITIALIZING), (THREE, State.RECONNECTING)]
        assert w.clients() == starting
        listed = w.ask(GetClients()).get(timeout=0)
        assert [status.queue_position for status in listed] == [None, 1, 2]
        assert [w.status(client).queue_position for client in (ONE, TWO, THREE)] == [None, 1, 2]
        w.advance(RULES.times.patience.start - 1.0)  # the time of a start begins with the turn
        w.tell(PageLaunched(), client_id=ONE)
        assert [w.state(client) for client in (TWO, THREE)] == [State.INITIALIZING, State.RECONNECTING]
        w.delete(TWO)
        assert w.status(THREE).queue_position is None


def test_a_client_that_waits_for_its_turn_may_wait_longer_than_a_start_may_take() -> None:
    with world(BY_HAND, replace(RULES, start_concurrency=1)) as w:
        w.browser.keep_login(THREE)
        w.resume(*(ClientId(number) for number in range(10, 20)), THREE)
        for number in range(10, 19):
            assert w.state(THREE) is State.RECONNECTING
            w.advance(LAUNCH - 1.0)
            for fact in (PageLaunched(), PageSettled()):
                w.tell(fact, client_id=ClientId(number))
        assert THREE not in w.browser.opened
        w.tell(PageLaunched(), client_id=ClientId(19))
        assert THREE in w.browser.opened
        assert (w.state(THREE), w.reason(THREE)) == (State.RECONNECTING, None)
        w.advance(60.0)
        assert w.reason(THREE) is Reason.START_TIMEOUT


def test_a_resumed_client_that_waits_for_its_turn_can_be_deleted_or_started() -> None:
    with world(BY_HAND, replace(RULES, start_concurrency=1)) as w:
        for client in (ONE, TWO, THREE):
            w.browser.keep_login(client)
        w.resume(ONE, TWO, THREE)
        assert w.ask(Delete(TWO, log_out=False)).get(timeout=0) == Deleted(
            TWO, logged_out=False, link=LinkLeft.NOT_REQUESTED
        )
        assert isinstance(w.init(THREE), Started)
        assert w.clients() == [(ONE, State.RECONNECTING), (THREE, State.RECONNECTING)]
        w.tell(Ready("549"), client_id=ONE)
        w.tell(Ready("549"), client_id=THREE)
        assert w.browser.opened == [ONE, THREE]


def test_a_client_that_ends_holds_nobody_up_who_is_to_resume() -> None:
    with world(BY_HAND, replace(RULES, start_concurrency=1)) as w:
        w.resume(ONE, TWO)
        assert w.browser.opened == [ONE]
        w.delete(ONE)  # its page takes its time to close
        assert w.browser.opened == [ONE, TWO]


def test_a_client_that_is_lost_again_and_again_waits_behind_the_others() -> None:
    with world(BY_HAND, replace(RULES, start_concurrency=1)) as w:
        for client in (ONE, TWO, THREE):
            w.browser.keep_login(client)
        w.resume(ONE, TWO, THREE)
        w.crash(ONE)
        assert w.browser.opened == [ONE, TWO]
        w.advance(1.0)
        assert (w.state(ONE), w.status(ONE).queue_position) == (State.RECONNECTING, 2)
        w.tell(Ready("549"), client_id=TWO)
        assert w.browser.opened == [ONE, TWO, THREE]
        w.tell(Ready("549"), client_id=THREE)
        assert w.browser.opened == [ONE, TWO, THREE, ONE]
        assert w.status(ONE).queue_position is None


def test_a_bug_in_a_client_that_resumes_holds_nobody_up() -> None:
    with world(BY_HAND, replace(RULES, start_concurrency=1)) as w:
        w.resume(ONE, TWO)
        assert w.browser.opened == [ONE]
        w.break_actor(ONE)
        assert w.browser.opened == [ONE, TWO]


def test_a_client_whose_login_is_refused_is_no_longer_among_those_that_were_ready(w: World) -> None:
    w.ready()
    assert w.memory.were_ready == {ONE}
    w.browser.crash(ONE)
    w.browser.whatsapp.void.add(ONE)
    w.browser.habits = BY_HAND
    w.advance(1.0)
    assert w.state() is State.RECONNECTING
    w.tell(QrShown("2@x", 20.0))
    assert (w.state(), w.reason()) == (State.QR_REQUIRED, Reason.LOGIN_REFUSED)
    assert w.memory.were_ready == set()
    assert w.memory.wanted == [ONE]


def test_no_more_clients_are_resumed_than_allowed() -> None:
    memory = Memory()
    with world(rules=replace(RULES, max_clients=1), memory=memory) as w:
        w.resume(ONE, TWO)
        assert w.browser.opened == [ONE]
