"""What a page says of itself. A fact travels as `FromPage`, so that what an old page still says can be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
class QrIdle:
    """The page has stopped showing codes because nobody scanned one."""


@dataclass(frozen=True, slots=True)
class QrScanned:
    """A phone accepted the code (or the pairing code); the login is being made."""


@dataclass(frozen=True, slots=True)
class PairingCodeShown:
    """The code to type on the phone, as WhatsApp shows it (`ABCD-EFGH` without the dash)."""

    code: str


@dataclass(frozen=True, slots=True)
class PairingCodeRefused:
    """WhatsApp Web gave no pairing code."""

    why: str


@dataclass(frozen=True, slots=True)
class Ready:
    """Logged in, synchronised, online, and wa-js fully ready: messages may be sent."""

    phone: str | None = None
    lid: str | None = None


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
class Probed:
    """The page answered probe `token`. `pss` is the process tree's memory in bytes, None where not measured."""

    token: int
    pss: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """WhatsApp's server has the message (ack >= 1).

    `message_id` is the full id (`true_5491122334455@c.us_3EB0…`), `chat` the chat as WhatsApp names it (maybe a lid).
    """

    order: str
    message_id: str
    chat: str


@dataclass(frozen=True, slots=True)
class SendRefused:
    """WhatsApp Web or its server said no: nothing was delivered."""

    order: str
    why: str


@dataclass(frozen=True, slots=True)
class SendUnsettled:
    """The page cannot tell whether the message left."""

    order: str
    why: str


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What the page knows of a message id: its ack (0 pending, 1 server, 2 device, 3 read, negative refused), or None
    where it has never seen it. `complete` says whether the page has caught up, so that None means absent.
    """

    order: str
    message_id: str
    ack: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class ScreenshotTaken:
    """The picture that was asked for; `png` is None and `why` says it where there is none."""

    png: bytes | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something a consumer wants to know of: `kind` is the event's type (docs/events.md tells of each), such as
    `message`; `payload` is JSON-ready and carries `id`, and `lid` and `phone` of the other side.
    """

    kind: str
    payload: Mapping[str, Any]


PageFact = (
    QrShown
    | QrIdle
    | QrScanned
    | PairingCodeShown
    | PairingCodeRefused
    | Ready
    | LinkLost
    | LinkResumed
    | LoggedOut
    | Banned
    | Conflict
    | Blocked
    | PageFailed
    | BrowserGone
    | Probed
    | Sent
    | SendRefused
    | SendUnsettled
    | LookedUp
    | ScreenshotTaken
    | Happened
)
