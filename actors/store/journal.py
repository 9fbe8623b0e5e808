"""The journal: changes of state and account events, written by the store, behind the ports of the domain.

`StoreJournal` and `StoreSessions` send to the writer and return at once. A fact that comes after the store has closed
is logged and lost, so the clients are closed before the store. An account event and the acknowledgement it may carry
for the outbox are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from pykka import ActorDeadError
from sqlalchemy import Connection, RowMapping, insert, select, update

from actors.clients.events import AccountEvent, MessageAcknowledged, MessageArrived
from actors.clients.ports import Transition
from actors.clients.types import ClientId, Reason, Seconds, State
from actors.runtime import SYSTEM_CLOCK, Clock
from actors.store.events import AppendEvent, Event, draw_id, of_transition
from actors.store.outbox import RecordAck, link
from actors.store.requests import Read, Write
from actors.store.rows.accounts import leave
from actors.store.rows.unreadable import readable
from actors.store.schema import outbox, sessions, transitions
from actors.store.sessions import (
    ForgetSession,
    MarkReady,
    RecordPairing,
    RecordReceipts,
    RecordVersion,
    ReleaseSession,
    WantSession,
)
from actors.store.store import Store

if TYPE_CHECKING:
    from actors.clients.bans import BanEvidence
    from actors.clients.page_contract import PageContract
    from actors.clients.receipts import DayCount


_log = structlog.get_logger(__name__)


class StoreSessions:
    """`actors.clients.ports.Sessions` over the store. Any thread; nothing blocks or raises."""

    def __init__(self, store: Store, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._store, self._clock = store, clock

    def want(self, client_id: ClientId) -> None:
        """Record that the client is to run, also after a restart of the service."""
        _tell(self._store, WantSession(client_id, self._clock.time()))

    def release(self, client_id: ClientId) -> None:
        """Record that the client is no longer wanted."""
        _tell(self._store, ReleaseSession(client_id, self._clock.time()))

    def was_ready(self, client_id: ClientId, *, ready: bool = True) -> None:
        """Record that the client has reached READY, or has lost its login."""
        _tell(self._store, MarkReady(client_id, self._clock.time(), ready))

    def paired(self, client_id: ClientId, pairing: BanEvidence) -> None:
        """Record the client's pairing."""
        at, early = self._clock.time(), pairing.early_logouts
        _tell(self._store, RecordPairing(client_id, pairing.paired_at, early, at, pairing.phone))

    def receipts(self, client_id: ClientId, days: tuple[DayCount, ...]) -> None:
        """Record the counts of the client's receipts."""
        _tell(self._store, RecordReceipts(client_id, days))

    def forget(self, client_id: ClientId) -> None:
        """Delete everything recorded of the client."""
        _tell(self._store, ForgetSession(client_id))


class StoreJournal:
    """`actors.clients.ports.Journal` over the store. Any thread; nothing blocks or raises."""

    def __init__(self, store: Store, *, clock: Clock = SYSTEM_CLOCK, holds: bool = True) -> None:
        """`holds` as in `actors.store.outbox.link`."""
        self._store, self._clock, self._holds = store, clock, holds

    def changed(self, transition: Transition) -> None:
        """Write one change of state, and the account that a client is linked to."""
        _tell(self._store, RecordTransition(transition, holds=self._holds))

    def happened(self, client_id: ClientId, event: AccountEvent) -> None:
        """Write one thing that happened to the account."""
        _tell(self._store, RecordAccountEvent(client_id, event, self._clock.time()))

    def contract_read(self, client_id: ClientId, contract: PageContract) -> None:
        """Write the version of WhatsApp Web; what has changed in a page arrives as an account event."""
        if contract.version is not None:
            _tell(self._store, RecordVersion(client_id, contract.version, self._clock.time()))


def _tell(store: Store, fact: Write[Any]) -> None:
    try:
        store.tell(fact)
    except ActorDeadError:
        _log.warning("store.fact_lost", kind=type(fact).__name__, reason="the store is closed")


