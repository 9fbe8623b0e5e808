"""What the store remembers of the accounts behind a client: with messages, events, and what makes events unique."""

from __future__ import annotations

import json

from sqlalchemy import text

from actors.clients.events import AccountChanged, MessageArrived
from actors.clients.ports import Transition
from actors.clients.registry.config import ClientConfig
from actors.clients.registry.registry import ClientRegistry, RegistryJournal, StateChange
from actors.clients.types import ClientId, LinkedAccount, State
from actors.store.database import Database, prepare_file
from actors.store.journal import RecordAccountEvent, RecordTransition, StoreJournal
from actors.store.message_states import HeldBecause, MessageState
from actors.store.outbox import GetMessage, RequeueMessage
from actors.store.rows.held import HoldEvent, TellHeld
from actors.store.schema import migrate
from actors.store.sessions import ForgetSession, GetSessions, ReadBack, WantSession
from actors.store.store import Store, open_store
from actors.waha.envelope import Environment, bodies
from tests.store.asking import ONE, PATIENCE, accept, ask, events_after, sending

A, B = LinkedAccount("5491100000001", "1@lid"), LinkedAccount("5491100000002", "2@lid")


def ready(store: Store, account: LinkedAccount, *, holds: bool = True) -> None:
    told = Transition(ONE, State.INITIALIZING, State.READY, "Ready", None, None, 100.0, account=account)
    ask(store, RecordTransition(told, holds=holds))


def shows_codes(store: Store) -> None:
    ask(store, RecordTransition(Transition(ONE, State.READY, State.QR_REQUIRED, "QrShown", None, None, 100.0)))


def in_a_group(bare_id: str = "3AF0") -> MessageArrived:
    told = {"id": f"false_1@g.us_{bare_id}", "bare_id": bare_id, "chat": "1@g.us", "from_me": False}
    return MessageArrived(dict.fromkeys(MessageArrived.fields) | told)


def arrives(store: Store, bare_id: str = "3AF0") -> bool:
    return ask(store, RecordAccountEvent(ONE, in_a_group(bare_id), 100.0)) is not None


def test_what_two_accounts_see_is_told_for_each_and_once(store: Store) -> None:
    ready(store, A)
    assert [arrives(store), arrives(store)] == [True, False]
    shows_codes(store)
    ready(store, B)
    assert [arrives(store), arrives(store)] == [True, False]
    shows_codes(store)
    ready(store, LinkedAccount(A.phone))
    assert not arrives(store)


def test_what_a_page_tells_before_it_says_whose_it_is_is_not_told_again_after(store: Store) -> None:
    ready(store, A)
    shows_codes(store)
    assert arrives(store)
    ready(store, B)
    assert not arrives(store)


def test_the_me_of_a_webhook_is_the_account_that_the_event_happened_to(store: Store) -> None:
    ready(store, A)
    arrives(store)
    ask(store, HoldEvent(ONE, in_a_group("3AF1"), 100.0, id="E"))
    shows_codes(store)
    ready(store, B)
    ask(store, TellHeld("E"))
    registry = ClientRegistry()
    registry.put(ClientConfig(ONE))
    registry.linked(ONE, B.phone)
    registry.changed(ONE, StateChange(State.READY, 100.0))
    told = events_after(store, types=("message",))
    made = [json.loads(body) for event in told for _, body in bodies(event, registry, Environment(), ("message",))]
    assert [one["me"]["id"] for one in made] == [f"{A.phone}@c.us"] * 2


def test_the_old_behaviour_sends_what_is_queued_from_whichever_account_is_linked(store: Store) -> None:
    ready(store, A)
    message = accept(store)
    ready(store, B, holds=False)
    left = ask(store, GetMessage(ONE, message.id))
    assert left is not None
    assert (left.held, left.account) == (None, B)


def test_a_deleted_session_forgets_its_account(store: Store) -> None:
    ready(store, A)
    ask(store, ForgetSession(ONE))
    message = accept(store)
    assert message.account is None
    ready(store, B)
    left = ask(store, GetMessage(ONE, message.id))
    assert left is not None
    assert (left.held, left.account) == (None, B)


def test_what_an_older_version_accepted_is_for_the_account_that_the_client_was_linked_to(database: Database) -> None:
    prepare_file(database)
    with database.writing().begin() as connection:
        migrate(connection, "0016")
        session = "client_id, wanted, was_ready, early_logouts, updated_at, phone"
        for client, phone in ((1, f"'{A.phone}'"), (2, "NULL")):
            connection.execute(text(f"INSERT INTO sessions ({session}) VALUES ({client}, true, true, 0, 1.0, {phone})"))
            columns = "id, client_id, chat, priority, message_id, state, attempts, times, changed_at, arguments"
            values = f"'M{client}', {client}, '1@c.us', 0, '3EB{client}', 'queued', 0, '{{}}', 1.0, '{{}}'"
            connection.execute(text(f"INSERT INTO outbox ({columns}) VALUES ({values})"))
        known = in_a_group().key
        connection.execute(text("INSERT INTO event_keys VALUES (1, :key, 1.0)"), {"key": known})
    store = open_store(database)
    ready(store, LinkedAccount(A.phone))
    assert not arrives(store)  # it was told by the older version
    ready(store, B)
    held = ask(store, GetMessage(ONE, "M1"))
    assert held is not None
    assert (held.held, held.account) == (HeldBecause.ACCOUNT_CHANGED, LinkedAccount(A.phone))
    store.close(timeout=PATIENCE)


def test_a_change_of_accounts_tells_the_fields_that_are_declared(store: Store) -> None:
    ready(store, A)
    ready(store, B)
    (event,) = events_after(store, types=(AccountChanged.type,))
    assert tuple(event.payload) == AccountChanged.fields


def test_when_a_phone_was_linked_is_remembered_until_the_next_is(store: Store) -> None:
    registry = ClientRegistry()
    journal = RegistryJournal(StoreJournal(store), registry)
    ask(store, WantSession(ONE, 1.0))
    linked, resumed, again = (State.QR_REQUIRED, State.INITIALIZING), (State.RECONNECTING, State.READY), 30.0
    for at, (before, after) in ((10.0, linked), (20.0, resumed)):
        journal.changed(Transition(ONE, before, after, "X", None, None, at))
    ask(store, ReadBack(ONE))  # everything before is on disk
    assert [session.linked_since for session in ask(store, GetSessions())] == [10.0]
    assert registry.linked_since(ONE) == 10.0
    journal.changed(Transition(ONE, State.QR_REQUIRED, State.READY, "X", None, None, again, account=B))
    later = ClientRegistry()
    ask(store, ReadBack(ONE))
    later.fill((), {}, {session.client_id: session.linked_since for session in ask(store, GetSessions())})
    assert [one.linked_since(ONE) for one in (registry, later)] == [again, again]
    assert later.linked_since(ClientId(2)) == 0.0


def test_a_message_that_was_claimed_and_that_no_page_ever_had_is_held(store: Store) -> None:
    ready(store, A)
    claimed = sending(store)
    ready(store, B)
    (event,) = events_after(store, types=(AccountChanged.type,))
    assert (event.payload["held"], event.payload["unknown"]) == (0, 1)
    message = ask(store, RequeueMessage(claimed.id, 110.0))  # the client was lost before it had the order
    assert (message.state, message.held) == (MessageState.QUEUED, HeldBecause.ACCOUNT_CHANGED)
    assert str(A.phone) in str(message.reason)
