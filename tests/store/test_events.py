"""Events: in order, without a gap, once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.clients.events import ClientStateChanged, MessageAcknowledged, MessageArrived
from actors.clients.ports import Transition
from actors.clients.types import ClientId, Reason, State
from actors.store.errors import WriteFailed
from actors.store.events import (
    AppendEvent,
    Event,
    EventRange,
    GetEventRange,
    PruneEvents,
)
from actors.store.journal import GetTransitions, PruneTransitions, RecordAccountEvent, RecordTransition
from actors.store.store import Store
from tests.store.asking import ONE, TWO, ask, events_after


def append(store: Store, client: ClientId = ONE, type: str = "call", at: float = 100.0, **payload: Any) -> Event:
    event = ask(store, AppendEvent(client, type, payload, at))
    assert event is not None
    return event


def transition(at: float = 100.0, text: str | None = None) -> Transition:
    return Transition(ONE, State.READY, State.DISCONNECTED_BANNED, "Banned", Reason.BANNED, text, at)


def test_an_event_is_read_back_as_it_was_told(store: Store) -> None:
    told = append(store, text="olá \0 👋", numbers=[1, 2.5, None], nested={"deep": True})
    assert events_after(store) == (told,)


def test_half_an_emoji_that_was_stored_is_told_as_a_replacement(store: Store) -> None:
    told = append(store, text="olá \ud800 👋")
    assert events_after(store) == (replace(told, payload={"text": "olá \ufffd 👋"}),)


def test_positions_order_all_events_and_sequences_count_those_of_each_client(store: Store) -> None:
    events = [append(store, client) for client in (ONE, TWO, ONE, ONE, TWO)]
    assert [event.sequence for event in events] == [1, 1, 2, 3, 2]
    positions = [event.position for event in events]
    assert positions == sorted(set(positions))
    assert list(events_after(store)) == events


def test_events_are_read_from_where_a_reader_stopped(store: Store) -> None:
    events = [append(store, client, type) for client in (ONE, TWO) for type in ("call", "message.ack", "call")]
    assert list(events_after(store, events[1].position, limit=2)) == events[2:4]
    assert list(events_after(store, client_id=TWO)) == events[3:]
    assert list(events_after(store, types=("message.ack",))) == [events[1], events[4]]
    assert list(events_after(store, client_id=ONE, types=("call",), limit=1)) == events[:1]


def test_a_write_that_was_tried_again_changes_nothing(store: Store) -> None:
    first = AppendEvent(ONE, "call", {}, 100.0)
    assert ask(store, first) is not None
    assert ask(store, first) is None
    assert append(store).sequence == 2


def test_a_message_the_page_tells_twice_is_one_event(store: Store) -> None:
    told = MessageArrived({"id": "false_549@c.us_3EB0", "lid": None, "phone": "549"})
    assert ask(store, RecordAccountEvent(ONE, told, 100.0)) is not None
    assert ask(store, RecordAccountEvent(ONE, told, 200.0)) is None
    assert ask(store, RecordAccountEvent(TWO, told, 200.0)) is not None
    assert append(store).sequence == 2


def test_acknowledgements_of_one_message_are_each_an_event(store: Store) -> None:
    for ack in (1, 2):
        assert ask(store, RecordAccountEvent(ONE, MessageAcknowledged({"id": "x", "ack": ack}), 100.0)) is not None


def test_an_acknowledgement_that_is_read_again_after_a_start_is_one_event(store: Store) -> None:
    live = {"id": "true_549@c.us_3EB0", "bare_id": "3EB0", "chat": "549@c.us", "author": "549@c.us", "ack": 2}
    stored = live | {"author": None, "live": False}
    assert ask(store, RecordAccountEvent(ONE, MessageAcknowledged(live), 100.0)) is not None
    assert ask(store, RecordAccountEvent(ONE, MessageAcknowledged(stored), 200.0)) is None
    assert append(store).sequence == 2


def test_in_a_group_the_acknowledgement_of_each_reader_is_an_event(store: Store) -> None:
    for author in ("549@c.us", "550@c.us"):
        told = {"id": "true_1@g.us_3EB0", "bare_id": "3EB0", "chat": "1@g.us", "author": author, "ack": 2}
        assert ask(store, RecordAccountEvent(ONE, MessageAcknowledged(told), 100.0)) is not None


def test_what_is_no_json_is_refused_and_leaves_no_gap(store: Store) -> None:
    for payload in ({"when": object()}, {"score": float("nan")}):
        with pytest.raises(WriteFailed):
            ask(store, AppendEvent(ONE, "call", payload, 100.0))
    assert append(store).sequence == 1


def test_a_change_of_state_is_in_the_journal_and_an_event(store: Store) -> None:
    changed = transition(text="inferred")
    ask(store, RecordTransition(changed))
    assert ask(store, GetTransitions(ONE)) == (changed,)
    (event,) = events_after(store)
    assert (event.type, event.at) == (ClientStateChanged.type, 100.0)
    assert event.payload == {
        "state": "DISCONNECTED_BANNED",
        "previous_state": "READY",
        "reason": "BANNED",
        "reason_text": "inferred",
    }


def test_a_change_of_state_that_was_written_twice_is_there_once(store: Store) -> None:
    fact = RecordTransition(transition())
    ask(store, fact)
    ask(store, fact)
    assert len(ask(store, GetTransitions(ONE))) == len(events_after(store)) == 1


def test_the_journal_answers_the_newest_changes_and_is_pruned_by_age(store: Store) -> None:
    for at in (100.0, 200.0, 300.0):
        ask(store, RecordTransition(transition(at)))
    assert [told.at for told in ask(store, GetTransitions(ONE, limit=2))] == [200.0, 300.0]
    assert ask(store, PruneTransitions(before=250.0)) == 2
    assert [told.at for told in ask(store, GetTransitions(ONE))] == [300.0]


# --- retention -------------------------------------------------------------------------------------------------------


def test_events_are_pruned_by_age_and_sequences_go_on(store: Store) -> None:
    events = [append(store, at=at) for at in (100.0, 200.0, 300.0)]
    assert ask(store, PruneEvents(before=250.0, keep=100, keys_before=0.0)) == 2
    assert events_after(store) == (events[2],)
    assert ask(store, PruneEvents(before=1000.0, keep=100, keys_before=0.0)) == 1
    assert append(store).sequence == 4
    assert append(store).position > events[2].position


def test_events_are_pruned_by_number_in_steps(store: Store) -> None:
    events = [append(store) for _ in range(5)]
    steps = [ask(store, PruneEvents(before=0.0, keep=2, keys_before=0.0, limit=2)) for _ in range(3)]
    assert steps == [2, 1, 0]
    assert list(events_after(store)) == events[3:]


def test_a_message_is_not_told_again_after_its_event_was_pruned_until_its_key_is(store: Store) -> None:
    told = RecordAccountEvent(ONE, MessageArrived({"id": "x"}), 100.0)
    ask(store, told)
    ask(store, PruneEvents(before=1000.0, keep=0, keys_before=100.0))
    assert ask(store, RecordAccountEvent(ONE, MessageArrived({"id": "x"}), 100.0)) is None
    ask(store, PruneEvents(before=1000.0, keep=0, keys_before=101.0))
    assert ask(store, RecordAccountEvent(ONE, MessageArrived({"id": "x"}), 100.0)) is not None


def test_the_range_says_how_far_back_one_can_resume(store: Store) -> None:
    assert ask(store, GetEventRange()) == EventRange(0, 0)
    events = [append(store, at=at) for at in (100.0, 200.0, 300.0)]
    ask(store, PruneEvents(before=150.0, keep=100, keys_before=0.0))
    assert ask(store, GetEventRange()) == EventRange(events[1].position, events[2].position)
