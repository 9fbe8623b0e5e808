"""Short ways to ask a store in a test."""

from __future__ import annotations

from itertools import count
from typing import Any, TypeVar

from actors.clients.operations.messages import SendText, draw_message_id
from actors.clients.types import ClientId
from actors.store.event_pages import ReadPage
from actors.store.events import Event
from actors.store.outbox import AcceptMessage, MarkSending, Message
from actors.store.requests import Read, Write
from actors.store.store import Store

Answer = TypeVar("Answer")

ONE, TWO = ClientId(1), ClientId(2)
ANA, BEA = "5491100000001@c.us", "5491100000002@c.us"
PATIENCE = 20.0
_numbers = count(1)


def ask(store: Store, message: Write[Answer] | Read[Answer], seconds: float = PATIENCE) -> Answer:
    """The store's answer; raises what it refuses with."""
    answer: Answer = store.ask(message).get(timeout=seconds)
    return answer


def accept(store: Store, chat: str = ANA, *, client: ClientId = ONE, at: float = 100.0, **options: Any) -> Message:
    """A message that was just taken in."""
    text = options.pop("text", f"text {next(_numbers)}")
    return ask(store, AcceptMessage(client, SendText(chat, text), draw_message_id(), at, **options)).message


def sending(store: Store, chat: str = ANA, **options: Any) -> Message:
    """A message that is on its way."""
    (message,) = ask(store, MarkSending((accept(store, chat, **options).id,), 101.0))
    return message


def events_after(
    store: Store,
    position: int = 0,
    *,
    client_id: ClientId | None = None,
    types: tuple[str, ...] = ("*",),
    limit: int = 1000,
) -> tuple[Event, ...]:
    """Return the events after a position, of all clients or one."""
    clients = None if client_id is None else frozenset({client_id})
    return ask(store, ReadPage(position, clients, types, limit)).events
