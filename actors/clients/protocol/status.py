"""The status of a client: all that is known of it, for readers."""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.page_contract import PageContract
from actors.clients.types import ClientId, Reason, Seconds, State


@dataclass(frozen=True, slots=True)
class Qr:
    """The QR that WhatsApp Web shows now: its text, valid until `expires_at` (epoch seconds)."""

    code: str
    expires_at: Seconds


@dataclass(frozen=True, slots=True)
class Restriction:
    """WhatsApp's refusal of first messages to strangers until `until` (epoch seconds; None: unknown).

    `kind` is WhatsApp's word. `known_chats`: chats that others have written in may still be written to; None if the
    page does not report it.
    """

    kind: str | None = None
    until: Seconds | None = None
    known_chats: bool | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """All that is known of one client; the same object is answered until something changes.

    Instants are epoch seconds, UTC. `next_attempt_at` is set while a reconnection waits for its turn.
    """

    client_id: ClientId
    state: State = State.NOT_INITIALIZED
    reconnection_attempts: int = 0
    max_reconnection_attempts: int = 3
    reason: Reason | None = None
    reason_text: str | None = None
    since: Seconds | None = None
    last_event_at: Seconds | None = None
    next_attempt_at: Seconds | None = None
    restricted_until: Seconds | None = None
    queue_position: int | None = None
    """Its place among the clients that wait for their turn to resume after a restart; 1 is next."""
    healthy: bool = False
    server_silent_since: Seconds | None = None
    """The time since when WhatsApp's server has answered no query, while the client is READY; None while it answers."""
    qr: Qr | None = None
    pairing_code: str | None = None
    pairing_code_expires_at: Seconds | None = None
    """The time until which `pairing_code` may be typed; WhatsApp Web then has a new code, five times at most."""
    phone: str | None = None
    """The account's own number, digits only: from its first report until the login is void, over restarts too."""
    memory: int | None = None
    """PSS of the page's processes in bytes, as last measured."""
    restriction: Restriction | None = None
    """WhatsApp's restriction of a READY client. `restricted_until` is of an account it bans for a while."""
    contract: PageContract | None = None
    """The page contract, as last read."""

    @property
    def can_send(self) -> bool:
        """True if a message can be sent now."""
        return self.state is State.READY and (self.contract is None or self.contract.can_send)
