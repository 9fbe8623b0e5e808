"""The canary: what the pages of all clients were found to be and to lack, and whether receipts still come.

It stands in front of the journal, and makes events of what changes. Versions and the counts of receipts are remembered
over restarts (the store keeps them with the sessions); the rest begins with the service.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actors.clients.events import AccountEvent, MessageAcknowledged, WhatsAppChanged, WhatsAppDrifted
from actors.clients.receipts import DayCount, Receipts
from actors.clients.types import ABSENT, ClientId, Seconds

if TYPE_CHECKING:
    from actors.clients.page_contract import PageContract
    from actors.clients.ports import Journal, Transition
    from actors.runtime import Clock

KEEP_EVERY: Seconds = 600.0
"""The least time between two writes of a client's counts: a kill costs no more of them."""


@dataclass(frozen=True, slots=True)
class WhatsAppSeen:
    """The known facts on WhatsApp Web at one instant.

    `version` is the last seen, `seen_since` the time it was first seen.
    """

    version: str | None = None
    seen_since: Seconds | None = None
    read: bool = False
    """True if any running page has been read."""
    missing: Mapping[str, int] = field(default_factory=dict)
    """The missing names, with the number of pages that lack each."""
    silent: tuple[ClientId, ...] = ()
    """Clients that seem to hear no receipts any more."""

    unresolved: Mapping[ClientId, int] = field(default_factory=dict)
    """The number of names that wa-js reported as not found, by client. Much of it is never used."""

    @property
    def whole(self) -> bool:
        """True if nothing is missing, as far as known."""
        return not self.missing and not self.silent


class Canary:
    """The facts on all pages. Any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._version: str | None = None
        self._since: Seconds | None = None
        self._versions: dict[ClientId, str] = {}
        self._contracts: dict[ClientId, PageContract] = {}
        self._receipts: dict[ClientId, Receipts] = {}
        self._kept_at: dict[ClientId, Seconds] = {}
        """When the counts were last returned to be kept; a client whose counts have not changed since is not in it."""

    def look(self) -> WhatsAppSeen:
        """Return the facts known now."""
        with self._lock:
            now = self._clock.time()
            missing = Counter(name for contract in self._contracts.values() for name in contract.faults)
            silent = [one for one in self._contracts if one in self._receipts and self._receipts[one].look(now).lost]
            unresolved = {one: len(contract.unresolved) for one, contract in self._contracts.items()}
            read = bool(self._contracts)
            return WhatsAppSeen(self._version, self._since, read, dict(missing), tuple(sorted(silent)), unresolved)

    def remember(
        self,
        versions: Mapping[ClientId, tuple[str, Seconds]],
        receipts: Mapping[ClientId, tuple[DayCount, ...]] | None = None,
    ) -> None:
        """Take over from an earlier process: each client's version and since when, and its counts of receipts."""
        with self._lock:
            self._receipts |= {client_id: Receipts(days) for client_id, days in (receipts or {}).items()}
            self._versions |= {client_id: version for client_id, (version, _) in versions.items()}
            if self._version is None and versions:
                self._version = max(versions.values(), key=lambda seen: seen[1])[0]
                self._since = min(since for version, since in versions.values() if version == self._version)

    def read(self, client_id: ClientId, contract: PageContract) -> list[AccountEvent]:
        """A page was read. Return what that changes."""
        with self._lock:
            told = [*self._changed(client_id, contract), *self._drifted(client_id, contract)]
            self._contracts[client_id] = contract
            return told

    def _changed(self, client_id: ClientId, contract: PageContract) -> list[AccountEvent]:
        version, before = contract.version, self._versions.get(client_id, self._version)
        if version is None:
            return []
        self._versions[client_id] = version
        if version != self._version:
            self._version, self._since = version, self._clock.time()
        if before in (None, version):
            return []
        return [
            WhatsAppChanged(
                {
                    "version": version,
                    "previous_version": before,
                    "push_phase": contract.push_phase,
                    "generation": contract.generation,
                    "wa_js": contract.wa_js,
                },
            )
        ]

    def _drifted(self, client_id: ClientId, contract: PageContract) -> list[AccountEvent]:
        known = self._contracts.get(client_id)
        before, now = set(known.faults if known else ()), set(contract.faults)
        if before == now:
            return []
        return [
            WhatsAppDrifted(
                {
                    "version": contract.version,
                    "gone": sorted(now - before),
                    "back": sorted(before - now),
                    "missing": list(contract.faults),
                    "lost": sorted(contract.lost),
                    "can_send_messages": contract.can_send,
                    "wa_js": contract.wa_js,
                },
            )
        ]

    def acknowledged(self, client_id: ClientId, event: AccountEvent) -> tuple[DayCount, ...]:
        """Count an acknowledgement of a message of ours, heard as it happened. Return counts to keep, if it is time."""
        payload = event.payload
        message, ack = payload.get("bare_id"), payload.get("ack")
        live = payload.get("from_me") is True and payload.get("live") is True
        if not live or not message or not isinstance(ack, int | float):
            return ()
        with self._lock:
            now = self._clock.time()
            self._receipts.setdefault(client_id, Receipts()).acknowledged(str(message), int(ack), now)
            if now - self._kept_at.setdefault(client_id, now) < KEEP_EVERY:
                return ()
            return self._to_keep(client_id, now)

    def closed(self, client_id: ClientId) -> tuple[DayCount, ...]:
        """Forget the page of a client that has none any more. Return the counts to keep, if they have changed."""
        with self._lock:
            self._contracts.pop(client_id, None)
            return self._to_keep(client_id, self._clock.time()) if client_id in self._kept_at else ()

    def _to_keep(self, client_id: ClientId, now: Seconds) -> tuple[DayCount, ...]:
        del self._kept_at[client_id]
        return self._receipts[client_id].days(now)


class CanaryJournal:
    """A Journal that informs the canary, and passes everything on; in the caller's thread.

    `keep` stores a client's counts of receipts, for `Canary.remember` after a restart.
    """

    def __init__(
        self,
        journal: Journal,
        canary: Canary,
        keep: Callable[[ClientId, tuple[DayCount, ...]], object] = lambda _client_id, _days: None,
    ) -> None:
        self._journal, self._canary, self._keep = journal, canary, keep

    def changed(self, transition: Transition) -> None:
        """Pass on one change of state; a client at its end has no page."""
        if transition.after in ABSENT and (days := self._canary.closed(transition.client_id)):
            self._keep(transition.client_id, days)
        self._journal.changed(transition)

    def happened(self, client_id: ClientId, event: AccountEvent) -> None:
        """Pass on an account event; acknowledgements are counted."""
        if isinstance(event, MessageAcknowledged) and (days := self._canary.acknowledged(client_id, event)):
            self._keep(client_id, days)
        self._journal.happened(client_id, event)

    def contract_read(self, client_id: ClientId, contract: PageContract) -> None:
        """Pass on the contract of a page, and its changes as events."""
        for event in self._canary.read(client_id, contract):
            self._journal.happened(client_id, event)
        self._journal.contract_read(client_id, contract)
