"""The ports of the domain that remember, over the store: every method tells the writer and returns at once.

A fact that comes after the store has closed is logged and lost: whoever closes the store closes the clients first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from pykka import ActorDeadError

from actors.clients.ports import Transition
from actors.clients.protocol import Happened
from actors.clients.types import ClientId
from actors.runtime import SYSTEM_CLOCK, Clock
from actors.store.inbox import RecordHappened
from actors.store.message import Write
from actors.store.sessions import ForgetSession, MarkReady, RecordPairing, ReleaseSession, WantSession
from actors.store.store import Store
from actors.store.transitions import RecordTransition

if TYPE_CHECKING:
    from actors.clients.bans import BanEvidence

_log = structlog.get_logger(__name__)


class StoreSessions:
    """`actors.clients.ports.Sessions` over the store. Any thread; nothing blocks or raises."""

    def __init__(self, store: Store, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._store, self._clock = store, clock

    def want(self, client_id: ClientId) -> None:
        """The client is to run, after a restart of the service too."""
        _tell(self._store, WantSession(client_id, self._clock.time()))

    def release(self, client_id: ClientId) -> None:
        """The client is no longer wanted."""
        _tell(self._store, ReleaseSession(client_id, self._clock.time()))

    def was_ready(self, client_id: ClientId, *, ready: bool = True) -> None:
        """The client has reached READY, or has lost what made it so."""
        _tell(self._store, MarkReady(client_id, self._clock.time(), ready))

    def paired(self, client_id: ClientId, pairing: BanEvidence) -> None:
        """Remember this of the client's pairing."""
        at, early = self._clock.time(), pairing.early_logouts
        _tell(self._store, RecordPairing(client_id, pairing.paired_at, early, at, pairing.phone))

    def forget(self, client_id: ClientId) -> None:
        """Remember nothing of the client."""
        _tell(self._store, ForgetSession(client_id))


class StoreJournal:
    """`actors.clients.ports.Journal` over the store. Any thread; nothing blocks or raises."""

    def __init__(self, store: Store, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._store, self._clock = store, clock

    def changed(self, transition: Transition) -> None:
        """Write one change of state."""
        _tell(self._store, RecordTransition(transition))

    def happened(self, client_id: ClientId, event: Happened) -> None:
        """Write one thing that happened to the account."""
        _tell(self._store, RecordHappened(client_id, event, self._clock.time()))


def _tell(store: Store, fact: Write[Any]) -> None:
    try:
        store.tell(fact)
    except ActorDeadError:
        _log.warning("fact_lost", kind=type(fact).__name__, reason="the store is closed")
