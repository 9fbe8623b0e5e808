"""What callers ask of the supervisor or of a client, and what they are answered.

Commands are imperative, questions are questions. `Work` is what callers send: mailboxes bound it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.clients.correlation import UNCAUSED, Correlation
from actors.clients.protocol.status import Status
from actors.clients.types import ClientId, Origin, Seconds, State
from actors.runtime import Work

if TYPE_CHECKING:
    from actors.clients.operations import Operation


@dataclass(frozen=True, slots=True)
class Init(Work):
    """Start the client unless it runs. Answers Started | AlreadyRunning.

    Refuses StartUnderWay, CapacityExceeded, ShuttingDown. `cause` names the call, for log and journal.
    """

    client_id: ClientId
    origin: Origin = Origin.CALLER
    cause: Correlation = UNCAUSED


@dataclass(frozen=True, slots=True)
class Delete(Work):
    """Log out, stop, delete the stored login, forget. Answers Deleted; refuses NoSuchClient."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class Stop(Work):
    """Close the client and keep its login; it is not resumed after a restart. Answers Stopped; refuses NoSuchClient."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class GetClients:
    """Every client there is. Answers tuple[Status, ...] ordered by number, from what the supervisor was told."""


@dataclass(frozen=True, slots=True)
class ShutDown:
    """Close all clients side by side, never logging out, and be done within `seconds`: a logout that was ordered before
    gets a share of them, a page that does not close is killed, one that does not die is given up.

    Answers None once all clients are gone; then the supervisor ends.
    """

    seconds: Seconds


@dataclass(frozen=True, slots=True)
class GetStatus:
    """Answers Status. Never waits."""


@dataclass(frozen=True, slots=True)
class AwaitState(Work):
    """Answers Status as soon as the state is outside `leaving`, or when `seconds` are over."""

    leaving: frozenset[State]
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Perform(Work):
    """Perform an operation; without more to say of it, the operation itself is the message. Answers what that declares;
    refuses NotReady, and what its `failed` gives.

    `order` is the bare WhatsApp id of the message that a SEND sends (`draw_message_id`); one is drawn where it is None.
    `cause` follows the order into the page and back.
    """

    operation: Operation[Any]
    order: str | None = None
    cause: Correlation = UNCAUSED


# --- answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """A start was begun by this very call."""

    status: Status


@dataclass(frozen=True, slots=True)
class AlreadyRunning:
    """Nothing was to be done."""

    status: Status


@dataclass(frozen=True, slots=True)
class Deleted:
    """The client is gone. `logged_out`: WhatsApp was told; False where no page was there to tell it through."""

    client_id: ClientId
    logged_out: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """The client runs no more. Its login, where it had one, is stored."""

    client_id: ClientId
