"""What readers get who were away, and the readers whose positions are kept."""

from __future__ import annotations

import pytest

from actors.clients.types import ClientId
from actors.store.database import Database
from actors.store.event_pages import Gap, ReadPage
from actors.store.events import AppendEvent, PruneEvents
from actors.store.rows.consumers import (
    IDLE,
    Acknowledge,
    ConsumerDiffers,
    GetConsumer,
    NoSuchConsumer,
    NoSuchReceipt,
    OpenConsumer,
)
from actors.store.store import Store, open_store
from tests.store.asking import PATIENCE, ask

ONE, TWO = ClientId(1), ClientId(2)


def happen(store: Store, count: int, client: ClientId = ONE, type: str = "message") -> None:
    for number in range(count):
        ask(store, AppendEvent(client, type, {"number": number}, float(number)))


def test_pages_follow_each_other_and_the_last_says_so(store: Store) -> None:
    happen(store, 5)
    first = ask(store, ReadPage(0, limit=3))
    second = ask(store, ReadPage(first.read_to, limit=3))
    numbers = [event.payload["number"] for event in (*first.events, *second.events)]
    assert (numbers, first.more, second.more) == ([0, 1, 2, 3, 4], True, False)
    assert ask(store, ReadPage(second.read_to)).events == ()


def test_a_page_has_the_wanted_events_and_passes_the_others(store: Store) -> None:
    for client, type in ((ONE, "message"), (TWO, "message"), (ONE, "message.ack"), (ONE, "call")):
        happen(store, 1, client, type)
    page = ask(store, ReadPage(0, frozenset({ONE}), ("message", "message.*")))
    assert [event.type for event in page.events] == ["message", "message.ack"]
    assert page.read_to > page.events[-1].position
    assert ask(store, ReadPage(0, frozenset())).events == ()


def test_what_was_deleted_unread_is_a_gap_but_not_for_who_begins(store: Store) -> None:
    happen(store, 6)
    everything = ask(store, ReadPage(0)).events
    ask(store, PruneEvents(before=0.0, keep=2, keys_before=0.0))
    oldest = ask(store, ReadPage(0))
    assert (len(oldest.events), oldest.gap) == (2, None)
    behind = ask(store, ReadPage(everything[1].position))
    assert behind.gap == Gap(everything[1].position, everything[3].position)
    assert len(behind.events) == 2
    assert ask(store, ReadPage(everything[3].position)).gap is None


def test_where_nothing_is_left_who_had_it_all_has_missed_nothing(store: Store) -> None:
    happen(store, 3)
    last = ask(store, ReadPage(0)).read_to
    ask(store, PruneEvents(before=100.0, keep=1000, keys_before=0.0))
    assert ask(store, ReadPage(last)).gap is None
    missed = ask(store, ReadPage(last - 1))
    assert (missed.gap, missed.events) == (Gap(last - 1, last), ())


def test_a_position_that_was_never_given_is_a_gap_and_all_there_is_follows(store: Store) -> None:
    happen(store, 3)
    page = ask(store, ReadPage(10_000))
    assert page.gap is not None
    assert len(page.events) == 3


def test_a_consumer_begins_now_or_where_it_says_and_goes_only_forward(store: Store) -> None:
    happen(store, 4)
    last = ask(store, ReadPage(0)).read_to
    assert ask(store, OpenConsumer("key", "now", "f", 1.0)).position == last
    assert ask(store, OpenConsumer("key", "all", "f", 1.0, 0)).position == 0
    assert ask(store, OpenConsumer("key", "all", "f", 1.0, 3)).position == 0
    for position, then in ((last - 1, last - 1), (1, last - 1), (last, last)):
        assert ask(store, Acknowledge("key", "all", position, 2.0)).position == then
    with pytest.raises(NoSuchReceipt):
        ask(store, Acknowledge("key", "all", last + 1, 2.0))
    with pytest.raises(NoSuchConsumer):
        ask(store, Acknowledge("other", "all", last, 2.0))
    with pytest.raises(ConsumerDiffers):
        ask(store, OpenConsumer("key", "all", "g", 1.0))


def test_a_consumer_is_kept_over_a_restart_and_forgotten_once_nobody_has_used_it_for_long(database: Database) -> None:
    store = open_store(database)
    ask(store, OpenConsumer("key", "mine", "f", 1.0, 0))
    happen(store, 1)
    ask(store, Acknowledge("key", "mine", 1, 2.0))
    store.close(timeout=PATIENCE)
    again = open_store(database)
    try:
        known = ask(again, GetConsumer("key", "mine"))
        assert known is not None
        assert known.position == 1
        ask(again, OpenConsumer("key", "other", "f", 2.0 + IDLE + 1.0))
        assert ask(again, GetConsumer("key", "mine")) is None
    finally:
        again.close(timeout=PATIENCE)
