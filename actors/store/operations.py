"""Every message the store understands, and what carries it out. A missing key is the error."""

from __future__ import annotations

from actors.store import (
    consumers,
    dead_letters,
    deliveries,
    events,
    inbox,
    keys,
    outbox_reads,
    outbox_writes,
    sessions,
    streams,
    transitions,
    webhooks,
)
from actors.store.message import Operations

WRITES: Operations = {
    **sessions.WRITES,
    **transitions.WRITES,
    **events.WRITES,
    **outbox_writes.WRITES,
    **inbox.WRITES,
    **keys.WRITES,
    **webhooks.WRITES,
    **deliveries.WRITES,
    **dead_letters.WRITES,
    **consumers.WRITES,
}
READS: Operations = {
    **sessions.READS,
    **transitions.READS,
    **events.READS,
    **outbox_reads.READS,
    **keys.READS,
    **webhooks.READS,
    **deliveries.READS,
    **dead_letters.READS,
    **consumers.READS,
    **streams.READS,
}
