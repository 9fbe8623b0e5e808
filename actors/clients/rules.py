"""What the operator decides for all clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actors.clients.reconnection import Policy
from actors.clients.times import Times
from actors.clients.types import Seconds
from actors.runtime import Backoff

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator decides: durations in seconds, memory in bytes; a limit of 0 is none."""

    times: Times = field(default_factory=Times)
    reconnection: Policy = field(default_factory=lambda: Policy(Backoff(first=1.0, cap=60.0)))
    cleanup_delay: Seconds = 60.0
    start_concurrency: int = 2
    max_clients: int = 0
    limited_by: str = "SM_MAX_CLIENTS"
    client_memory: int = 0
