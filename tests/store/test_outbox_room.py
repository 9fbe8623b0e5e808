"""A full outbox is full exactly, though it is not counted at every acceptance."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, event

from actors.store.database import Database
from actors.store.errors import OutboxFull
from actors.store.outbox import CancelMessage, CountQueued, MarkSending, RequeueMessage
from actors.store.store import Store, open_store
from tests.store.asking import ONE, PATIENCE, TWO, accept, ask


def assert_full(store: Store, limit: int) -> None:
    for _ in range(2):
        with pytest.raises(OutboxFull):
            accept(store, limit=limit)
    assert ask(store, CountQueued(ONE)) == limit


def test_it_is_full_at_its_limit_and_no_sooner_or_later(store: Store) -> None:
    messages = [accept(store, limit=3) for _ in range(3)]
    assert_full(store, 3)
    accept(store, client=TWO, limit=3)
    ask(store, CancelMessage(ONE, messages[0].id, 105.0))
    accept(store, limit=3)
    assert_full(store, 3)
    accept(store, limit=4)
    assert_full(store, 4)


def test_what_is_queued_again_counts(store: Store) -> None:
    first, _ = (accept(store, limit=3) for _ in range(2))
    ask(store, MarkSending((first.id,), 105.0))
    accept(store, limit=3)
    ask(store, RequeueMessage(first.id, 106.0))
    assert_full(store, 3)


def test_what_was_there_before_a_start_counts(database: Database) -> None:
    for count in (3, 1):
        store = open_store(database)
        for _ in range(count):
            accept(store, limit=4)
        store.close(timeout=PATIENCE)
    store = open_store(database)
    assert_full(store, 4)
    store.close(timeout=PATIENCE)


def test_it_is_not_counted_at_every_acceptance(sqlite: Database) -> None:
    counted: list[str] = []

    class Watched(Database):
        def writing(self, *, alone: bool = False) -> Engine:
            engine = Database.writing(self, alone=alone)
            event.listen(engine, "before_cursor_execute", lambda *told: counted.append(told[2]))
            return engine

    store = open_store(Watched(sqlite.url))
    for _ in range(20):
        accept(store, limit=100)
    store.close(timeout=PATIENCE)
    assert sum("count(" in statement for statement in counted) == 1
