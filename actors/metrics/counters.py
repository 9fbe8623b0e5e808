"""Counters and histograms of events. Any thread; nothing blocks or raises.

Every label's values are a closed set: enumerations of ours, or a list with `other` at its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram

from actors.clients.events import EVENTS, AccountChanged, MessageStateChanged
from actors.clients.lifecycle import UpdateBegun
from actors.clients.types import STARTING, TERMINAL, ClientId, Seconds, State
from actors.store.message_states import MessageState

if TYPE_CHECKING:
    from actors.clients.events import AccountEvent
    from actors.clients.page_contract import PageContract
    from actors.clients.ports import Journal, Transition
    from actors.store.events import Event


OTHER, NO_REASON, UNANSWERED = "other", "NONE", "unanswered"
_STATES = frozenset(MessageState)
_STARTS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
_SENDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_PROBES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)


class Counters:
    """The counters of one service, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lock = Lock()
        self._starting: dict[ClientId, tuple[str, Seconds]] = {}
        """Kind and instant of each start in progress. Every client's thread writes its own entry, under the lock."""
        self._transitions = Counter(
            "session_manager_transitions", "Changes of state.", ["state", "reason"], registry=registry
        )
        self._starts = Histogram(
            "session_manager_start_seconds",
            "From INITIALIZING or RECONNECTING to the state after it.",
            ["kind", "state"],
            buckets=_STARTS,
            registry=registry,
        )
        self._reconnections = Counter(
            "session_manager_reconnections", "Attempts to open a lost page again.", ["reason"], registry=registry
        )
        self._updates = Counter(
            "session_manager_planned_updates",
            "Pages loaded anew for an update of WhatsApp Web, as planned.",
            registry=registry,
        )
        self._cleanups = Counter(
            "session_manager_cleanups", "Clients destroyed at their end, by that end.", ["state"], registry=registry
        )
        self._sends = Histogram(
            "session_manager_send_seconds",
            "From the order to the page until WhatsApp's answer.",
            ["outcome"],
            buckets=_SENDS,
            registry=registry,
        )
        self._messages = Counter(
            "session_manager_messages", "Messages that reached a state of the outbox.", ["state"], registry=registry
        )
        self._account_changes = Counter(
            "session_manager_account_changes", "Clients that were linked to another account.", registry=registry
        )
        self._held = Counter(
            "session_manager_messages_held",
            "Messages held because their client was linked to another account.",
            registry=registry,
        )
        self._events = Counter("session_manager_events", "Events on disk.", ["type"], registry=registry)
        self._deliveries = Histogram(
            "session_manager_webhook_delivery_seconds",
            "Attempts to deliver an event to a webhook: a class of status codes, or unanswered.",
            ["outcome"],
            buckets=_SENDS,
            registry=registry,
        )
        self._probes = Histogram(
            "session_manager_probe_seconds",
            "How long pages took to answer a look at whether they live.",
            buckets=_PROBES,
            registry=registry,
        )

    def changed(self, told: Transition) -> None:
        """Count a client's change of state or reason."""
        self._transitions.labels(told.after, told.reason or NO_REASON).inc()
        if told.before is not told.after:
            self._time(told)
        if told.before is State.DISCONNECTED_RECOVERABLE and _kind(told) == "reconnection":
            self._reconnections.labels(told.reason or NO_REASON).inc()
        if told.event == UpdateBegun.__name__:
            self._updates.inc()
        if told.before in TERMINAL and told.after is State.NOT_INITIALIZED:
            self._cleanups.labels(told.before).inc()

    def _time(self, told: Transition) -> None:
        with self._lock:
            begun = self._starting.pop(told.client_id, None)
            if told.after in STARTING:
                self._starting[told.client_id] = begun or (_kind(told), told.at)
        if told.after not in STARTING and begun is not None:
            kind, at = begun
            self._starts.labels(kind, told.after).observe(max(0.0, told.at - at))

    def sent(self, outcome: str, seconds: Seconds) -> None:
        """Count the end of a page's send: `sent`, `refused` or `unsettled`."""
        self._sends.labels(outcome).observe(seconds)

    def probed(self, seconds: Seconds) -> None:
        """Time a page's answer to a probe."""
        self._probes.observe(seconds)

    def published(self, events: Iterable[Event]) -> None:
        """Count events that are on disk."""
        for event in events:
            self._events.labels(event.type if event.type in EVENTS else OTHER).inc()
            if event.type == MessageStateChanged.type:
                state = event.payload.get("state")
                self._messages.labels(state if state in _STATES else OTHER).inc()
            elif event.type == AccountChanged.type:
                self._account_changes.inc()
                self._held.inc(event.payload.get("held") or 0)

    def delivered(self, outcome: str, seconds: Seconds) -> None:
        """Count an attempt to deliver to a webhook: `2xx` … `5xx`, or `unanswered`."""
        self._deliveries.labels(outcome).observe(seconds)


def _kind(told: Transition) -> str:
    """Return the kind of a start: ordered, an attempt after a loss, the page's link coming back, or a scanned code."""
    if told.before is State.QR_REQUIRED:
        return "login"
    if told.before is State.DISCONNECTED_RECOVERABLE:
        return "link" if told.event == "LinkResumed" else "reconnection"
    return "start"


class CountingJournal:
    """A journal that counts changes and passes everything on, in the caller's thread.

    Account events are counted once they are on disk.
    """

    def __init__(self, journal: Journal, counters: Counters) -> None:
        self._journal, self._counters = journal, counters

    def changed(self, transition: Transition) -> None:
        """Count and write one change of state."""
        self._counters.changed(transition)
        self._journal.changed(transition)

    def happened(self, client_id: ClientId, event: AccountEvent) -> None:
        """Write one account event."""
        self._journal.happened(client_id, event)

    def contract_read(self, client_id: ClientId, contract: PageContract) -> None:
        """Pass on the result of a page's contract check."""
        self._journal.contract_read(client_id, contract)
