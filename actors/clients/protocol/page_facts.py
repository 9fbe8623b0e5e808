"""What a page says of itself. A fact travels as `FromPage`, so that what an old page still says can be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.clients.events import AccountEvent
from actors.clients.page_contract import PageContract
from actors.clients.protocol.status import Restriction
from actors.clients.types import Generation, Reason, Seconds


@dataclass(frozen=True, slots=True)
class FromPage:
    """The envelope of every fact a page reports."""

    generation: Generation
    fact: PageFact


@dataclass(frozen=True, slots=True)
class QrShown:
    """The page shows this code; it will be replaced after about `lifetime` seconds."""

    code: str
    lifetime: Seconds


@dataclass(frozen=True, slots=True)
class QrVoid:
    """No code can be scanned now, though the page waits for a phone: a pairing code was asked for."""


@dataclass(frozen=True, slots=True)
class QrIdle:
    """The page has stopped showing codes because nobody scanned one."""


@dataclass(frozen=True, slots=True)
class QrScanned:
    """A phone accepted the code (or the pairing code); the login is being made."""


@dataclass(frozen=True, slots=True)
class PairingCodeRenewed:
    """The page shows this code now, asked for or in the place of an older one; it is good for `lifetime` seconds."""

    code: str
    lifetime: Seconds


@dataclass(frozen=True, slots=True)
class PairingHindered:
    """Why no phone can be linked in the way that was tried; the page goes on waiting for one."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Ready:
    """Logged in, synchronised, online, and wa-js fully ready: messages may be sent."""

    phone: str | None = None
    lid: str | None = None


@dataclass(frozen=True, slots=True)
class ContractRead:
    """What the page has of the names that are used. Told of each document before its first
    Ready, and when it changes.
    """

    contract: PageContract


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The page lives but has lost WhatsApp. It comes back by itself, not before `until` (epoch) where that is known."""

    reason: Reason
    text: str
    until: Seconds | None = None


@dataclass(frozen=True, slots=True)
class LinkResumed:
    """The page has WhatsApp again and is catching up; Ready follows."""


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """The login is void and erased from the page."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Banned:
    """WhatsApp closed the account. `text` says whether that was told or inferred."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """The session was opened elsewhere; the stored login is still good."""

    text: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """Only a human can help: terms of service, proxy, screen lock. The stored login is kept."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class PageFailed:
    """The page can no longer be used though its browser may live: crashed, deaf, left, outdated."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class BrowserGone:
    """The last fact of a generation, exactly once: no process is left. `reason` is None after an ordered close."""

    reason: Reason | None
    text: str


@dataclass(frozen=True, slots=True)
class PageReloaded:
    """The page is being loaded anew, by itself or as ordered: what it said before counts no more."""

    reason: Reason = Reason.PAGE_RELOADED
    text: str = "The page is being loaded anew"


@dataclass(frozen=True, slots=True)
class UpdateWanted:
    """WhatsApp wants the page loaded anew for an update. It goes on working; unless `hard`: then it loads itself."""

    hard: bool = False


@dataclass(frozen=True, slots=True)
class ServerAnswered:
    """WhatsApp's server has answered question `token`: the page's connection carries both ways."""

    token: int


@dataclass(frozen=True, slots=True)
class ServerSilent:
    """Question `token` was put to WhatsApp's server, and it has not answered in time."""

    token: int
    why: str


@dataclass(frozen=True, slots=True)
class Probed:
    """The page answered probe `token`. `pss` is the process tree's memory in bytes, None where not measured."""

    token: int
    pss: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The page has done what it was ordered. `value` is the answer of the operation, as that declares it."""

    order: str
    value: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """The page, or WhatsApp, said no: nothing was done. `code` is WhatsApp's or wa-js's own name for why; `RESTRICTED`
    is ours, for a message to a stranger that was not even filed.
    """

    order: str
    why: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The page cannot tell whether it was done: a message may have left."""

    order: str
    why: str


@dataclass(frozen=True, slots=True)
class RestrictionTold:
    """WhatsApp refuses the account's first messages to strangers, or (None) does not, or no more."""

    restriction: Restriction | None


PageFact = (
    QrShown
    | QrVoid
    | QrIdle
    | QrScanned
    | PairingCodeRenewed
    | PairingHindered
    | Ready
    | ContractRead
    | LinkLost
    | LinkResumed
    | LoggedOut
    | Banned
    | Conflict
    | Blocked
    | PageFailed
    | BrowserGone
    | PageReloaded
    | UpdateWanted
    | ServerAnswered
    | ServerSilent
    | Probed
    | Answered
    | Refused
    | OutcomeUnknown
    | RestrictionTold
    | AccountEvent
)
