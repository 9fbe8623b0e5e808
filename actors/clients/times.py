"""How long a client waits, for each thing it waits for."""

from __future__ import annotations

from dataclasses import dataclass, field

from actors.clients.patience import Patience
from actors.clients.types import Seconds


@dataclass(frozen=True, slots=True)
class Times:
    """In seconds."""

    patience: Patience = field(default_factory=Patience)
    """In a state that waits."""
    send: Seconds = 30.0
    log_out: Seconds = 15.0
    answer: Seconds = 30.0
    """For a pairing code, and for a picture."""
    close: Seconds = 15.0
    """Until a page that was told to close is killed, and as long again until it is given up."""
    probe_interval: Seconds = 15.0
    probe_timeout: Seconds = 5.0
