"""Retention: hours pass in milliseconds, and what is old goes, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pykka import ActorRef
from sqlalchemy import Connection, Table, func, select

from actors.clients.events import ClientStateChanged, MessageArrived
from actors.clients.ports import Transition
from actors.clients.types import State
from actors.runtime.testing import ManualClock
from actors.store.database import Database, dump_json
from actors.store.event_pages import Gap, ReadPage
from actors.store.events import ROW_BYTES, AppendEvent, PruneEvents
from actors.store.journal import GetTransitions, RecordTransition
from actors.store.message_states import MessageState
from actors.store.outbox import ListMessages, SettleMessage
from actors.store.requests import Write
from actors.store.retention import BOUNDS, Retention, RetentionRules
from actors.store.rows.consumers import consumers
from actors.store.rows.held import HoldEvent
from actors.store.schema import event_keys, metadata, outbox, transitions
from actors.store.store import Store, open_store
from actors.store.webhooks import GetDue
from tests.store.asking import ONE, PATIENCE, TWO, ask, events_after, sending

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
    rules = RetentionRules(24 * HOUR, 8, 4000, messages=48 * HOUR, journal=24 * HOUR, every=HOUR, step=3)
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
    events = events_after(store)
    assert len(events) == 8, "no more are kept, whatever their age"
    assert len(ask(store, GetTransitions(ONE))) == 2
    clock.advance(2 * HOUR)
    assert [event.type for event in events_after(store)].count(ClientStateChanged.type) == 1
    assert len(ask(store, GetTransitions(ONE))) == 1
    assert len(ask(store, ListMessages(ONE))) == 2
    clock.advance(48 * HOUR)
    assert not events_after(store)
    assert not ask(store, ListMessages(ONE))
    assert not ask(store, GetTransitions(ONE))


def test_a_store_that_has_closed_is_no_crash_of_retention(
    retention: ActorRef[Retention], store: Store, clock: ManualClock
) -> None:
    store.close(timeout=PATIENCE)
    clock.advance(3 * HOUR)
    assert retention.is_alive()


def prune(store: Store, **bounds: int) -> int:
    return ask(store, PruneEvents(before=0.0, keys_before=0.0, **{"keep": 1000, **bounds}))


def test_events_are_kept_up_to_a_size_of_all_clients_together(store: Store) -> None:
    text = "x" * 1000
    for number in range(10):
        ask(store, AppendEvent(TWO if number % 2 else ONE, "call", {"text": text}, 100.0))
    size = len(f'{{"text":"{text}"}}') + len("call") + ROW_BYTES
    assert prune(store, keep_bytes=10 * size) == 0
    assert prune(store, keep_bytes=4 * size) == 6
    assert [event.sequence for event in events_after(store)] == [4, 4, 5, 5]
    assert prune(store, keep_bytes=4 * size - 1) == 0, "the one that crosses the bound stays"
    assert prune(store, keep_bytes=1) == 3, "the newest one is kept, whatever its size"
    assert prune(store, keep_bytes=0) == 0, "0 is no bound"
    event = ask(store, AppendEvent(ONE, "call", {"text": text}, 100.0))
    assert event is not None
    assert event.sequence == 6, "numbers go on"


def test_size_is_bytes_whatever_the_letters(store: Store) -> None:
    for text in ("e", "é", "👋", "\0"):
        ask(store, AppendEvent(ONE, "call", {"text": text}, 100.0))
    size = sum(len(dump_json({"text": text})) + len("call") + ROW_BYTES for text in ("é", "👋", "\0"))
    assert prune(store, keep_bytes=size) == 1


def test_a_reader_who_comes_back_to_what_size_has_cost_is_told(store: Store) -> None:
    for _ in range(10):
        ask(store, AppendEvent(ONE, "call", {}, 100.0))
    prune(store, keep_bytes=3 * (len("{}call") + ROW_BYTES))
    page = ask(store, ReadPage(5))
    assert page.gap == Gap(5, 7)
    assert [event.position for event in page.events] == [8, 9, 10]


def test_what_retention_by_size_takes_from_a_webhook_is_told(store: Store) -> None:
    for _ in range(10):
        ask(store, AppendEvent(ONE, "call", {}, 100.0))
    prune(store, keep_bytes=3 * (len("{}call") + ROW_BYTES))
    assert ask(store, GetDue("hook", ONE)).missed == 7


@pytest.mark.usefixtures("retention")
def test_the_sweep_goes_by_size_too(store: Store, clock: ManualClock) -> None:
    for _ in range(7):
        ask(store, AppendEvent(ONE, "call", {"text": "x" * 1000}, clock.time()))
    clock.advance(60.0)
    assert len(events_after(store)) == 4


def test_what_events_were_known_by_goes_in_steps_too(store: Store) -> None:
    for number in range(7):
        ask(store, AppendEvent(ONE, "message", {}, 100.0, key=f"message {number}"))
    old = PruneEvents(before=0.0, keep=1000, keys_before=101.0, limit=3)
    assert [ask(store, old) for _ in range(3)] == [3, 3, 1]
    assert ask(store, AppendEvent(ONE, "message", {}, 100.0, key="message 0")) is not None


def test_every_table_has_a_bound_of_age_and_of_number() -> None:
    """A table without one would fill the disk of a service that runs for years."""
    assert consumers.name in metadata.tables  # declared beside its statements, as no other table is
    assert set(BOUNDS) == set(metadata.tables)
    assert all(bound.age and bound.count for bound in BOUNDS.values())


def rows(store: Store, table: Table) -> int:
    """How many rows a table has."""
    return ask(store, Count(table))


@dataclass(frozen=True)
class Count(Write[int]):
    """Asked of the writer, after everything else."""

    table: Table

    def run(self, connection: Connection) -> int:
        return int(connection.execute(select(func.count()).select_from(self.table)).scalar_one())


def test_the_oldest_beyond_the_number_that_is_kept_go_and_open_messages_stay(store: Store, clock: ManualClock) -> None:
    now = clock.time()
    for minute in range(7):
        ask(store, HoldEvent(ONE, MessageArrived({"id": f"false_1@c.us_{minute}"}), now + 60.0 * minute))
        ask(store, RecordTransition(Transition(ONE, State.READY, State.ERROR, "Exhausted", None, None, now)))
    messages = [sending(store, at=now) for _ in range(4)]
    for message in messages[1:]:
        ask(store, SettleMessage(message.id, MessageState.SENT, now))
    rules = RetentionRules(keys_kept=2, messages_kept=2, journal_kept=2, every=HOUR, step=3)
    ref = Retention.start(store, rules, clock=clock)
    clock.advance(60.0)
    assert [rows(store, table) for table in (event_keys, outbox, transitions)] == [2, 2, 2]
    assert ask(store, Oldest()) == now + 60.0 * 5
    assert {known.id for known in ask(store, ListMessages(ONE))} >= {messages[0].id}
    ref.stop(timeout=PATIENCE)


@dataclass(frozen=True)
class Oldest(Write[float]):
    """The instant of the oldest key."""

    def run(self, connection: Connection) -> float:
        return float(connection.execute(select(func.min(event_keys.c.at))).scalar_one())
