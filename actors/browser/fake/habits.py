"""The habits of a fake page: its behaviour without a test's orders. Plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from actors.browser.fake.whatsapp import Outgoing
from actors.clients.page_contract import PageContract
from actors.clients.types import Seconds


class Fate(Enum):
    """The fate of one message. `Answered`, `Refused`, `OutcomeUnknown` are the page's reports of it."""

    SENT = auto()
    """Delivered, and the page reports it."""
    REFUSED = auto()
    """Not delivered, and the page reports it."""
    RATE_LIMITED = auto()
    """Not delivered: WhatsApp refuses it because there are too many."""
    UPLOAD_FAILED = auto()
    """Not delivered: its file could not be uploaded."""
    TIMELOCKED = auto()
    """Not delivered: WhatsApp refuses a first message to a stranger, whatever the page knows."""
    PENDING = auto()
    """Not delivered and not reported: the page keeps it until `FakePage.flush`, or loses it when it goes."""
    ACK_LOST = auto()
    """Delivered, but the page never reports it; it answers a look-up."""
    UNSETTLED = auto()
    """Delivered, and the page reports that it does not know."""
    CRASH_BEFORE = auto()
    """The browser crashes before the message is sent."""
    CRASH_AFTER = auto()
    """The browser crashes after the message is sent."""


def always(fate: Fate) -> Callable[[Outgoing], Fate]:
    """Return the same fate for every message."""
    return lambda _: fate


_sent = always(Fate.SENT)


@dataclass(frozen=True, slots=True)
class Habits:
    """The habits of one browser's pages. Durations in seconds."""

    opens: bool = True
    """A page shows a code, or resumes its stored login, as soon as it is opened."""
    answers: bool = True
    """A page answers probes, look-ups, requests for pairing codes and pictures, refreshes, and logs out when asked."""
    server_answers: bool = True
    """WhatsApp's server answers the queries of a page."""
    closes: bool = True
    """A page that is closed or killed is gone at once."""
    sends: Callable[[Outgoing], Fate] = _sent
    """Decides each message, in the thread that sends it, in the order of sending."""
    code_lifetime: Seconds = 60.0
    pss: int | None = None
    """Bytes of memory that a probe reports."""
    lid: str | None = None
    push_name: str | None = None
    """What pages say of each account, besides its number."""
    contract: PageContract | None = None
    """The page contract that a page reports before it is ready; None: nothing."""


BY_HAND = Habits(opens=False, answers=False, closes=False, sends=always(Fate.PENDING))
"""Nothing happens by itself; orders are only recorded."""
