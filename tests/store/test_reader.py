"""The reader: tries again on a new connection, gives up clearly, and waits for no writer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from actors.runtime import Refusal
from actors.runtime.testing import ManualClock, asked, unstarted
from actors.store.database import Database
from actors.store.errors import ReadFailed, StoreUnavailable
from actors.store.outbox import CountQueued
from actors.store.sessions import GetSessions, WantSession
from actors.store.store import Reader, Store, open_store
from tests.store.asking import ONE, PATIENCE, ask

Look = Callable[[Connection, Any], Any]


def fail(times: int, then: object) -> tuple[Look, list[int]]:
    """A look that finds the database unusable so many times."""
    calls: list[int] = []

    def look(connection: Connection, _: object) -> object:
        calls.append(id(connection))
        if len(calls) <= times:
            raise StoreUnavailable("gone")
        return then

    return look, calls


@pytest.fixture
def opened(sqlite: Database) -> Database:
    open_store(sqlite).close(timeout=PATIENCE)
    return sqlite


def reader(database: Database, look: Look, clock: ManualClock) -> Reader:
    return unstarted(Reader, database, carry_out=look, clock=clock)


def test_a_connection_that_broke_is_replaced_without_anyone_noticing(opened: Database) -> None:
    look, calls = fail(2, then=7)
    actor = reader(opened, look, ManualClock())
    assert asked(actor, CountQueued()).get(timeout=0) == 7
    assert len(set(calls)) > 1
    actor.closed(None)


def test_an_outage_is_told_at_once_to_all_who_come_while_it_lasts(opened: Database) -> None:
    clock = ManualClock()
    look, calls = fail(3, then=7)
    actor = reader(opened, look, clock)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="gone"):
            asked(actor, CountQueued()).get(timeout=0)
    assert len(calls) == 3
    clock.advance(1.0)
    assert asked(actor, CountQueued()).get(timeout=0) == 7
    actor.closed(None)


def test_a_refusal_is_an_answer_and_no_outage(opened: Database) -> None:
    def refuse(_: Connection, __: object) -> None:
        raise Refusal("no")

    actor = reader(opened, refuse, ManualClock())
    for _ in range(2):
        with pytest.raises(Refusal, match="no"):
            asked(actor, CountQueued()).get(timeout=0)
    actor.closed(None)


def unreadable(_: Connection) -> object:
    raise ValueError("a row that cannot be read")


def nonsense(connection: Connection) -> object:
    return connection.execute(text("SELECT no FROM nowhere")).scalar()


@pytest.mark.parametrize("mistake", [unreadable, nonsense])
def test_a_read_that_fails_is_its_askers_error_and_the_reader_lives_on(
    opened: Database, mistake: Callable[[Connection], object]
) -> None:
    mistakes = [mistake]

    def look(connection: Connection, _: object) -> object:
        return mistakes.pop()(connection) if mistakes else connection.execute(text("SELECT 7")).scalar()

    actor = reader(opened, look, ManualClock())
    with pytest.raises(ReadFailed, match="CountQueued could not be read"):
        asked(actor, CountQueued()).get(timeout=0)
    assert asked(actor, CountQueued()).get(timeout=0) == 7
    actor.closed(None)


def test_reading_waits_for_no_writer(store: Store, database: Database) -> None:
    ask(store, WantSession(ONE, 1.0))
    with database.writing().begin() as connection:
        connection.execute(text("DELETE FROM sessions"))
        assert ask(store, GetSessions())
    assert not ask(store, GetSessions())
