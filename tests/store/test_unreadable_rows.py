"""Rows that cannot be read as they should end nobody and hide no others: each is told as what it is, or left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from actors.clients.events import MessageArrived
from actors.clients.ports import Transition
from actors.clients.registry.config import ClientConfig, Proxy
from actors.clients.types import State
from actors.store.backup import backup, restore
from actors.store.database import Database
from actors.store.events import AppendEvent, Event
from actors.store.journal import GetTransitions, RecordTransition
from actors.store.message_states import MessageState
from actors.store.outbox import ClaimNext, GetMessage, ListMessages, operation_of
from actors.store.rows.configs import NO_WAY_OUT, GetConfigs, PutConfig
from actors.store.rows.held import GetHeldEvents, HoldEvent, TellHeld
from actors.store.rows.keys import AddKey, ApiKey, read_keys
from actors.store.rows.unreadable import UNREADABLE
from actors.store.sessions import GetSessions, GetWantedSessions, RecordReceipts, WantSession
from actors.store.store import Store, open_store
from actors.store.webhooks import CreateWebhook, GetBacklog, GetDue, GetWebhooks, Webhook
from actors.webhooks.definition import policy_of
from actors.webhooks.schedule import RetryPolicy
from gateway.schemas.messages import MessagesAnswer
from tests.store.asking import ANA, BEA, ONE, PATIENCE, accept, ask, events_after

BROKEN = {"sqlite": "'{\"half\": '", "postgresql": "'5'"}
"""What is no JSON object: PostgreSQL keeps JSON only, SQLite keeps anything."""


def spoil(database: Database, table: str, column: str, value: str | None = None, where: str = "1 = 1") -> None:
    """Write something into a column that no version writes there."""
    with database.writing().begin() as connection:
        value = value or BROKEN[connection.dialect.name]
        connection.execute(text(f"UPDATE {table} SET {column} = {value} WHERE {where}"))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("arguments", None, "content cannot be read"),
        ("arguments", "'{}'", "cannot read the content of sendText: text"),
        ("operation", "'sendHologram'", "cannot send sendHologram"),
        ("times", None, None),
    ],
)
def test_a_message_that_cannot_be_read_fails_by_itself(
    store: Store, database: Database, column: str, value: str | None, reason: str | None
) -> None:
    bad, good = accept(store, ANA), accept(store, BEA)
    spoil(database, "outbox", column, value, f"id = '{bad.id}'")
    listed = ask(store, ListMessages(ONE))
    assert [message.id for message in listed] == [bad.id, good.id]
    assert [message.id for message in MessagesAnswer.of(listed, ListMessages(ONE)).messages] == [bad.id, good.id]
    first, second = (ask(store, ClaimNext(ONE, 200.0)).message for _ in range(2))
    assert first is not None
    assert second is not None
    assert (first.id, second.id) == (bad.id, good.id)
    operation_of(second)
    if reason is not None:
        with pytest.raises(ValueError, match=reason):
            operation_of(first)


def test_a_message_in_a_state_of_a_newer_version_is_told_as_unknown_and_holds_nobody_up(
    store: Store, database: Database
) -> None:
    bad, good = accept(store, ANA), accept(store, ANA)
    spoil(database, "outbox", "state", "'paused'", f"id = '{bad.id}'")
    told = ask(store, GetMessage(ONE, bad.id))
    assert told is not None
    assert (told.state, told.reason) == (MessageState.UNKNOWN, "This version does not know its state, paused")
    claimed = ask(store, ClaimNext(ONE, 200.0)).message
    assert claimed is not None
    assert claimed.id == good.id


def test_an_event_that_cannot_be_read_says_so_in_its_place(store: Store, database: Database) -> None:
    webhook = ask(store, CreateWebhook(Webhook("W", "https://example.com/", 1.0, 1.0)))
    for number in (1, 2):
        ask(store, AppendEvent(ONE, "call", {"n": number}, 100.0))
    spoil(database, "events", "payload", where="sequence = 1")
    for found in (events_after(store), ask(store, GetDue(webhook.id, ONE)).events):
        assert [(event.sequence, dict(event.payload)) for event in found] == [(1, {"error": UNREADABLE}), (2, {"n": 2})]


def test_the_store_publishes_what_follows_an_event_that_cannot_be_read(store: Store, database: Database) -> None:
    heard: list[Event] = []
    store.subscribe(heard.extend).get(timeout=PATIENCE)
    with database.writing().begin() as connection:
        row = f"'E', 2, 1, 100.0, 'call', {BROKEN[connection.dialect.name]}"
        connection.execute(text(f"INSERT INTO events (id, client_id, sequence, at, type, payload) VALUES ({row})"))
    ask(store, AppendEvent(ONE, "call", {"n": 1}, 100.0))
    store.outage().get(timeout=PATIENCE)  # it has published what was written before
    assert [dict(event.payload) for event in heard] == [{"error": UNREADABLE}, {"n": 1}]


def test_an_event_that_waits_and_cannot_be_read_hides_no_other(store: Store, database: Database) -> None:
    for id, kind in (("E1", "payload"), ("E2", "type"), ("E3", "")):
        told = dict.fromkeys(MessageArrived.fields) | {"id": f"false_{ANA}_{id}", "bare_id": id, "chat": ANA}
        ask(store, HoldEvent(ONE, MessageArrived(told), 100.0, id=id))
        if kind:
            spoil(database, "held_events", kind, "'message.hologram'" if kind == "type" else None, f"id = '{id}'")
    assert [held.id for held in ask(store, GetHeldEvents())] == ["E1", "E2", "E3"]
    for id in ("E1", "E2", "E3"):
        ask(store, TellHeld(id))
    assert [event.type for event in events_after(store)] == ["message", "message.hologram", "message"]


def test_a_webhook_that_cannot_be_read_is_switched_off_and_the_others_go_on(store: Store, database: Database) -> None:
    for id in ("A", "B", "C"):
        ask(store, CreateWebhook(Webhook(id, "https://example.com/", 1.0, 1.0, clients=(ONE,))))
    ask(store, AppendEvent(ONE, "call", {}, 100.0))
    spoil(database, "webhooks", "clients", where="id = 'A'")
    spoil(database, "webhooks", "retry_growth", "'wild'", "id = 'B'")
    assert [(one.id, one.active) for one in ask(store, GetWebhooks())] == [("A", False), ("B", True), ("C", True)]
    backlog = ask(store, GetBacklog())
    assert [policy_of(webhook, RetryPolicy()).growth for webhook in backlog.webhooks] == [RetryPolicy().growth] * 3
    assert {id for id, _ in backlog.keys} >= {"B", "C"}


def test_a_key_that_cannot_be_read_opens_nothing(store: Store, database: Database) -> None:
    for id in ("A", "B", "C"):
        ask(store, AddKey(ApiKey(id, id, b"\0" * 32, frozenset({"read"}), frozenset({ONE}), 1.0)))
    spoil(database, "api_keys", "scopes", where="id = 'A'")
    spoil(database, "api_keys", "clients", where="id = 'B'")
    assert [key.id for key in read_keys(database)] == ["C"]


def test_what_is_known_of_clients_is_read_around_what_cannot_be(store: Store, database: Database) -> None:
    ask(store, WantSession(ONE, 1.0))
    ask(store, RecordReceipts(ONE, ((1, 2, 3),)))
    ask(store, PutConfig(ClientConfig(ONE, "one", proxy=Proxy("10.0.0.1:3128")), 1.0))
    for after in (State.READY, State.ERROR):
        ask(store, RecordTransition(Transition(ONE, State.INITIALIZING, after, "X", None, None, 1.0)))
    spoil(database, "sessions", "receipts")
    spoil(database, "client_configs", "proxy")
    spoil(database, "client_configs", "ignored")
    spoil(database, "transitions", "after", "'DREAMING'", "after = 'READY'")
    spoil(database, "transitions", "reason", "'BORED'", "after = 'ERROR'")
    assert [session.receipts for session in ask(store, GetWantedSessions())] == [()]
    assert len(ask(store, GetSessions())) == 1
    (config,) = ask(store, GetConfigs())
    assert (config.name, config.proxy) == ("one", NO_WAY_OUT)  # no client goes without the proxy it should have
    assert [(told.after, told.reason) for told in ask(store, GetTransitions(ONE))] == [(State.ERROR, None)]


def test_a_text_that_is_none_loses_no_other(sqlite: Database) -> None:
    store = open_store(sqlite)
    bad, good = accept(store, ANA), accept(store, BEA)
    spoil(sqlite, "outbox", "reason", "CAST(x'ff41' AS TEXT)", f"id = '{bad.id}'")
    assert [(one.id, one.reason) for one in ask(store, ListMessages(ONE))] == [(bad.id, "�A"), (good.id, None)]
    store.close(timeout=PATIENCE)


def test_rows_that_cannot_be_read_survive_a_backup(store: Store, database: Database, tmp_path: Path) -> None:
    bad, good = accept(store, ANA), accept(store, BEA)
    spoil(database, "outbox", "arguments", where=f"id = '{bad.id}'")
    store.close(timeout=PATIENCE)
    file = tmp_path / "backup"
    backup(database, file)
    restore(file, database, tmp_path)
    again: Any = open_store(database)
    assert [message.id for message in ask(again, ListMessages(ONE))] == [bad.id, good.id]
    again.close(timeout=PATIENCE)
