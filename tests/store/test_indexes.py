"""What is asked all the time is found by an index, however many messages and events there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event

from actors.clients.operations.messages import SendText
from actors.store.database import Database
from actors.store.event_pages import ReadPage
from actors.store.events import GetEventRange
from actors.store.message_states import MessageState
from actors.store.outbox import (
    AcceptMessage,
    CancelMessage,
    CountQueued,
    ExpireDue,
    GetMessage,
    GetNextDue,
    GetNextExpiry,
    ListMessages,
    MarkSending,
    NextMessages,
    RecordAck,
    SettleMessage,
    Unsettled,
)
from actors.store.requests import carry_out
from actors.store.store import open_store
from tests.store.asking import ANA, BEA, ONE, PATIENCE, accept, sending

FREQUENT = [
    AcceptMessage(ONE, SendText(ANA, "x"), "3EB0AA", 1.0, key="k", fingerprint="f", limit=1000, expires_at=9e9),
    CancelMessage(ONE, "cancelled", 1.0),
    MarkSending(("queued",), 1.0),
    SettleMessage("sending", MessageState.SENT, 1.0),
    RecordAck(ONE, "3EB0AA", 2, 1.0),
    ExpireDue(1.0),
    NextMessages(ONE, 200.0, 5),
    Unsettled(ONE),
    GetMessage(ONE, "x"),
    ListMessages(ONE),
    ListMessages(ONE, state=MessageState.SENDING),
    ListMessages(ONE, after="sending"),
    CountQueued(ONE),
    GetNextDue(ONE, 1.0),
    GetNextExpiry(),
    ReadPage(5, limit=10),
    GetEventRange(),
]


@pytest.fixture
def connection(sqlite: Database) -> Iterator[Connection]:
    store = open_store(sqlite)
    accept(store, ANA, id="queued")
    accept(store, ANA, id="cancelled")
    accept(store, ANA, send_at=150.0)
    sending(store, BEA, id="sending")
    store.close(timeout=PATIENCE)
    with sqlite.writing().begin() as connection:
        yield connection


@pytest.mark.parametrize("message", FREQUENT, ids=lambda message: type(message).__name__)
def test_nothing_is_searched_from_end_to_end_or_sorted(connection: Connection, message: object) -> None:
    statements: list[tuple[str, Any]] = []

    def note(_: Connection, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        statements.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    carry_out(connection, message)
    event.remove(connection, "before_cursor_execute", note)
    assert statements
    for statement, parameters in statements:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        for step in plan:
            assert not step.startswith(("SCAN outbox", "SCAN event")), (statement, plan)
            # Few are due among those with a time: sorting them costs nothing.
            assert "TEMP B-TREE" not in step or "ix_outbox_due" in "".join(plan), (statement, plan)
