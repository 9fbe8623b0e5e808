"""Every message a client or the supervisor understands: frozen, slotted, picklable plain data.

Commands are imperative, facts are past tense, questions are questions. `Work` is what callers send: mailboxes bound it.
A fact of a page travels as `FromPage(generation, fact)`, so that what an old page still says can be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.clients.cause import UNCAUSED, Cause
from actors.clients.pairing import Pairing
from actors.clients.types import ClientId, Generation, Origin, Reason, Seconds, State
from actors.runtime import Work

# --- what a reader gets ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Qr:
    """What WhatsApp Web shows now: the string a phone's camera would read, until `expires_at` (epoch seconds)."""

    code: str
    expires_at: Seconds


@dataclass(frozen=True, slots=True)
class Status:
    """All that is known of one client; the same object is answered until something changes.

    Instants are epoch seconds, UTC. `next_attempt_at` is set while a reconnection waits for its turn.
    """

    client_id: ClientId
    state: State = State.NOT_INITIALIZED
    reconnection_attempts: int = 0
    max_reconnection_attempts: int = 3
    reason: Reason | None = None
    reason_text: str | None = None
    since: Seconds | None = None
    last_event_at: Seconds | None = None
    next_attempt_at: Seconds | None = None
    restricted_until: Seconds | None = None
    healthy: bool = False
    qr: Qr | None = None
    pairing_code: str | None = None
    phone: str | None = None
    """The account's own number, digits only, once READY."""
    memory: int | None = None
    """PSS of the page's processes in bytes, as last measured."""


# --- commands and questions to the supervisor ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Init(Work):
    """Start the client unless it runs. Answers Started | AlreadyRunning.

    Refuses StartUnderWay, CapacityExceeded, ShuttingDown. `cause` names the call, for log and journal.
    """

    client_id: ClientId
    origin: Origin = Origin.CALLER
    cause: Cause = UNCAUSED


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


# --- commands and questions to a client ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """Start unless running; `reply_to` (a ReplyTo, or None) gets Started | AlreadyRunning or a refusal.

    `pairing` is what the supervisor remembers of this number.
    """

    origin: Origin
    reply_to: Any = field(default=None, compare=False)
    pairing: Pairing = field(default_factory=Pairing)
    cause: Cause = UNCAUSED


@dataclass(frozen=True, slots=True)
class GetStatus:
    """Answers Status. Never waits."""


@dataclass(frozen=True, slots=True)
class AwaitState(Work):
    """Answers Status as soon as the state is outside `leaving`, or when `seconds` are over."""

    leaving: frozenset[State]
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class SendText(Work):
    """Send a text. Answers Sent; refuses NotReady, SendFailed, SendUnknown.

    `chat` is a wid (`5491122334455@c.us`, `…@g.us`, `…@lid`). `cause` follows the message into the page and back.
    `message_id` is the bare WhatsApp id to use (`actors.clients.message_ids`); one is drawn where it is None.
    """

    chat: str
    text: str
    cause: Cause = UNCAUSED
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class LookUp(Work):
    """Ask the page what became of a bare message id. Answers LookedUp; refuses NotReady."""

    chat: str
    message_id: str


@dataclass(frozen=True, slots=True)
class LogOut(Work):
    """Log out at WhatsApp. Answers Status in DISCONNECTED_LOGOUT; refuses NotReady, LogOutFailed."""


@dataclass(frozen=True, slots=True)
class RequestPairingCode(Work):
    """Ask for a code to type on the phone of that number (digits).

    Answers PairingCodeShown; refuses PairingUnavailable.
    """

    phone: str


@dataclass(frozen=True, slots=True)
class TakeScreenshot(Work):
    """A picture of the page. Answers Screenshot; refuses NotReady where no page is open."""


@dataclass(frozen=True, slots=True)
class Close:
    """End this client: close the browser, then stop the actor. Only `forget` logs out, and drops the login too.

    It is over `within` as many seconds, where that is said.
    """

    forget: bool = False
    within: Seconds | None = None


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


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A PNG image."""

    png: bytes


# --- between client and supervisor -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """Fact for the supervisor: what the client now is."""

    status: Status


@dataclass(frozen=True, slots=True)
class PairingChanged:
    """Fact for the supervisor: a phone was paired, or the login was ended from outside; to be remembered."""

    client_id: ClientId
    pairing: Pairing


@dataclass(frozen=True, slots=True)
class ReconnectWanted:
    """Fact for the supervisor: the client lost its page and asks for one more attempt."""

    client_id: ClientId
    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class ReconnectGranted:
    """Attempt number `attempt` may begin after `delay` seconds."""

    attempt: int
    delay: Seconds


@dataclass(frozen=True, slots=True)
class ReconnectRefused:
    """No attempt is left, or none can help."""

    reason: Reason
    text: str


# --- facts of a page -------------------------------------------------------------------------------------------------


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
    """Something a consumer wants to know of: `kind` is `message`, `message.ack`, `message.edited`, `message.revoked`,
    `message.reaction` or `call`; `payload` is JSON-ready and carries `id`, and `lid` and `phone` of the other side.
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
