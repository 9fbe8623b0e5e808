"""Pages that are loaded anew, by themselves or for an update, and what it costs. Days in milliseconds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from actors.browser.fake import FakeBrowser, Fate, Habits, always
from actors.clients.events import MessageArrived
from actors.clients.lifecycle import UpdateBegun
from actors.clients.policy import Times
from actors.clients.protocol import (
    LinkLost,
    LinkResumed,
    PageReloaded,
    QrShown,
    Ready,
    ServerAnswered,
    ServerSilent,
    UpdateWanted,
)
from actors.clients.types import ClientId, Reason, State
from actors.clients.updates import HARD_REST, ITSELF, STAGGER, stagger
from tests.clients.rig import ONE, PROBED, RULES, World, by_hand_ready, world

DAY = 86_400.0
HOUR = 3600.0


def first_look(client_id: ClientId = ONE) -> float:
    return stagger(client_id) * DAY * STAGGER


def planned(w: World) -> list[str]:
    return [str(told.reason) for told in w.memory.transitions if told.event == UpdateBegun.__name__]


# --- loaded anew


def test_a_page_that_loads_itself_anew_and_is_back_costs_no_attempt() -> None:
    with world(PROBED) as w:
        by_hand_ready(w)
        w.tell(PageReloaded())
        status = w.status()
        assert (status.state, status.reason, status.healthy) == (State.RECONNECTING, Reason.PAGE_RELOADED, False)
        w.advance(59.0)
        w.tell(Ready("549"))
        status = w.status()
        assert (status.state, status.reason, status.reconnection_attempts) == (State.READY, None, 0)
        assert w.browser.opened == [ONE]


def test_a_page_that_loads_itself_anew_and_is_not_back_is_lost_and_opened_again() -> None:
    with world(PROBED) as w:
        by_hand_ready(w)
        w.tell(PageReloaded())
        w.advance(60.0)
        status = w.status()
        assert (status.state, status.reason) == (State.DISCONNECTED_RECOVERABLE, Reason.START_TIMEOUT)
        assert status.reconnection_attempts == 1
        w.advance(1.0)
        assert w.browser.opened == [ONE, ONE]


@pytest.mark.parametrize("state", [State.INITIALIZING, State.RECONNECTING])
def test_every_loading_has_all_of_the_starts_patience(state: State) -> None:
    with world(PROBED) as w:
        w.init()
        if state is State.RECONNECTING:
            w.tell(Ready("549"), LinkLost(Reason.NETWORK_LOST, "gone"), LinkResumed())
        assert w.state() is state
        for _ in range(3):
            w.advance(50.0)
            w.tell(PageReloaded())
            assert w.state() is state
        w.advance(59.0)
        assert w.state() is state
        w.advance(1.0)
        assert w.state() is not state


def test_a_page_that_loads_itself_anew_while_it_shows_codes_shows_none_until_it_is_back() -> None:
    with world(PROBED) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), PageReloaded())
        status = w.status()
        assert (status.state, status.qr) == (State.QR_REQUIRED, None)
        w.tell(QrShown("2@b", 20.0))
        w.advance(61.0)
        assert w.state() is State.QR_REQUIRED
        w.tell(PageReloaded())
        w.advance(60.0)
        assert (w.state(), w.reason()) == (State.DISCONNECTED_RECOVERABLE, Reason.START_TIMEOUT)


def test_a_ban_stays_readable_while_its_page_loads_itself_anew() -> None:
    with world(PROBED) as w:
        by_hand_ready(w)
        until = w.clock.time() + HOUR
        w.tell(LinkLost(Reason.TEMPORARILY_BANNED, "for an hour", until), PageReloaded())
        assert (w.state(), w.reason()) == (State.RECONNECTING, Reason.TEMPORARILY_BANNED)
        w.tell(LinkLost(Reason.TEMPORARILY_BANNED, "for an hour", until))
        assert (w.state(), w.reason()) == (State.DISCONNECTED_RECOVERABLE, Reason.TEMPORARILY_BANNED)


# --- soft updates


def test_a_soft_update_changes_nothing_until_the_clients_own_moment(w: World) -> None:
    w.ready()
    before = w.status()
    w.tell(UpdateWanted(), UpdateWanted())
    w.advance(first_look() - 60.0)
    assert w.status().since == before.since
    w.advance(120.0)
    assert planned(w) == [Reason.PLANNED_UPDATE]
    assert w.memory.states()[-2:] == [State.RECONNECTING, State.READY]
    assert (w.status().reconnection_attempts, w.browser.opened) == (0, [ONE])
    assert len(w.page().ordered("reload")) == 1


def test_a_soft_update_waits_for_a_quiet_moment_and_not_beyond_its_time(w: World) -> None:
    w.ready()
    w.tell(UpdateWanted())
    w.advance(first_look() - 30.0)
    for _ in range(40):
        w.tell(MessageArrived({"id": "x"}))
        w.advance(30.0)
    assert planned(w) == []
    w.advance(130.0)
    assert planned(w) == [Reason.PLANNED_UPDATE]
    assert w.state() is State.READY


def test_a_soft_update_of_a_client_that_is_never_quiet_is_loaded_when_its_time_is_over() -> None:
    with world(rules=replace(RULES, times=Times(update_within=600.0, server_check=0.0))) as w:
        w.ready()
        w.tell(UpdateWanted())
        for _ in range(59):
            w.tell(MessageArrived({"id": "x"}))
            w.advance(10.0)
        assert planned(w) == []
        w.tell(MessageArrived({"id": "x"}))
        w.advance(12.0)
        assert planned(w) == [Reason.PLANNED_UPDATE]


def test_a_message_that_is_on_its_way_is_never_cut_off() -> None:
    slow = Habits(opens=False, closes=False, sends=always(Fate.PENDING))
    with world(slow, replace(RULES, times=Times(update_within=60.0, update_quiet=0.0, send=300.0))) as w:
        by_hand_ready(w)
        w.tell(UpdateWanted())
        reply = w.send()
        w.advance(200.0)
        assert planned(w) == []
        w.advance(101.0)
        assert reply.is_answered()
        w.advance(2.0)
        assert planned(w) == [Reason.PLANNED_UPDATE]


def test_an_update_that_goes_on_being_asked_for_is_loaded_once_in_its_time(w: World) -> None:
    w.ready()
    for _ in range(3 * 24):
        w.tell(UpdateWanted())
        w.advance(HOUR)
    assert 2 <= len(planned(w)) <= 3


def test_a_soft_update_that_a_lost_page_asked_for_is_forgotten_with_it(w: World) -> None:
    w.ready()
    w.tell(UpdateWanted())
    w.crash()
    w.advance(2 * DAY)
    assert (planned(w), w.state()) == ([], State.READY)


def test_clients_that_ask_together_are_spread_over_half_the_time() -> None:
    moments = sorted(stagger(ClientId(number)) for number in range(1, 151))
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert 0.0 <= moments[0] < moments[-1] < 1.0
    assert max(gaps) < 3 / 150
    assert min(gaps) > 0.2 / 150


# --- hard updates


def test_a_page_loads_itself_for_a_hard_update_and_is_not_hurried() -> None:
    with world(PROBED) as w:
        by_hand_ready(w)
        w.tell(UpdateWanted(hard=True))
        assert (w.state(), w.reason()) == (State.RECONNECTING, Reason.PLANNED_UPDATE)
        w.advance(ITSELF - 1)
        w.tell(PageReloaded())
        assert (w.state(), w.reason()) == (State.RECONNECTING, Reason.PLANNED_UPDATE)
        w.advance(ITSELF)
        assert w.page().ordered("reload") == []
        w.tell(Ready("549"))
        assert (w.state(), w.status().reconnection_attempts) == (State.READY, 0)
        assert planned(w) == [Reason.PLANNED_UPDATE]


def test_a_page_that_does_not_load_itself_for_a_hard_update_is_loaded(w: World) -> None:
    w.ready()
    w.tell(UpdateWanted(hard=True))
    w.advance(ITSELF)
    assert len(w.page().ordered("reload")) == 1
    assert w.state() is State.READY


def test_a_hard_update_right_after_another_is_a_page_that_is_not_accepted(w: World) -> None:
    w.ready()
    w.tell(UpdateWanted(hard=True), PageReloaded(), Ready("549"))
    w.advance(HARD_REST - 60)
    assert w.state() is State.READY
    w.tell(UpdateWanted(hard=True))
    status = w.status()
    assert (status.state, status.reason) == (State.DISCONNECTED_RECOVERABLE, Reason.VERSION_OUTDATED)
    assert status.reconnection_attempts == 1


# --- the server, asked


def asked(w: World) -> int:
    return len(w.page().ordered("ask_server"))


def test_the_server_is_asked_once_a_minute_while_the_client_is_ready(w: World) -> None:
    w.init()
    w.advance(120.0)
    assert asked(w) == 0
    w.browser.scan(ONE)
    w.clock.settle()
    w.advance(59.0)
    assert asked(w) == 0
    w.advance(10 * 60.0)
    assert asked(w) == 10
    assert w.status().healthy
    w.tell(LinkLost(Reason.NETWORK_LOST, "gone"))
    w.advance(300.0)
    assert asked(w) == 10


def test_a_silent_server_makes_a_client_unhealthy_until_it_answers() -> None:
    with world(browser=FakeBrowser(Habits(server_answers=False))) as w:
        w.ready()
        assert w.status().healthy
        w.advance(60.0)
        since = w.clock.time()
        for _ in range(2):
            status = w.status()
            assert (status.state, status.healthy, status.server_silent_since) == (State.READY, False, since)
            w.advance(60.0)
        w.browser.habits = Habits()
        w.advance(60.0)
        status = w.status()
        assert (status.healthy, status.server_silent_since) == (True, None)


def test_a_silence_ends_with_ready_and_an_older_one_proves_nothing() -> None:
    with world(PROBED) as w:
        by_hand_ready(w)
        w.advance(121.0)
        w.tell(ServerSilent(1, "late"))
        assert w.status().healthy
        w.tell(ServerSilent(2, "silent"))
        assert not w.status().healthy
        w.tell(ServerAnswered(1))
        assert w.status().healthy
        w.tell(ServerSilent(2, "silent"), PageReloaded())
        assert w.status().server_silent_since is None
        w.tell(Ready("549"))
        assert w.status().healthy


def test_no_question_is_put_where_the_operator_wants_none() -> None:
    with world(rules=replace(RULES, times=Times(server_check=0.0))) as w:
        w.ready()
        w.advance(HOUR)
        assert asked(w) == 0
        assert w.status().healthy
