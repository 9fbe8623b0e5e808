"""The clients' ports over the store: what a client tells is there for whoever asks."""

from __future__ import annotations

import pytest

from actors.clients.bans import BanEvidence
from actors.clients.events import CallRang, MessageAcknowledged, MessageArrived
from actors.clients.ports import Journal, Sessions, Transition
from actors.clients.types import ClientId, Reason, State
from actors.runtime.testing import ManualClock
from actors.store.database import Database
from actors.store.journal import GetTransitions, StoreJournal, StoreSessions, bare_id
from actors.store.message_states import MessageState
from actors.store.outbox import GetMessage
from actors.store.sessions import ForgetSession, GetSessions, GetWantedSessions, ReadBack, Session
from actors.store.store import Store, open_store
from tests.store.asking import ONE, PATIENCE, TWO, ask, events_after, sending


def settle(store: Store) -> None:
    """Wait until what was told is written."""
    ask(store, ForgetSession(TWO))


def test_sessions_are_wanted_in_the_order_in_which_they_are_to_resume(store: Store) -> None:
    sessions: Sessions = StoreSessions(store, clock=ManualClock(epoch=50.0))
    for client in (TWO, ONE):
        sessions.want(client)
    settle(store)
    sessions.want(TWO)
    sessions.was_ready(TWO)
    sessions.paired(TWO, BanEvidence(60.0, 1))
    ask(store, ForgetSession(ClientId(3)))
    assert [session.client_id for session in ask(store, GetWantedSessions())] == [TWO, ONE]
    sessions.was_ready(TWO, ready=False)
    ask(store, ForgetSession(ClientId(3)))
    assert [session.client_id for session in ask(store, GetWantedSessions())] == [ONE, TWO]
    sessions.release(TWO)
    ask(store, ForgetSession(ClientId(3)))
    assert [session.client_id for session in ask(store, GetWantedSessions())] == [ONE]
    assert ask(store, ReadBack(TWO)) == Session(TWO, False, False, 60.0, 1, 50.0)
    assert [session.client_id for session in ask(store, GetSessions())] == [ONE, TWO]


def test_the_number_a_client_is_linked_to_is_kept_until_it_is_unlinked(store: Store) -> None:
    def phone() -> str | None:
        settle(store)
        session = ask(store, ReadBack(ONE))
        assert session is not None
        return session.phone

    sessions = StoreSessions(store)
    linked = BanEvidence(60.0, 1, "5491122334455")
    sessions.want(ONE)
    assert phone() is None
    sessions.paired(ONE, linked)
    sessions.was_ready(ONE)
    sessions.release(ONE)
    assert phone() == "5491122334455"
    sessions.paired(ONE, linked.unlinked())
    assert phone() is None


def test_a_forgotten_client_leaves_nothing(store: Store) -> None:
    sessions = StoreSessions(store)
    sessions.want(ONE)
    sessions.forget(ONE)
    settle(store)
    assert ask(store, ReadBack(ONE)) is None


def test_what_a_client_goes_through_is_in_the_journal_and_an_event(store: Store) -> None:
    journal: Journal = StoreJournal(store, clock=ManualClock(epoch=50.0))
    changed = Transition(ONE, State.READY, State.ERROR, "Exhausted", Reason.ATTEMPTS_EXHAUSTED, "gave up", 40.0)
    journal.changed(changed)
    journal.happened(ONE, MessageArrived({"id": "false_549@c.us_3EB0", "text": "hi"}))
    settle(store)
    assert ask(store, GetTransitions(ONE)) == (changed,)
    assert [(event.type, event.at, event.sequence) for event in events_after(store)] == [
        ("client.state", 40.0, 1),
        ("message", 50.0, 2),
    ]


def test_an_acknowledgement_the_page_tells_moves_the_message_it_is_for(store: Store) -> None:
    message = sending(store)
    full_id = f"true_{message.chat}_{message.message_id}"
    StoreJournal(store).happened(ONE, MessageAcknowledged({"id": full_id, "ack": 3}))
    settle(store)
    found = ask(store, GetMessage(ONE, message.id))
    assert found is not None
    assert (found.state, found.full_id) == (MessageState.READ, full_id)
    assert [event.type for event in events_after(store)] == ["message.state", "message.ack", "message.state"]


@pytest.mark.parametrize("payload", [{}, {"id": 5, "ack": 1}, {"id": "true_a_b", "ack": "1"}, {"id": "x", "ack": 1}])
def test_an_acknowledgement_of_a_strange_shape_is_still_an_event(store: Store, payload: dict[str, object]) -> None:
    StoreJournal(store).happened(ONE, MessageAcknowledged(payload))
    settle(store)
    assert [event.payload for event in events_after(store)] == [payload]


@pytest.mark.parametrize(
    ("full_id", "bare"),
    [
        ("true_549@c.us_3EB0AA", "3EB0AA"),
        ("true_123@g.us_3EB0AA_549@c.us", "3EB0AA"),
        ("true_549@c.us_3EB0AA_out", "3EB0AA"),
        ("false_549@c.us_3EB0AA", None),
        ("3EB0AA", None),
        ("", None),
    ],
)
def test_the_bare_id_is_found_in_the_ids_of_what_was_sent(full_id: str, bare: str | None) -> None:
    assert bare_id(full_id) == bare


def test_a_closed_store_is_no_clients_trouble(sqlite: Database) -> None:
    store = open_store(sqlite)
    store.close(timeout=PATIENCE)
    StoreSessions(store).want(ONE)
    StoreJournal(store).happened(ONE, CallRang({}))
