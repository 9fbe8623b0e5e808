"""What is restored goes on from what was there: nothing leaves twice, no number is given twice, losses are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.store.backup import LEAP, Restored, backup, restore
from actors.store.database import Database
from actors.store.errors import StoreUnavailable
from actors.store.event_pages import EventPage, Gap, ReadPage
from actors.store.events import AppendEvent, Event, PruneEvents
from actors.store.message_states import MessageState
from actors.store.outbox import (
    CancelMessage,
    GetMessage,
    Message,
    NextMessages,
    SettleMessage,
    Unsettled,
)
from actors.store.store import Store, open_store
from tests.store.asking import BEA, ONE, PATIENCE, TWO, accept, ask, events_after, sending
from tests.store.locking import locked

Ways = Callable[[], Restored]


class Past:
    """A store with a backup taken from it; `back` restores that, and answers the store opened anew."""

    def __init__(self, store: Store, database: Database, directory: Path) -> None:
        self.store, self.database, self.directory = store, database, directory
        self.file = directory / "a.backup"
        self.restored: Restored | None = None

    def keep(self) -> None:
        backup(self.database, self.file)

    def back(self, database: Database | None = None) -> Store:
        self.store.close(timeout=PATIENCE)
        self.restored = restore(self.file, database or self.database, self.directory)
        self.store = open_store(database or self.database)
        return self.store

    def stands(self, message: Message) -> Message:
        found = ask(self.store, GetMessage(ONE, message.id))
        assert found is not None
        return found


@pytest.fixture
def past(database: Database, tmp_path: Path) -> Iterator[Past]:
    past = Past(open_store(database), database, tmp_path)
    yield past
    past.store.close(timeout=PATIENCE)


def tell(store: Store, count: int = 1) -> Event:
    for _ in range(count):
        event = ask(store, AppendEvent(ONE, "call", {}, 100.0))
    assert event is not None
    return event


# --- messages --------------------------------------------------------------------------------------------------------


def test_what_was_open_is_looked_up_before_it_may_leave(past: Past) -> None:
    queued, under_way, later = accept(past.store), sending(past.store, BEA), accept(past.store, send_at=9e9)
    past.keep()
    store = past.back()
    assert [message.id for message in ask(store, Unsettled(ONE))] == [queued.id, under_way.id, later.id]
    assert not ask(store, NextMessages(ONE, 1e10, 10))
    changes = [event.payload for event in events_after(store, limit=1000) if event.type == "message.state"]
    assert [told["state"] for told in changes if told["id"] == queued.id] == ["sending"]
    assert past.restored == Restored(looked_up=3, ended=0, left_out=0, present_known=True)


@pytest.mark.parametrize("state", ["sent", "delivered", "read", "failed", "unknown"])
def test_what_has_left_since_stands_as_it_stood(past: Past, state: str) -> None:
    message = sending(past.store)
    past.keep()
    full_id = f"true_5491100000001@c.us_{message.message_id}"
    known = ask(past.store, SettleMessage(message.id, MessageState(state), 105.0, "why", full_id))
    past.back()
    assert past.stands(message) == known
    assert past.restored is not None
    assert (past.restored.looked_up, past.restored.ended) == (0, 1)


def test_what_was_taken_back_since_does_not_leave_after_all(past: Past) -> None:
    message = accept(past.store)
    past.keep()
    ask(past.store, CancelMessage(ONE, message.id, 105.0))
    past.back()
    assert past.stands(message).state is MessageState.CANCELLED


def test_what_ended_before_the_backup_is_not_touched(past: Past) -> None:
    message = sending(past.store)
    known = ask(past.store, SettleMessage(message.id, MessageState.SENT, 105.0))
    past.keep()
    ask(past.store, SettleMessage(message.id, MessageState.READ, 106.0))
    past.back()
    assert past.stands(message) == known


def test_on_another_host_all_that_was_open_is_looked_up(past: Past, tmp_path: Path) -> None:
    message = accept(past.store)
    past.keep()
    past.back(Database(f"sqlite:///{tmp_path}/elsewhere/store.db"))
    assert past.stands(message).state is MessageState.SENDING
    assert past.restored == Restored(looked_up=1, ended=0, left_out=LEAP, present_known=False)


def test_more_messages_than_fit_into_one_question(past: Past) -> None:
    ids = [accept(past.store).id for _ in range(1100)]
    past.keep()
    ask(past.store, CancelMessage(ONE, ids[1050], 105.0))
    past.back()
    assert past.restored is not None
    assert (past.restored.looked_up, past.restored.ended) == (1099, 1)


# --- events ----------------------------------------------------------------------------------------------------------


def test_no_number_that_a_reader_may_have_seen_is_given_to_another_event(past: Past) -> None:
    tell(past.store, 3)
    past.keep()
    seen, other = tell(past.store, 5), ask(past.store, AppendEvent(TWO, "call", {}, 100.0))
    assert other is not None
    store = past.back()
    new = tell(store)
    assert new.sequence == seen.sequence + 1
    assert new.position > other.position
    following = ask(store, AppendEvent(TWO, "call", {}, 100.0))
    assert following is not None
    assert following.sequence == other.sequence + 1


def pages(store: Store, position: int, limit: int = 3) -> list[EventPage]:
    found = [ask(store, ReadPage(position, limit=limit))]
    while found[-1].more:
        found.append(ask(store, ReadPage(found[-1].read_to, limit=limit)))
    return found


def test_readers_are_told_what_a_restore_has_cost_them_wherever_they_were(past: Past) -> None:
    tell(past.store, 4)
    past.keep()
    tell(past.store, 5)
    store = past.back()
    assert pages(store, 4) == [EventPage((), 9, False, Gap(4, 9))], "nothing new yet"
    new = tell(store)
    assert new.position == 10
    for position in (4, 5, 8):
        (page,) = pages(store, position)
        assert (page.gap, page.events) == (Gap(position, 9), (new,))
    behind = pages(store, 2)
    assert [event.position for page in behind for event in page.events] == [3, 4, 10]
    assert [page.gap for page in behind if page.gap is not None] == [Gap(4, 9)]
    assert [page.gap for page in pages(store, 9)] == [None], "who has read all there was has lost nothing"


def test_numbers_leap_where_nobody_knows_how_far_they_had_come(past: Past, tmp_path: Path) -> None:
    tell(past.store, 3)
    past.keep()
    store = past.back(Database(f"sqlite:///{tmp_path}/elsewhere/store.db"))
    new = tell(store)
    assert (new.position, new.sequence) == (3 + LEAP + 1, 3 + LEAP + 1)
    assert ask(store, PruneEvents(0.0, keep=4, keys_before=0.0)) == 0, "what was left out was no event"
    assert ask(store, PruneEvents(0.0, keep=2, keys_before=0.0)) == 2


def test_a_backup_may_be_restored_again_and_again(past: Past) -> None:
    tell(past.store, 3)
    past.keep()
    for lost in (4, 5, 6):
        assert tell(past.back()).sequence == lost
    assert pages(past.store, 4)[0].gap == Gap(4, 5)


def test_numbers_go_on_where_retention_has_left_no_event(past: Past) -> None:
    tell(past.store, 5)
    ask(past.store, PruneEvents(before=200.0, keep=100, keys_before=0.0))
    past.keep()
    new = tell(past.back())
    assert (new.position, new.sequence) == (6, 6)


def test_a_database_in_use_by_another_process_is_left_alone(sqlite: Database, tmp_path: Path) -> None:
    past = Past(open_store(sqlite), sqlite, tmp_path)
    message = accept(past.store)
    past.keep()
    ask(past.store, CancelMessage(ONE, message.id, 105.0))
    past.store.close(timeout=PATIENCE)
    with locked(sqlite.path), pytest.raises(StoreUnavailable, match="locked"):
        restore(past.file, sqlite, tmp_path)
    past.store = open_store(sqlite)
    assert past.stands(message).state is MessageState.CANCELLED
    past.store.close(timeout=PATIENCE)
