"""The log line of a client that is linked to another account than before. Phone numbers are in the event only."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from actors.clients.events import AccountChanged
from actors.store.events import Event

_log = structlog.get_logger("outbox")
_COUNTS = ("held", "resumed", "unknown")


def log_changes(events: Iterable[Event]) -> None:
    """Log the changes of accounts among events that are on disk. Runs in the store's thread."""
    for event in events:
        if event.type == AccountChanged.type:
            counts = {name: event.payload.get(name) for name in _COUNTS}
            _log.warning("outbox.account_changed", client=event.client_id, **counts)
