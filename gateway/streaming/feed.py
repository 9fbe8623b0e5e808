"""The one subscription of the store for all streams of this event loop.

The store reports events in its writer's thread; `Feed` moves them to the loop in one call, renders each once, however
many streams want it, and offers it to those streams. It reads nothing: a stream asks the store for events it missed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from actors.clients.registry.registry import ClientRegistry
from actors.clients.types import ClientId
from actors.store.events import Event
from actors.store.store import Store
from actors.webhooks.definition import matches
from gateway.schemas.shape import iso
from gateway.service.bridge import STORE_SECONDS, shutting_down


@dataclass(frozen=True, slots=True)
class Wanted:
    """The events for a reader: of these clients (None for all), of matching types."""

    clients: frozenset[ClientId] | None = None
    patterns: tuple[str, ...] = ("*",)

    def wants(self, event: Event) -> bool:
        """Return True if the event is for this reader."""
        return (self.clients is None or event.client_id in self.clients) and matches(self.patterns, event.type)


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is sent: its position, and its JSON in ASCII, on one line."""

    position: int
    text: str
    event: Event

    @classmethod
    def of(cls, event: Event, client: Mapping[str, Any] | None = None) -> Told:
        """Render it: what a webhook gets, and the position. `client` is what is told of one with name or metadata."""
        told: dict[str, Any] = {
            "id": event.id,
            "type": event.type,
            "cliente_id": event.client_id,
            "sequence": event.sequence,
            "at": iso(event.at),
            "payload": event.payload,
            "position": event.position,
        }
        if client:
            told["client"] = dict(client)
        return cls(event.position, json.dumps(told, separators=(",", ":")), event)


class Listener(Protocol):
    """The feed's view of a stream."""

    wanted: Wanted

    def offer(self, told: Told) -> None:
        """Take the newest matching event."""


class Feed:
    """Every event from now on, for its listeners. `store` returns the store, once it exists."""

    def __init__(self, store: Callable[[], Store], registry: ClientRegistry | None = None) -> None:
        self._store, self._registry = store, registry or ClientRegistry()
        self._listeners: dict[Listener, None] = {}
        self._subscribing = asyncio.Lock()
        self._begun = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.position = 0
        """The position up to which events have been passed on."""

    def told(self, event: Event) -> Told:
        """Return an event as it is sent now."""
        return Told.of(event, self._registry.find(event.client_id).config.told)

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Offer the listener every matching event during the block."""
        self._listeners[listener] = None
        try:
            yield
        finally:
            del self._listeners[listener]

    async def begin(self) -> None:
        """Subscribe, unless that is done. Raises Starting, ShuttingDown, MailboxFull, pykka.Timeout."""
        async with self._subscribing:
            if self._begun:
                return
            self._loop = asyncio.get_running_loop()
            with shutting_down():
                position = await self._store().subscribe(self._hear).wait(STORE_SECONDS)
            self.position, self._begun = max(self.position, position), True

    def _hear(self, events: tuple[Event, ...]) -> None:
        """Move events to the loop. Runs in the store's thread."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop is closed, and no stream is left
                loop.call_soon_threadsafe(self._take, events)

    def _take(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if event.position > self.position:  # after a cancelled `begin`, the store reports twice
                self._offer(event)
                self.position = event.position

    def _offer(self, event: Event) -> None:
        told = None
        for listener in list(self._listeners):
            if listener.wanted.wants(event):
                told = told or self.told(event)
                listener.offer(told)
