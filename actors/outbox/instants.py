"""Instants that callers name (`send_at`, `expires_at`), as timers."""

from __future__ import annotations

from collections.abc import Hashable

from actors.clients.types import Seconds
from actors.runtime import Actor

CHECK: Seconds = 60.0
"""Timers do not notice that the host's clock is set, or that the host sleeps: so often it is looked at again."""


def wait_for(actor: Actor, key: Hashable, at: Seconds, message: object) -> None:
    """Have the actor told at this instant (epoch seconds), or sooner: whoever is told looks, and waits again."""
    actor.start_timer(key, min(max(0.0, at - actor.clock.time()), CHECK), message)
