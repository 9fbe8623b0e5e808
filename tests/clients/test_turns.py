"""Turns to launch: a hundred clients at once do not take all cores, and none in trouble holds up another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.browser.fake import BY_HAND, Habits
from actors.clients.errors import StartUnderWay
from actors.clients.protocol import BrowserGone, Delete, Init, PageLaunched, PageSettled, QrShown, Ready, Started, Stop
from actors.clients.supervisor import LAUNCH
from actors.clients.turns import Lane, Turns
from actors.clients.types import ClientId, Reason, State
from tests.clients.rig import ONE, RULES, THREE, TWO, World, world

ONE_AT_A_TIME = replace(RULES, start_concurrency=1)
HUNDRED = [ClientId(number) for number in range(1, 101)]
NEW = ClientId(200)


def lost(w: World, *clients: ClientId) -> None:
    """READY clients lose their browsers in one moment, and their first attempts are due."""
    w.browser.habits = Habits()
    for client in clients:
        w.ready(client)
    w.browser.opened.clear()
    w.browser.habits = BY_HAND
    for client in clients:
        w.browser.crash(client)
    w.clock.settle()
    w.advance(1.0)


def test_a_hundred_starts_at_once_launch_a_few_chromiums_at_a_time() -> None:
    with world(BY_HAND) as w:
        replies = [w.ask(Init(client)) for client in HUNDRED]
        assert all(isinstance(reply.get(timeout=0), Started) for reply in replies)
        at_a_time = RULES.start_concurrency
        for begun in range(at_a_time, len(HUNDRED) + 1):
            assert w.browser.opened == HUNDRED[:begun]
            w.tell(QrShown("2@a", 20.0), client_id=HUNDRED[begun - at_a_time])


def test_a_hundred_lost_browsers_are_opened_again_a_few_at_a_time_each_once() -> None:
    with world() as w:
        lost(w, *HUNDRED)
        assert len(w.browser.opened) == RULES.start_concurrency
        assert {w.state(client) for client in HUNDRED} == {State.RECONNECTING}
        for done in range(len(HUNDRED)):
            w.tell(Ready("549"), client_id=w.browser.opened[done])
        assert sorted(w.browser.opened) == HUNDRED
        assert {w.state(client) for client in HUNDRED} == {State.READY}


def test_a_caller_waits_for_no_client_that_reconnects_or_resumes() -> None:
    with world(rules=ONE_AT_A_TIME) as w:
        lost(w, ONE, TWO)
        w.resume(THREE)
        assert len(w.browser.opened) == 1
        w.init(NEW)
        assert w.browser.opened[1:] == [NEW]


def test_clients_that_reconnect_wait_for_no_caller() -> None:
    with world(BY_HAND, ONE_AT_A_TIME) as w:
        w.init(NEW)
        w.init(ClientId(201))
        w.browser.keep_login(ONE)
        w.resume(ONE)
        assert w.browser.opened == [NEW, ONE]


def test_starts_whose_whatsapp_does_not_answer_delay_the_next_for_a_moment_only() -> None:
    """As Chromium does: launched after 0.4 s, settled 0.5 s later (`launch.UNANSWERED`), given up after a minute."""
    with world(BY_HAND) as w:
        for client in HUNDRED[:20]:
            w.init(client)
        w.init(NEW)
        told, seconds = 0, 0.0
        while NEW not in w.browser.opened:
            opened = list(w.browser.opened)
            for client in opened[told:]:
                w.tell(PageLaunched(), client_id=client)
                w.tell(PageSettled(), client_id=client)
            told = len(opened)
            w.advance(1.0)
            seconds += 1.0
        assert seconds <= 20 / RULES.start_concurrency
        assert w.status(NEW).queue_position is None


@pytest.mark.parametrize("fact", [QrShown("2@a", 20.0), Ready("549"), BrowserGone(Reason.CHROMIUM_FAILED, "no")])
def test_whatever_comes_of_a_start_the_next_has_its_turn(fact: QrShown | Ready | BrowserGone) -> None:
    with world(BY_HAND, ONE_AT_A_TIME) as w:
        w.init(ONE)
        w.init(TWO)
        assert w.browser.opened == [ONE]
        w.tell(fact, client_id=ONE)
        assert w.browser.opened == [ONE, TWO]


def test_a_launch_that_hangs_holds_up_the_next_start_for_a_limited_time() -> None:
    with world(BY_HAND, ONE_AT_A_TIME) as w:
        w.init(ONE)
        w.init(TWO)
        w.advance(LAUNCH)
        assert w.browser.opened == [ONE, TWO]


def test_a_start_that_waits_is_shown_refuses_a_second_and_has_its_whole_time_later() -> None:
    with world(BY_HAND, ONE_AT_A_TIME) as w:
        w.init(ONE)
        w.init(TWO)
        w.init(THREE)
        assert [w.status(client).queue_position for client in (ONE, TWO, THREE)] == [None, 1, 2]
        with pytest.raises(StartUnderWay):
            w.init(TWO)
        w.advance(LAUNCH)
        w.advance(LAUNCH)
        w.advance(RULES.times.patience.start - 1.0)
        assert (w.state(ONE), w.state(THREE)) == (State.ERROR, State.INITIALIZING)
        w.advance(2.0)
        assert (w.state(THREE), w.reason(THREE)) == (State.ERROR, Reason.START_TIMEOUT)


def test_a_reconnection_that_waits_keeps_its_budget_and_its_patience() -> None:
    with world(rules=ONE_AT_A_TIME) as w:
        lost(w, ONE, TWO)
        waiting = next(client for client in (ONE, TWO) if client not in w.browser.opened)
        w.tell(PageLaunched(), client_id=w.browser.opened[0])
        assert waiting in w.browser.opened
        w.advance(LAUNCH)
        assert (w.state(waiting), w.status(waiting).reconnection_attempts) == (State.RECONNECTING, 1)


@pytest.mark.parametrize("order", [Stop, Delete])
def test_a_reconnection_that_waits_can_be_ended_and_the_others_move_up(order: type[Stop] | type[Delete]) -> None:
    with world(rules=ONE_AT_A_TIME) as w:
        lost(w, ONE, TWO, THREE)
        first, second, third = sorted((ONE, TWO, THREE), key=lambda client: w.status(client).queue_position or 0)
        w.browser.habits = Habits()
        w.ask(order(second)).get(timeout=0)
        assert second not in dict(w.clients())
        assert w.status(third).queue_position == 1
        assert w.state(first) is State.RECONNECTING


def test_a_start_for_a_client_that_waits_to_reconnect_comes_before_those() -> None:
    with world(rules=ONE_AT_A_TIME) as w:
        lost(w, ONE, TWO, THREE)
        last = next(client for client in (ONE, TWO, THREE) if w.status(client).queue_position == 2)
        assert isinstance(w.init(last), Started)
        assert w.browser.opened[1:] == [last]


def test_an_actor_that_is_restarted_waits_for_its_turn() -> None:
    with world(rules=ONE_AT_A_TIME) as w:
        w.ready(ONE)
        w.browser.habits = BY_HAND
        w.browser.keep_login(TWO)
        w.resume(TWO)
        w.break_actor(ONE)
        w.page(ONE).end()
        w.advance(1.0)
        assert w.status(ONE).queue_position == 1
        w.tell(Ready("549"), client_id=TWO)
        assert w.browser.opened == [ONE, TWO, ONE]


def test_a_turn_is_taken_only_if_one_is_free_and_nobody_waits_for_it() -> None:
    turns = Turns(1, 2)
    assert turns.take(ONE, Lane.CALLER)
    assert not turns.take(TWO, Lane.CALLER)
    turns.launched(ONE)
    assert not turns.take(THREE, Lane.CALLER)
    assert turns.places() == {TWO: 1, THREE: 2}
    assert (turns.next(), turns.next()) == (TWO, None)


def test_nobody_waits_twice_and_a_caller_changes_the_lane() -> None:
    turns = Turns(1, 2)
    for client in (ONE, TWO, THREE):
        turns.wait(client, Lane.ITSELF)
        turns.wait(client, Lane.ITSELF)
    assert turns.places() == {ONE: 1, TWO: 2, THREE: 3}
    turns.wait(THREE, Lane.CALLER)
    turns.wait(THREE, Lane.ITSELF)
    assert turns.places() == {THREE: 1, ONE: 1, TWO: 2}
    assert [turns.next(), turns.next(), turns.next()] == [THREE, ONE, None]
    turns.launched(ONE)
    assert turns.next() == TWO
    turns.leave(TWO)
    assert turns.places() == {}
