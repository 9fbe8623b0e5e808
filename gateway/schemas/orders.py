"""What a client is ordered to: start, log out, stop, be deleted."""

from __future__ import annotations

from typing import Literal, Self

from actors.clients.protocol import Deleted
from gateway.schemas.shape import Answer
from gateway.schemas.status import StatusSummary


class InitStarted(Answer):
    """POST /init began a start."""

    success: Literal[True] = True
    message: Literal["WhatsApp client initialization started"] = "WhatsApp client initialization started"
    cliente_id: int
    status: StatusSummary
    action: Literal["INITIALIZING"] = "INITIALIZING"
    next_steps: str = "Monitor /status endpoint for QR code or READY state"


class InitUnneeded(Answer):
    """POST /init found the client running."""

    success: Literal[True] = True
    message: Literal["Client already initialized"] = "Client already initialized"
    cliente_id: int
    status: StatusSummary
    action: Literal["NO_ACTION_NEEDED"] = "NO_ACTION_NEEDED"


class LoggedOutAnswer(Answer):
    """POST /logout."""

    success: Literal[True] = True
    message: Literal["Logged out of WhatsApp"] = "Logged out of WhatsApp"
    cliente_id: int
    status: StatusSummary


class StoppedAnswer(Answer):
    """POST /stop."""

    success: Literal[True] = True
    message: Literal["Client stopped"] = "Client stopped"
    cliente_id: int


class DeletedAnswer(Answer):
    """DELETE /session/{clienteId}. `logged_out`: False where no page was there to tell WhatsApp through."""

    success: Literal[True] = True
    message: Literal["Session deleted"] = "Session deleted"
    cliente_id: int
    logged_out: bool

    @classmethod
    def of(cls, deleted: Deleted) -> Self:
        return cls(cliente_id=deleted.client_id, logged_out=deleted.logged_out)
