"""The facts that a page reports. A fact travels as `FromPage`, so that late facts of an old page can be told apart.

The `needs` of a fact are the names of wa-js or WhatsApp Web without which a page never reports it, or not truly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

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
class PageLaunched:
    """Chromium runs: the next one may be launched.

    Told once, also where the launch failed at first and is tried again.
    """


@dataclass(frozen=True, slots=True)
class PageSettled:
    """The page needs no core for now: it has loaded, waits for its site, or could not be loaded. Told once."""


@dataclass(frozen=True, slots=True)
class QrShown:
    """The page shows this code; it will be replaced after about `lifetime` seconds."""

    code: str
    lifetime: Seconds

    needs: ClassVar[tuple[str, ...]] = (
        "WPP.whatsapp.functions.isRegistered",
        "WPP.whatsapp.Base64.encodeB64",
        "WPP.whatsapp.multidevice.adv.getADVSecretKey",
        "WPP.whatsapp.multidevice.waNoiseInfo.get",
        "WPP.whatsapp.multidevice.waSignalStore.getRegistrationInfo",
    )


@dataclass(frozen=True, slots=True)
class QrVoid:
    """No code can be scanned now, though the page waits for a phone: a pairing code was requested."""


@dataclass(frozen=True, slots=True)
class QrIdle:
    """The page has stopped showing codes because nobody scanned one."""


@dataclass(frozen=True, slots=True)
class QrScanned:
    """A phone accepted the code (or the pairing code); the login is being made."""


@dataclass(frozen=True, slots=True)
class PairingCodeRenewed:
    """The page shows this code now, as requested or in place of an older code; it is valid for `lifetime` seconds."""

    code: str
    lifetime: Seconds


@dataclass(frozen=True, slots=True)
class PairingHindered:
    """The reason why no phone can be linked in the tried way; the page still waits for a phone."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Ready:
    """Logged in, synchronised, online, and wa-js fully ready: messages may be sent.

    `push_name` is the name that the account gives itself, as far as the page knows it by now.
    """

    phone: str | None = None
    lid: str | None = None
    push_name: str | None = None

    needs: ClassVar[tuple[str, ...]] = (
        *(f"WPP.whatsapp.{name}.on" for name in ("Stream", "Socket", "Conn", "NetworkStatus", "Cmd")),
        "WPP.whatsapp.functions.isAuthenticated",
    )
    """Without one of these a page reports nothing of its connection."""


@dataclass(frozen=True, slots=True)
class ContractRead:
    """The page contract's result. Sent for each document before its first Ready, and when it changes."""

    contract: PageContract


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The page lives but has lost WhatsApp. It returns by itself, not before `until` (epoch) if that is known."""

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

    needs: ClassVar[tuple[str, ...]] = (
        "WPP.whatsapp.functions.getErrorCodeFromLogoutReason",
        "WPP.whatsapp.BackendEventBus.trigger",
    )
    """Without these its reason is not known."""


@dataclass(frozen=True, slots=True)
class Banned:
    """WhatsApp closed the account. `text` states whether that was reported or inferred."""

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
    """The page is being reloaded, by itself or as ordered: earlier facts no longer count."""

    reason: Reason = Reason.PAGE_RELOADED
    text: str = "The page is being loaded anew"


@dataclass(frozen=True, slots=True)
class UpdateWanted:
    """WhatsApp wants a reload of the page for an update.

    The page goes on working, unless `hard`: then it reloads itself.
    """

    hard: bool = False


@dataclass(frozen=True, slots=True)
class ServerAnswered:
    """WhatsApp's server has answered query `token`: the page's connection carries both ways."""

    token: int


@dataclass(frozen=True, slots=True)
class ServerSilent:
    """WhatsApp's server has not answered query `token` in time."""

    token: int
    why: str


@dataclass(frozen=True, slots=True)
class Probed:
    """The page answered probe `token`. `pss` is the process tree's memory in bytes, None where not measured."""

    token: int
    pss: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The page has carried out the order. `value` is the answer of the operation, in its declared form."""

    order: str
    value: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """The page, or WhatsApp, refused: nothing was done.

    `code` is WhatsApp's or wa-js's own name for the reason; `RESTRICTED` is ours, for a message to a stranger that was
    not even filed.
    """

    order: str
    why: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The page does not know the outcome: a message may have been sent."""

    order: str
    why: str


@dataclass(frozen=True, slots=True)
class RestrictionTold:
    """WhatsApp refuses the account's first messages to strangers, or (None) does not, or no longer."""

    restriction: Restriction | None


PageFact = (
    PageLaunched
    | PageSettled
    | QrShown
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


def fact_name(kind: type) -> str:
    """Return a fact's name in texts and answers: `qrShown`."""
    return kind.__name__[0].lower() + kind.__name__[1:]


FACT_NEEDS: Mapping[str, tuple[str, ...]] = {
    fact_name(kind): kind.needs for kind in get_args(PageFact) if kind is not AccountEvent and hasattr(kind, "needs")
}
"""Name -> needs, of each fact that has any."""
