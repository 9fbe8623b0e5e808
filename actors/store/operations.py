"""Runs the store's messages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from actors.store import outbox_reads, outbox_writes
from actors.store.message import Operations

_OUTBOX: Operations = {**outbox_writes.WRITES, **outbox_reads.READS}


def carry_out(connection: Connection, message: Any) -> Any:
    """Run a Write or a Read in the connection's transaction, and return its answer."""
    function = _OUTBOX.get(type(message))
    return message.run(connection) if function is None else function(connection, message)
