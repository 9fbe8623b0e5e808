"""The service behind the fake pages: its deliveries, and the void logins. It outlives pages and browsers.

Any thread; every method is one step under the lock of the browser that uses it, or one dict or list operation.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from actors.clients.events import AccountEvent
from actors.clients.operations import Operation
from actors.clients.protocol import Restriction
from actors.clients.types import ClientId


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message of a page: about to leave, or arrived at its recipient. `message_id` is bare."""

    client_id: ClientId
    message_id: str
    operation: Operation[Any]

    @property
    def chat(self) -> str:
        """The chat it goes to."""
        return str(self.operation.arguments["chat"])

    @property
    def text(self) -> str:
        """Its text; empty if it is no text."""
        return str(self.operation.arguments.get("text", ""))


@dataclass(slots=True)
class WhatsApp:
    """The fake WhatsApp. Pass it to a second `FakeBrowser` to play a restart of the service."""

    deliveries: list[Outgoing] = field(default_factory=list)
    """Every arrival, in order; a message that was sent twice is here twice."""
    absent: set[str] = field(default_factory=set)
    """Chats (`…@c.us`) that have no WhatsApp: messages to them are refused."""
    names: dict[str, str] = field(default_factory=dict)
    """Chats that WhatsApp names otherwise than a caller does: asked -> its own."""
    void: set[ClientId] = field(default_factory=set)
    """Clients whose stored login is refused at the next resume."""
    banned: set[ClientId] = field(default_factory=set)
    """Clients that are logged out as soon as they are paired."""
    restrictions: dict[ClientId, Restriction] = field(default_factory=dict)
    """Clients that may not write to strangers."""
    known: set[tuple[ClientId, str]] = field(default_factory=set)
    """Chats of a client that others have written in."""
    _arrivals: Counter[tuple[ClientId, str]] = field(default_factory=Counter)
    _inbound: defaultdict[ClientId, list[AccountEvent]] = field(default_factory=lambda: defaultdict(list))

    def holds_back(self, client_id: ClientId, chat: str) -> bool:
        """Return True if a page refuses a message to this chat because of a restriction."""
        return client_id in self.restrictions and chat.endswith("@c.us") and (client_id, chat) not in self.known

    def deliver(self, delivery: Outgoing) -> None:
        """Add an arrival."""
        self.deliveries.append(delivery)
        self._arrivals[delivery.client_id, delivery.message_id] += 1

    def arrivals(self, client_id: ClientId, message_id: str) -> int:
        """Return the number of arrivals of a bare message id: 1 is right."""
        return self._arrivals[client_id, message_id]

    def duplicates(self) -> list[str]:
        """Return the bare ids of messages that arrived more than once."""
        return [message_id for (_, message_id), count in self._arrivals.items() if count > 1]

    def keep(self, client_id: ClientId, event: AccountEvent) -> None:
        """Keep an event that came in while no page of this client was Ready."""
        self._inbound[client_id].append(event)

    def collect(self, client_id: ClientId) -> list[AccountEvent]:
        """Return the events that came in meanwhile, once, oldest first."""
        return self._inbound.pop(client_id, [])
