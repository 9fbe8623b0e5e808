"""Retention: hours pass in milliseconds, and what is old goes, step by step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pykka import ActorRef

from actors.clients.ports import Transition
from actors.clients.types import State
from actors.runtime.testing import ManualClock
from actors.store.database import Database
from actors.store.events import STATE_CHANGED, AppendEvent, EventsAfter
from actors.store.message_states import MessageState
from actors.store.outbox import ListMessages, SettleMessage
from actors.store.retention import Retention, Rules
from actors.store.store import Store, open_store
from actors.store.transitions import GetTransitions, RecordTransition
from tests.store.asking import ONE, PATIENCE, ask, sending

HOUR = 3600.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(epoch=1000 * HOUR)


@pytest.fixture
def store(database: Database, clock: ManualClock) -> Iterator[Store]:
    store = open_store(database, clock=clock)
    yield store
    store.close(timeout=PATIENCE)


@pytest.fixture
def retention(store: Store, clock: ManualClock) -> Iterator[ActorRef[Retention]]:
    rules = Rules(events=24 * HOUR, events_kept=8, messages=48 * HOUR, journal=24 * HOUR, every=HOUR, step=3)
    ref = Retention.start(store, rules, clock=clock)
    yield ref
    ref.stop(timeout=PATIENCE)


def fill(store: Store, at: float) -> None:
    for _ in range(5):
        ask(store, AppendEvent(ONE, "call", {}, at))
    message = sending(store, at=at)
    ask(store, SettleMessage(message.id, MessageState.SENT, at))
    ask(store, RecordTransition(Transition(ONE, State.READY, State.ERROR, "Exhausted", None, None, at)))


@pytest.mark.usefixtures("retention")
def test_what_is_old_goes_and_what_is_young_stays(store: Store, clock: ManualClock) -> None:
    fill(store, clock.time() - 23.5 * HOUR)
    fill(store, clock.time() - 1 * HOUR)
    clock.advance(60.0)
    events = ask(store, EventsAfter())
    assert len(events) == 8, "no more are kept, whatever their age"
    assert len(ask(store, GetTransitions(ONE))) == 2
    clock.advance(2 * HOUR)
    assert [event.type for event in ask(store, EventsAfter())].count(STATE_CHANGED) == 1
    assert len(ask(store, GetTransitions(ONE))) == 1
    assert len(ask(store, ListMessages(ONE))) == 2
    clock.advance(48 * HOUR)
    assert not ask(store, EventsAfter())
    assert not ask(store, ListMessages(ONE))
    assert not ask(store, GetTransitions(ONE))


def test_a_store_that_has_closed_is_no_crash_of_retention(
    retention: ActorRef[Retention], store: Store, clock: ManualClock
) -> None:
    store.close(timeout=PATIENCE)
    clock.advance(3 * HOUR)
    assert retention.is_alive()