@dataclass(frozen=True, slots=True)
class RecordTransition(Write[None]):
    """Record a client's change of state and append its event.

    A client that is READY is linked to an account, one that shows codes to none: what follows for its messages is in
    the same transaction, before anybody sees the state.
    """

    transition: Transition
    id: str = field(default_factory=draw_id)
    """The id of its event."""
    holds: bool = True

    def run(self, connection: Connection) -> None:
        told = self.transition
        if told.pairs:
            linked = update(sessions).where(sessions.c.client_id == told.client_id)
            connection.execute(linked.values(linked_since=told.at))
        if told.account is not None:
            link(connection, told.client_id, told.account, told.at, holds=self.holds)
        elif told.after is State.QR_REQUIRED:
            leave(connection, told.client_id)
        if of_transition(told, self.id).run(connection) is None:
            return
        row = {name: getattr(told, name) for name in Transition.__slots__ if name != "account"}
        connection.execute(insert(transitions), row)


@dataclass(frozen=True, slots=True)
class GetTransitions(Read[tuple[Transition, ...]]):
    """Read the newest `limit` changes of a client, oldest first."""

    client_id: ClientId
    limit: int = 100

    def run(self, connection: Connection) -> tuple[Transition, ...]:
        of_client = select(transitions).where(transitions.c.client_id == self.client_id)
        rows = connection.execute(of_client.order_by(transitions.c.position.desc()).limit(self.limit))
        return tuple(readable("transitions", "position", rows.mappings(), _transition))[::-1]


@dataclass(frozen=True, slots=True)
class PruneTransitions(Write[int]):
    """Delete changes older than `before` (epoch seconds), at most `limit`; if the answer equals `limit`, ask again."""

    before: Seconds
    limit: int = 1000

    def run(self, connection: Connection) -> int:
        old = select(transitions.c.position).where(transitions.c.at < self.before).limit(self.limit)
        return connection.execute(transitions.delete().where(transitions.c.position.in_(old))).rowcount


def _transition(told: RowMapping) -> Transition:
    """Return the change of a row. Raises ValueError if this version does not know its states."""
    return Transition(
        told["client_id"],
        State(told["before"]),
        State(told["after"]),
        told["event"],
        Reason(told["reason"]) if told["reason"] in list(Reason) else None,
        told["text"],
        told["at"],
        told["request_id"],
    )


@dataclass(frozen=True, slots=True)
class RecordAccountEvent(Write[Event | None]):
    """Something has happened to the account. Answers its event, or None where it had been written before: a page that
    is opened again reads what is in its memory, and may tell the same once more.

    An acknowledgement (with `id` and `ack` in its payload) moves the message of the outbox it is for. A message of the
    account's own that is in the outbox is none of another device: a page that is opened again cannot tell.
    """

    client_id: ClientId
    event: AccountEvent
    at: Seconds
    id: str = field(default_factory=draw_id)

    def run(self, connection: Connection) -> Event | None:
        event, key = self.event, self.event.key if self.event.read_again else None
        if isinstance(event, MessageArrived) and is_of_outbox(connection, self.client_id, event.payload):
            return None
        written = AppendEvent(self.client_id, event.type, event.payload, self.at, key, self.id).run(connection)
        if isinstance(event, MessageAcknowledged):
            acknowledge(connection, self.client_id, event, self.at)
        return written


def bare_id(full_id: str) -> str | None:
    """Return the bare id in `true_5491122334455@c.us_3EB0…`, which a group's or platform's field may follow.

    None for other text, and for incoming messages: they are not in the outbox.
    """
    parts = full_id.split("_")
    return parts[2] if len(parts) >= 3 and parts[0] == "true" else None


def is_of_outbox(connection: Connection, client_id: ClientId, message: Mapping[str, Any]) -> bool:
    """Return True if a message's payload is of one that the outbox has, sent or is to send."""
    if message.get("from_me") is not True:
        return False
    ours = select(outbox.c.id).where(outbox.c.client_id == client_id, outbox.c.message_id == message.get("bare_id"))
    return connection.execute(ours).first() is not None


def acknowledge(connection: Connection, client_id: ClientId, event: MessageAcknowledged, at: Seconds) -> None:
    """Move the message of the outbox that an acknowledgement is for, if there is one."""
    full_id, ack = event.payload.get("id"), event.payload.get("ack")
    if not isinstance(full_id, str) or not isinstance(ack, int) or (bare := bare_id(full_id)) is None:
        return
    RecordAck(client_id, bare, ack, at, full_id).run(connection)
