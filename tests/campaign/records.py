"""What the service has written down, read from its database once it has stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from actors.clients.types import ClientId
from actors.store.database import Database
from actors.store.events import Event
from actors.store.outbox import ListMessages, Message
from actors.store.store import Store, open_store
from tests.campaign.verdict import Row
from tests.store.asking import ask, events_after

SECONDS = 60.0
PAGE = 5000


@contextmanager
def stored(database_url: str) -> Iterator[Store]:
    """The store of a service that does not run."""
    store = open_store(Database(database_url))
    try:
        yield store
    finally:
        store.close(timeout=SECONDS)


@dataclass(frozen=True, slots=True)
class Written:
    """All rows of the outbox and all events, in their order."""

    rows: list[Row]
    events: list[Event]


def read(database_url: str, clients: int) -> Written:
    """Everything that is compared afterwards."""
    with stored(database_url) as store:
        messages = [
            m
            for client in range(1, clients + 1)
            for m in ask(store, ListMessages(ClientId(client), limit=10**6), SECONDS)
        ]
        return Written([_row(message) for message in messages], list(_events(store)))


def _events(store: Store) -> Iterator[Event]:
    position = 0
    while found := events_after(store, position, limit=PAGE):
        yield from found
        position = found[-1].position


def _row(message: Message) -> Row:
    return Row(
        message.client_id,
        message.chat,
        message.message_id,
        message.key,
        _text(message),
        message.state.value,
        message.reason,
        message.attempts,
        message.times.get("sending"),
        message.media,
    )


def _text(message: Message) -> str:
    """What a message says: its text, its caption, or the name of its file."""
    told: Any = message.arguments
    return str(message.text or told.get("caption") or told.get("file", {}).get("filename", ""))


def inbound(event: Event) -> tuple[int, str] | None:
    """Client and bare id, if the event is of a message somebody else wrote."""
    payload: Any = event.payload
    if event.type != "message" or payload.get("from_me"):
        return None
    return event.client_id, str(payload["id"]).split("_")[2]
