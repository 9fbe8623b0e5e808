"""The registry of all clients: their configuration, their number and their last states, for readers in any thread.

Nobody waits for it: it is a copy in memory. It is filled from the store at the start; then the gateway enters each
configuration after the store has it, and the two decorators here enter what happens.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from actors.clients.events import AccountEvent, MessageAcknowledged
from actors.clients.registry.config import ClientConfig, Proxy
from actors.clients.types import UNNAMED, ClientId, LinkedAccount, Seconds, State

if TYPE_CHECKING:
    from actors.clients.bans import BanEvidence
    from actors.clients.page_contract import PageContract
    from actors.clients.ports import Journal, Sessions, Transition

CHANGES_KEPT = 3


@dataclass(frozen=True, slots=True)
class StateChange:
    """A client has been in `state` since `at` (epoch seconds)."""

    state: State
    at: Seconds


@dataclass(frozen=True, slots=True)
class Registered:
    """One client as the registry knows it. `changes`: the last states, oldest first; empty before the first."""

    config: ClientConfig
    phone: str | None = None
    account: LinkedAccount = UNNAMED
    """The account that the client was READY with last, in this process."""
    changes: tuple[StateChange, ...] = ()
    version: str | None = None
    """The version of WhatsApp Web, as last read."""
    linked_since: Seconds | None = None
    """When a phone was last linked, as far as that was seen."""
    configured: bool = False
    """True if the client has a configuration of its own."""

    @property
    def state(self) -> State:
        """The present state."""
        return self.changes[-1].state if self.changes else State.NOT_INITIALIZED


@dataclass(slots=True)
class ClientRegistry:
    """All clients with a configuration, or of which something happened. Any thread."""

    _entries: dict[ClientId, Registered] = field(default_factory=dict)
    _names: dict[str, ClientId] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fill(
        self,
        configs: Iterable[ClientConfig],
        phones: Mapping[ClientId, str | None],
        since: Mapping[ClientId, Seconds | None],
    ) -> None:
        """Begin anew with these configurations, numbers, and instants at which phones were linked."""
        with self._lock:
            self._entries.clear()
            self._names.clear()
        for config in configs:
            self.put(config)
        for client_id, phone in phones.items():
            self.linked(client_id, phone)
        for client_id, at in since.items():
            self.paired(client_id, at)

    def find(self, client_id: ClientId) -> Registered:
        """Return what is known of a client; a blank entry if nothing is."""
        return self._entries.get(client_id) or Registered(ClientConfig(client_id))

    def named(self, name: str) -> ClientId | None:
        """Return the client with this name."""
        return self._names.get(name)

    def configs(self) -> tuple[ClientConfig, ...]:
        """Return every configuration, by number."""
        entries = dict(self._entries)
        return tuple(entries[one].config for one in sorted(entries) if entries[one].configured)

    def proxy(self, client_id: ClientId) -> Proxy | None:
        """Return the proxy of the client's browser."""
        return self.find(client_id).config.proxy

    def put(self, config: ClientConfig) -> None:
        """Enter a configuration in place of an earlier one."""
        with self._lock:
            before = self.find(config.client_id)
            if before.config.name is not None:
                self._names.pop(before.config.name, None)
            if config.name is not None:
                self._names[config.name] = config.client_id
            self._entries[config.client_id] = replace(before, config=config, configured=True)

    def drop(self, client_id: ClientId) -> None:
        """Remove the configuration and the number of a client that was deleted."""
        with self._lock:
            entry = self._entries.pop(client_id, None)
            if entry is not None and entry.config.name is not None:
                self._names.pop(entry.config.name, None)

    def linked(self, client_id: ClientId, phone: str | None) -> None:
        """Enter the number that a client is linked to, or that it is no more."""
        with self._lock:
            self._entries[client_id] = replace(self.find(client_id), phone=phone)

    def paired(self, client_id: ClientId, at: Seconds | None) -> None:
        """Enter when a phone was linked."""
        with self._lock:
            self._entries[client_id] = replace(self.find(client_id), linked_since=at)

    def linked_since(self, client_id: ClientId) -> Seconds:
        """Return when a phone was linked to a client; 0 where that is not known."""
        return self.find(client_id).linked_since or 0.0

    def changed(self, client_id: ClientId, change: StateChange, account: LinkedAccount | None = None) -> None:
        """Enter a new state, and the account of a client that is READY."""
        with self._lock:
            entry = self.find(client_id)
            account = entry.account if account is None else account
            changes = (*entry.changes, change)[-CHANGES_KEPT:]
            self._entries[client_id] = replace(entry, changes=changes, account=account)

    def read(self, client_id: ClientId, version: str | None) -> None:
        """Enter the version of a client's page."""
        with self._lock:
            self._entries[client_id] = replace(self.find(client_id), version=version)

    def hides(self, client_id: ClientId, event: AccountEvent) -> bool:
        """Return True if the client's owner does not want to hear of it."""
        if isinstance(event, MessageAcknowledged) and event.payload.get("from_me"):
            return False  # the outbox needs it
        chat: Any = event.payload.get("chat")
        return self.find(client_id).config.ignored.hides(chat)


class RegistryJournal:
    """A Journal that enters what happens in the registry, and leaves out what is ignored."""

    def __init__(self, journal: Journal, registry: ClientRegistry) -> None:
        self._journal, self._registry = journal, registry

    def changed(self, transition: Transition) -> None:
        """Enter the state, and pass the change on."""
        change = StateChange(transition.after, transition.at)
        self._registry.changed(transition.client_id, change, transition.account)
        if transition.pairs:
            self._registry.paired(transition.client_id, transition.at)
        self._journal.changed(transition)

    def happened(self, client_id: ClientId, event: AccountEvent) -> None:
        """Pass an event on, unless it is ignored."""
        if not self._registry.hides(client_id, event):
            self._journal.happened(client_id, event)

    def contract_read(self, client_id: ClientId, contract: PageContract) -> None:
        """Enter the version, and pass the contract on."""
        self._registry.read(client_id, contract.version)
        self._journal.contract_read(client_id, contract)


class RegistrySessions:
    """Sessions that enter numbers in the registry."""

    def __init__(self, sessions: Sessions, registry: ClientRegistry) -> None:
        self._sessions, self._registry = sessions, registry

    def want(self, client_id: ClientId) -> None:
        """Pass it on."""
        self._sessions.want(client_id)

    def release(self, client_id: ClientId) -> None:
        """Pass it on."""
        self._sessions.release(client_id)

    def was_ready(self, client_id: ClientId, *, ready: bool = True) -> None:
        """Pass it on."""
        self._sessions.was_ready(client_id, ready=ready)

    def paired(self, client_id: ClientId, pairing: BanEvidence) -> None:
        """Enter the number, and pass the pairing on."""
        self._registry.linked(client_id, pairing.phone)
        self._sessions.paired(client_id, pairing)

    def forget(self, client_id: ClientId) -> None:
        """Remove the configuration, here and in what is stored."""
        self._registry.drop(client_id)
        self._sessions.forget(client_id)
