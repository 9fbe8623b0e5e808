"""How long each state that waits may last, and what it means that it lasted longer. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.types import Reason, State


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each waiting state may last, in seconds. READY and the terminal states wait for nothing of ours."""

    start: float = 60.0
    qr: float = 300.0
    link: float = 600.0

    def of(self, state: State) -> float | None:
        """Seconds `state` may last, None where it may last for ever."""
        return {
            State.INITIALIZING: self.start,
            State.RECONNECTING: self.start,
            State.QR_REQUIRED: self.qr,
            State.DISCONNECTED_RECOVERABLE: self.link,
        }.get(state)


OVERDUE: dict[State, tuple[Reason, str]] = {
    State.INITIALIZING: (Reason.START_TIMEOUT, "WhatsApp Web was not ready in time"),
    State.RECONNECTING: (Reason.START_TIMEOUT, "WhatsApp Web did not resume the stored login in time"),
    State.QR_REQUIRED: (Reason.QR_NOT_SCANNED, "QR not scanned in time"),
    State.DISCONNECTED_RECOVERABLE: (Reason.NETWORK_LOST, "WhatsApp stayed out of reach"),
}
"""The reason and text of PatienceOver, for every state that waits."""
