"""Gauges that are read on demand: clients by state, mailboxes, the browser's loop and its processes.

Blocks while processes are measured (PATIENCE at most): not for an event loop.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily, Metric

from actors.clients.canary import WhatsAppSeen
from actors.clients.ports import Usage
from actors.clients.types import ClientId, Seconds, State
from actors.runtime import mailbox_of

if TYPE_CHECKING:
    from pykka import ActorRef

BY_NUMBER = 200
"""Clients with gauges of their own, those with the lowest numbers; the rest share one."""
REST = "rest"
KEPT: Seconds = 15.0
"""The time for which a measurement of processes is used: it takes milliseconds of processor time for each of them."""
PATIENCE: Seconds = 3.0
"""The time an asker waits for a measurement; then it gets the previous one."""


class Usages:
    """The newest usages of clients' processes, measured rarely, in a thread of its own. Any thread may call.

    One measurement runs at a time; other askers meanwhile get the previous one.
    """

    def __init__(self, measure: Callable[[], Mapping[ClientId, Usage]], *, kept: Seconds = KEPT) -> None:
        self._measure, self._kept = measure, kept
        self._lock = threading.Lock()
        self._latest: Mapping[ClientId, Usage] = {}
        self._measured_at = -kept

    def latest(self) -> Mapping[ClientId, Usage]:
        """Return the newest measurement, made now if it is older than `kept`. Blocks for PATIENCE at most."""
        if time.monotonic() - self._measured_at < self._kept:
            return self._latest
        if self._lock.acquire(blocking=False):
            thread = threading.Thread(target=self._renew, name="usage", daemon=True)
            thread.start()
            thread.join(PATIENCE)
        return self._latest

    def _renew(self) -> None:
        """Measure, in the thread that holds the lock."""
        try:
            self._latest = self._measure()
            self._measured_at = time.monotonic()
        finally:
            self._lock.release()


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of gauges. Any thread may call any of them; none blocks but `usages`."""

    actors: Callable[[], Mapping[str, ActorRef[Any]]]
    clients: Callable[[], Iterable[tuple[ClientId, ActorRef[Any]]]]
    lag: Callable[[], Seconds]
    usages: Callable[[], Mapping[ClientId, Usage]]
    whatsapp: Callable[[], WhatsAppSeen] = WhatsAppSeen


def families(sources: Sources, states: Iterable[State] | None) -> Iterator[Metric]:
    """Yield all gauges. `states` are those of the clients; None if unknown."""
    if states is not None:
        yield _by_state(states)
    yield from _mailboxes(sources)
    yield _gauge("browser_loop_lag_seconds", "How long the browser's loop took to answer when last looked at.").of(
        sources.lag()
    )
    yield from _processes(sources.usages())
    yield from _whatsapp(sources.whatsapp())


def _whatsapp(seen: WhatsAppSeen) -> Iterator[Metric]:
    """Yield gauges of WhatsApp's contract. The names are those of `actors.browser.contract`: a closed set."""
    missing = _gauge("page_contract_missing", "Pages that lack a name of wa-js or WhatsApp Web that is used.", "symbol")
    for symbol, pages in sorted(seen.missing.items()):
        missing.of(pages, symbol)
    yield missing
    yield _gauge("clients_without_receipts", "Clients whose messages go out and that hear no receipts any more.").of(
        len(seen.silent)
    )
    yield _unresolved(seen.unresolved)


def _unresolved(counts: Mapping[ClientId, int]) -> Metric:
    gauge = _gauge("wa_js_unresolved", "Names that wa-js has said it did not find in a client's page.", "client")
    known = sorted(counts)
    for client_id in known[:BY_NUMBER]:
        gauge.of(counts[client_id], str(client_id))
    if rest := known[BY_NUMBER:]:
        gauge.of(sum(counts[client_id] for client_id in rest), REST)
    return gauge


def _by_state(states: Iterable[State]) -> Metric:
    gauge, found = _gauge("clients", "Clients by state.", "state"), Counter(states)
    for state in State:
        if state is not State.NOT_INITIALIZED:
            gauge.of(found[state], state)
    return gauge


def _mailboxes(sources: Sources) -> Iterator[Metric]:
    depth = _gauge("mailbox_depth", "Messages waiting in an actor's mailbox.", "actor")
    age = _gauge("mailbox_oldest_seconds", "How long the oldest of them has waited.", "actor")
    for name, ref in sources.actors().items():
        mailbox = mailbox_of(ref)
        depth.of(mailbox.depth(), name)
        age.of(mailbox.oldest_age(), name)
    boxes = [mailbox_of(ref) for _, ref in sources.clients()]
    depths, ages = [box.depth() for box in boxes] or [0], [box.oldest_age() for box in boxes] or [0.0]
    yield from (depth, age)
    yield _gauge("client_mailbox_depth_sum", "Messages waiting in the mailboxes of all clients.").of(sum(depths))
    yield _gauge("client_mailbox_depth_max", "Messages waiting in the fullest of them.").of(max(depths))
    yield _gauge("client_mailbox_oldest_seconds_sum", "Waits of the oldest message of each client, together.").of(
        sum(ages)
    )
    yield _gauge("client_mailbox_oldest_seconds_max", "The longest of these waits.").of(max(ages))


def _processes(usages: Mapping[ClientId, Usage]) -> Iterator[Metric]:
    processes = _gauge("client_processes", "Processes of a client's browser.", "client")
    pss = _gauge("client_pss_bytes", "Their memory, shared pages divided among those that share them.", "client")
    cpu = _gauge("client_cpu_seconds", "Processor time of those that live now.", "client")
    for name, usage in _bounded(usages):
        processes.of(usage.processes, name)
        pss.of(usage.pss, name)
        cpu.of(usage.cpu, name)
    yield from (processes, pss, cpu)


def _bounded(usages: Mapping[ClientId, Usage]) -> Iterator[tuple[str, Usage]]:
    known = sorted(usages)
    yield from ((str(client_id), usages[client_id]) for client_id in known[:BY_NUMBER])
    rest = [usages[client_id] for client_id in known[BY_NUMBER:]]
    if rest:
        yield (
            REST,
            Usage(sum(one.processes for one in rest), sum(one.pss for one in rest), sum(one.cpu for one in rest)),
        )


class _Gauge(GaugeMetricFamily):
    def of(self, value: float, *labels: str) -> _Gauge:
        """Add a sample and return the gauge itself."""
        self.add_metric(labels, value)
        return self


def _gauge(name: str, text: str, *labels: str) -> _Gauge:
    return _Gauge(f"session_manager_{name}", text, labels=labels)
