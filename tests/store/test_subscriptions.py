"""Subscribers: told everything, in order, after it is on disk."""

from __future__ import annotations

import queue
import threading
from collections import deque
from dataclasses import dataclass, field

import pytest
from pykka import ActorDeadError

from actors.store.database import Database
from actors.store.event_pages import EventPage, ReadPage
from actors.store.events import AppendEvent, Event
from actors.store.store import Store, open_store
from actors.store.writer import Unsubscribe
from tests.store.asking import ONE, PATIENCE, TWO, accept, ask, events_after, sending


@dataclass
class Listener:
    """Keeps what it is told, and lets a test wait for it."""

    heard: deque[Event] = field(default_factory=deque)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, events: tuple[Event, ...]) -> None:
        with self.changed:
            self.heard += events
            self.changed.notify_all()

    def wait(self, number: int) -> list[Event]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard) >= number, PATIENCE)
            return list(self.heard)


def append(store: Store, number: int = 0) -> None:
    store.tell(AppendEvent(ONE, "call", {"number": number}, 100.0))


def test_every_event_is_told_in_order_from_where_reading_ends(store: Store) -> None:
    for number in range(3):
        append(store, number)
    listener = Listener()
    position = store.subscribe(listener).get(timeout=PATIENCE)
    for number in range(3, 1203):
        append(store, number)
    read = [event for event in events_after(store, limit=5000) if event.position <= position]
    told = listener.wait(1203 - len(read))
    assert [event.payload["number"] for event in (*read, *told)] == list(range(1203))
    assert [event.sequence for event in (*read, *told)] == list(range(1, 1204))


def test_what_was_there_before_the_store_was_opened_is_not_told(database: Database) -> None:
    store = open_store(database)
    ask(store, AppendEvent(ONE, "call", {}, 100.0))
    store.close(timeout=PATIENCE)
    store = open_store(database)
    listener = Listener()
    assert store.subscribe(listener).get(timeout=PATIENCE) == 1
    ask(store, AppendEvent(TWO, "call", {}, 100.0))
    assert [event.client_id for event in listener.wait(1)] == [TWO]
    store.close(timeout=PATIENCE)


def test_what_is_told_can_be_read(store: Store) -> None:
    pairs: queue.Queue[tuple[object, EventPage | Exception]] = queue.Queue()

    def look(events: tuple[Event, ...]) -> None:
        store.order(ReadPage(events[0].position - 1), lambda found: pairs.put((events, found)))

    store.subscribe(look)
    append(store)
    told, found = pairs.get(timeout=PATIENCE)
    assert isinstance(found, EventPage)
    assert told == found.events


def test_a_change_of_a_message_is_told(store: Store) -> None:
    listener = Listener()
    store.subscribe(listener)
    sending(store)
    accept(store)
    assert [event.payload["state"] for event in listener.wait(1)] == ["sending"]


@pytest.mark.parametrize("mistake", [ActorDeadError("gone"), ValueError("a bug")])
def test_a_subscriber_that_raises_is_dropped_and_the_others_go_on(store: Store, mistake: Exception) -> None:
    calls: list[int] = []

    def broken(events: tuple[Event, ...]) -> None:
        calls.append(len(events))
        raise mistake

    listener = Listener()
    for subscriber in (broken, listener):
        store.subscribe(subscriber).get(timeout=PATIENCE)
    for number in (1, 2):
        append(store, number)
        listener.wait(number)
    assert calls == [1]


def test_who_unsubscribes_is_not_told(store: Store) -> None:
    listener, other = Listener(), Listener()
    for subscriber in (listener, other):
        store.subscribe(subscriber)
    store.writer.tell(Unsubscribe(listener))
    store.writer.tell(Unsubscribe(listener))
    append(store)
    other.wait(1)
    assert not listener.heard
