"""Every message the store understands, and what carries it out. A missing key is the error."""

from __future__ import annotations

from actors.store import sessions, transitions
from actors.store.message import Operations

WRITES: Operations = {**sessions.WRITES, **transitions.WRITES}
READS: Operations = {**sessions.READS, **transitions.READS}
