"""The requests of callers to the supervisor or to a client, and their answers.

Commands are imperative, questions are questions. `Work` is sent by callers: mailboxes limit it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.clients.correlation import UNCAUSED, Correlation
from actors.clients.protocol.status import Status
from actors.clients.types import ClientId, LinkedAccount, LinkLeft, Origin, Seconds, State
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
    """Log out, stop, delete the stored login, forget. Answers Deleted; refuses NoSuchClient, DeleteFailed.

    `log_out`: a client that is not READY is opened, or awaited, to log out first, within `Times.connect`.
    """

    client_id: ClientId
    log_out: bool = True


@dataclass(frozen=True, slots=True)
class Stop(Work):
    """Close the client and keep its login; it is not resumed after a restart. Answers Stopped; refuses NoSuchClient."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class GetClients:
    """Answers every client as tuple[Status, ...] ordered by number, from the supervisor's own records."""


@dataclass(frozen=True, slots=True)
class ShutDown:
    """Close all clients in parallel, never logging out, and be done within `seconds`: a logout that was ordered before
    gets a share of them, a page that does not close is killed, a page that does not die is given up.

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
    """Run an operation; without further arguments, the operation itself is the message. Answers its declared answer;
    refuses NotReady, and the refusal of its `failed`.

    `order` is the bare WhatsApp id of the message that a SEND sends (`draw_message_id`), made here if it is None.
    `cause` follows the order into the page and back. Where the client is linked to another account than `account`, it
    refuses with AccountDiffers.
    """

    operation: Operation[Any]
    order: str | None = None
    cause: Correlation = UNCAUSED
    account: LinkedAccount | None = None


# --- answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """This call began a start."""

    status: Status


@dataclass(frozen=True, slots=True)
class AlreadyRunning:
    """There was nothing to do."""

    status: Status


@dataclass(frozen=True, slots=True)
class Deleted:
    """The client is gone. `logged_out`: it is linked at WhatsApp no more; if False, `link` says why."""

    client_id: ClientId
    logged_out: bool
    link: LinkLeft | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """The client no longer runs. Its login, if it had one, is stored."""

    client_id: ClientId
