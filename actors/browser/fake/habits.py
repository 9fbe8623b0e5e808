"""What a fake page does by itself. Plain data, no behaviour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from actors.clients.operations import Operation
from actors.clients.page_contract import PageContract
from actors.clients.types import ClientId, Seconds


class Fate(Enum):
    """What becomes of one message. `Answered`, `Refused`, `OutcomeUnknown` are what the page says of it."""

    SENT = auto()
    """Delivered, and the page says so."""
    REFUSED = auto()
    """Not delivered, and the page says so."""
    RATE_LIMITED = auto()
    """Not delivered: WhatsApp refuses it because there are too many."""
    TIMELOCKED = auto()
    """Not delivered: WhatsApp refuses a first message to a stranger, whatever the page knows."""
    PENDING = auto()
    """Not delivered and nothing said: the page keeps it until `FakePage.flush`, or loses it when it goes."""
    ACK_LOST = auto()
    """Delivered, but the page never says so; it answers a look-up."""
    UNSETTLED = auto()
    """Delivered, and the page says that it cannot tell."""
    CRASH_BEFORE = auto()
    """The browser crashes before the message leaves."""
    CRASH_AFTER = auto()
    """The browser crashes after the message has left."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message about to be sent."""

    client_id: ClientId
    message_id: str
    operation: Operation[Any]

    @property
    def chat(self) -> str:
        """Where it goes."""
        return str(self.operation.arguments["chat"])

    @property
    def text(self) -> str:
        """What it says; empty where it is no text."""
        return str(self.operation.arguments.get("text", ""))


def always(fate: Fate) -> Callable[[Outgoing], Fate]:
    """The same fate for every message."""
    return lambda _: fate


_sent = always(Fate.SENT)


@dataclass(frozen=True, slots=True)
class Habits:
    """What the pages of one browser do without being told. Durations in seconds."""

    opens: bool = True
    """A page shows a code, or resumes its stored login, as soon as it is opened."""
    answers: bool = True
    """A page answers probes, look-ups, requests for pairing codes and pictures, refreshes, and logs out when asked."""
    server_answers: bool = True
    """WhatsApp's server answers the questions that a page puts to it."""
    closes: bool = True
    """A page that is closed or killed is gone at once."""
    sends: Callable[[Outgoing], Fate] = _sent
    """Decides each message, in the thread that sends it, in the order of sending."""
    code_lifetime: Seconds = 60.0
    pss: int | None = None
    """Bytes of memory that a probe reports."""
    contract: PageContract | None = None
    """What the page tells, before it is ready, of the names that are used; None: nothing."""


BY_HAND = Habits(opens=False, answers=False, closes=False, sends=always(Fate.PENDING))
"""Nothing happens by itself; orders are only noted down."""
