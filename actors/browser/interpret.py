"""What WhatsApp Web says, in the words of the protocol. Pure: no I/O, no clock but the one it is given, no pyppeteer.

The page script tells a *view* (mode, info, socket state and so on) whenever one of its parts changes, and *events* that
leave no trace in the view. Three tables say what they mean:

    CONDITIONS  view -> what the connection is in; the first row that holds
    LOGOUTS     reason of a logout -> fact
    HAPPENINGS  event -> kind and payload of a Happened

`Interpreter` remembers what was told, so that a fact is told when something changes and not again. What pages say is
not trusted to have the shape it should have: what does not fit is read as absent, and texts are cut.

Where the signatures come from: wa-js 4.6.0, WhatsApp Web's own bundles of 2026, and the two generations of page the
sandbox plays. Only what both have is relied on: `conn.authenticated` and `conn.logout`, for two, are never heard on
current pages, and `main_ready` is told while only a code shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qs, urlsplit

from actors.clients.protocol import (
    Blocked,
    Conflict,
    Happened,
    LinkLost,
    LinkResumed,
    LoggedOut,
    PageFact,
    PageFailed,
    PairingCodeRefused,
    PairingCodeShown,
    QrIdle,
    QrScanned,
    QrShown,
    Ready,
    SendRefused,
    SendUnsettled,
    Sent,
)
from actors.clients.types import Reason, Seconds

Event = Mapping[str, Any]

FIRST_CODE: Seconds = 60.0
NEXT_CODE: Seconds = 20.0
"""How long WhatsApp Web shows the first code of a series, and each further one. Source: its own bundles."""
MAX_TEXT = 65536
MAX_NAME = 512
_EPOCH = 10**9
"""An end of a restriction below this is a number of seconds from now, above it an instant."""


class Condition(Enum):
    """What the connection of a page is in."""

    STARTING = auto()
    CODE = auto()
    IDLE = auto()
    PAIRING = auto()
    READY = auto()
    OFFLINE = auto()
    UNREACHABLE = auto()
    CATCHING_UP = auto()
    TERMS = auto()
    PROXY = auto()
    LOCKED = auto()
    CONFLICT = auto()
    OUTDATED = auto()


@dataclass(frozen=True, slots=True)
class View:
    """The parts of WhatsApp Web's state that matter here, as the page script reads them."""

    mode: str | None = None
    info: str | None = None
    state: str | None = None
    stream: str | None = None
    online: bool = True
    needs_update: bool = False
    authenticated: bool = False
    full_ready: bool = False
    code: str | None = None
    phone: str | None = None
    lid: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What went before, as far as it changes what a view means."""

    shown: bool = False
    """A code was shown in this document."""
    ready: bool = False
    """The page was ready in this document."""


def _says(*words: str) -> Callable[[View, Memory], bool]:
    """The mode says so, or the socket's state: which of them depends on the build."""
    return lambda view, _: view.mode in words or view.state in words


CONDITIONS: tuple[tuple[Condition, Callable[[View, Memory], bool]], ...] = (
    (Condition.TERMS, _says("TOS_BLOCK", "SMB_TOS_BLOCK")),
    (Condition.PROXY, _says("PROXYBLOCK")),
    (Condition.CONFLICT, _says("CONFLICT")),
    (Condition.OUTDATED, lambda view, _: view.needs_update or "DEPRECATED_VERSION" in (view.mode, view.state)),
    (Condition.LOCKED, _says("SCREEN_LOCKED")),
    (Condition.CODE, lambda view, _: view.code is not None and not view.authenticated),
    (Condition.IDLE, lambda view, _: view.state == "UNPAIRED_IDLE" and not view.authenticated),
    (
        Condition.READY,
        lambda view, _: (
            (view.mode, view.info, view.state) == ("MAIN", "NORMAL", "CONNECTED")
            and view.authenticated
            and view.full_ready
            and view.online
        ),
    ),
    (
        Condition.PAIRING,
        lambda view, was: was.shown and not was.ready and (view.authenticated or view.info == "PAIRING"),
    ),
    (
        Condition.OFFLINE,
        lambda view, _: view.authenticated and (not view.online or "OFFLINE" in (view.mode, view.info)),
    ),
    (Condition.CATCHING_UP, lambda view, was: was.ready and view.state == "CONNECTED"),
    (Condition.UNREACHABLE, lambda view, was: was.ready and view.authenticated),
)
"""What a view means. The first row that holds counts; none: the page is starting."""

LOST: dict[Condition, LinkLost] = {
    Condition.OFFLINE: LinkLost(Reason.NETWORK_LOST, "The page has no network"),
    Condition.UNREACHABLE: LinkLost(Reason.NETWORK_LOST, "The page cannot reach WhatsApp"),
}
ENDS: dict[Condition, PageFact] = {
    Condition.TERMS: Blocked(Reason.TERMS_OF_SERVICE, "WhatsApp wants its terms of service accepted on the phone"),
    Condition.PROXY: Blocked(Reason.PROXY_BLOCKED, "WhatsApp refuses the network this host connects from"),
    Condition.LOCKED: Blocked(Reason.SCREEN_LOCKED, "WhatsApp Web's screen lock is on and wants its passcode"),
    Condition.CONFLICT: Conflict("WhatsApp Web was opened elsewhere with this login"),
    Condition.OUTDATED: PageFailed(Reason.VERSION_OUTDATED, "WhatsApp wants a newer version of WhatsApp Web"),
}

REMOVED = LoggedOut(
    Reason.LOGGED_OUT_BY_PHONE,
    "The device was removed on the phone, or WhatsApp has closed the account: the page shows both alike",
)
_BY_US = LoggedOut(Reason.LOGGED_OUT_BY_API, "Logged out on request")
_LOCKED = LoggedOut(Reason.ACCOUNT_LOCKED, "WhatsApp has locked the account")
_OUTDATED = LoggedOut(Reason.VERSION_OUTDATED, "WhatsApp no longer accepts this version of WhatsApp Web")

LOGOUTS: dict[str, LoggedOut] = {
    "user_initiated": _BY_US,
    "account_locked": _LOCKED,
    "client_version_outdated": _OUTDATED,
    # The phone, or its owner, has ended the link: nothing is wrong with the storage here.
    "unknown_companion": REMOVED,
    "md_opt_out": REMOVED,
    "invalid_adv_status": REMOVED,
    "primary_identity_key_change": REMOVED,
}
"""Reasons that are no failure of storage or synchronisation; all others are."""
LOGOUT_CODES: dict[str, LoggedOut] = {"3": _LOCKED}
"""The same by the number in the address after the logout; 0, 1 and 2 are failures."""


def logged_out(reason: str | None) -> LoggedOut:
    """What a logout for this reason is; none is given where the phone removed the device, or the account is closed."""
    if reason is None:
        return REMOVED
    return LOGOUTS.get(reason) or LoggedOut(Reason.STORAGE_FAILED, f"WhatsApp Web gave its login up: {reason}")


def logged_out_by_address(search: str) -> LoggedOut | None:
    """What the address of the page says of a logout before it; None where it says nothing of one."""
    query = parse_qs(search.removeprefix("?"))
    if "post_logout" not in query:
        return None
    code = query.get("logout_reason", [None])[0]
    if code is None:
        return REMOVED
    return LOGOUT_CODES.get(code) or LoggedOut(
        Reason.STORAGE_FAILED, f"WhatsApp Web gave its login up (code {code[:8]})"
    )


def condition(view: View, memory: Memory) -> Condition:
    """What the connection is in."""
    return next((found for found, holds in CONDITIONS if holds(view, memory)), Condition.STARTING)


@dataclass(slots=True)
class _Document:
    """What was heard and told of the page's present document."""

    view: View = field(default_factory=View)
    shown: str | None = None
    codes: int = 0
    idle: bool = False
    scanned: bool = False
    ready: bool = False
    was_ready: bool = False
    lost: LinkLost | None = None
    ended: PageFact | None = None
    reason: str | None = None


class Interpreter:
    """One page's events in, facts out. One thread. `hear` never raises on anything JSON can say.

    `now` is epoch seconds.
    """

    def __init__(self, now: Callable[[], Seconds]) -> None:
        self._now = now
        self._doc = _Document()
        self._out = self._out_by_address = False
        self.began_at: Seconds = 0.0
        """What is in the page's memory from before this instant was there before the account was linked here."""

    @property
    def ready(self) -> bool:
        """Whether Ready is the last that was said of the link."""
        return self._doc.ready

    @property
    def may_be_replaced(self) -> bool:
        """Current pages that were opened elsewhere show nothing but this: all is well, and the stream is gone."""
        view = self._doc.view
        return self._doc.ready and view.stream == "DISCONNECTED" and view.state == "CONNECTED" and view.online

    def replaced(self) -> list[PageFact]:
        """`may_be_replaced` has lasted too long."""
        return [
            self._end(Conflict("WhatsApp Web was opened elsewhere: its stream is gone though the network is there"))
        ]

    def hear(self, event: Event) -> list[PageFact]:
        """The facts in one event of the page."""
        kind = event.get("e")
        if not isinstance(kind, str):
            return []
        if kind in HAPPENINGS:
            return [happened(event)]
        handler = _HANDLERS.get(kind)
        return [] if handler is None else handler(self, event)

    # --- views -------------------------------------------------------------------------------------------------------

    def _see(self, event: Event) -> list[PageFact]:
        self._doc.view = view = view_of(event)
        now = condition(view, Memory(self._doc.codes > 0, self._doc.was_ready))
        if now in ENDS:
            return [self._end(ENDS[now])] if self._doc.ended != ENDS[now] else []
        self._doc.ended = None
        if now in LOST:
            return self._lose(LOST[now])
        return _VIEWS.get(now, Interpreter._nothing)(self, view)

    def _nothing(self, _: View) -> list[PageFact]:
        return []

    def _code(self, view: View) -> list[PageFact]:
        if view.code is None or view.code == self._doc.shown:
            return []
        self.began_at = self._now()
        self._doc.shown, self._doc.scanned, self._out, self._doc.idle = view.code, False, False, False
        self._doc.codes += 1
        return [QrShown(view.code, FIRST_CODE if self._doc.codes == 1 else NEXT_CODE)]

    def _idle_now(self, _: View) -> list[PageFact]:
        if self._doc.idle:
            return []
        self._doc.idle, self._doc.shown, self._doc.codes = True, None, 0
        return [QrIdle()]

    def _pairing(self, _: View) -> list[PageFact]:
        if self._doc.scanned:
            return []
        self._doc.scanned, self._doc.shown = True, None
        return [QrScanned()]

    def _catching_up(self, _: View) -> list[PageFact]:
        if self._doc.lost is None:
            return []
        self._doc.lost = None
        return [LinkResumed()]

    def _ready_now(self, view: View) -> list[PageFact]:
        if self._doc.ready:
            return []
        facts: list[PageFact] = [*self._catching_up(view), Ready(view.phone, view.lid)]
        self._doc.ready = self._doc.was_ready = True
        self._doc.shown = None
        return facts

    def _lose(self, fact: LinkLost) -> list[PageFact]:
        """A restriction explains the silence that follows it: it is not told over by a mere loss."""
        known = self._doc.lost
        if known == fact or (known is not None and fact.reason is Reason.NETWORK_LOST):
            return []
        self._doc.lost, self._doc.ready = fact, False
        return [fact]

    def _end(self, fact: PageFact) -> PageFact:
        self._doc.ended, self._doc.ready = fact, False
        return fact

    # --- events ------------------------------------------------------------------------------------------------------

    def _loaded(self, event: Event) -> list[PageFact]:
        """A new document: what was told of the old one counts no more. Its address may tell of a logout.

        The address keeps telling it while an unpaired page is loaded again and again: that is no further logout.
        """
        linked, known = self._doc.view.authenticated, self._out_by_address
        self._doc = _Document()
        fact = logged_out_by_address(_text(event.get("search")) or "")
        self._out_by_address = fact is not None
        if fact is None or self._out or (known and not linked):
            return []
        self._out = True
        return [fact]

    def _logout_reason(self, event: Event) -> list[PageFact]:
        self._doc.reason = _text(event.get("reason"))
        return []

    def _storage_failed(self, event: Event) -> list[PageFact]:
        self._doc.reason = self._doc.reason or "storage_initialization_error"
        return []

    def _logout(self, _: Event) -> list[PageFact]:
        if self._out:
            return []
        self._out, self._doc.ready = True, False
        return [logged_out(self._doc.reason)]

    def _temporary_ban(self, event: Event) -> list[PageFact]:
        if event.get("banned") is not True:  # told at each login that succeeds
            return []
        until = _number(event.get("until"))
        if until is not None and until < _EPOCH:
            until += self._now()
        words = _text(event.get("text"))
        text = "WhatsApp has banned the account for a while" + (f": {words}" if words else "")
        return self._lose(LinkLost(Reason.TEMPORARILY_BANNED, text, until))

    def _unavailable(self, _: Event) -> list[PageFact]:
        return self._lose(LinkLost(Reason.SERVICE_UNAVAILABLE, "WhatsApp says that its service is unavailable"))


_VIEWS: dict[Condition, Callable[[Interpreter, View], list[PageFact]]] = {
    Condition.CODE: Interpreter._code,
    Condition.IDLE: Interpreter._idle_now,
    Condition.PAIRING: Interpreter._pairing,
    Condition.CATCHING_UP: Interpreter._catching_up,
    Condition.READY: Interpreter._ready_now,
}
_HANDLERS: dict[str, Callable[[Interpreter, Event], list[PageFact]]] = {
    "view": Interpreter._see,
    "loaded": Interpreter._loaded,
    "logout_reason": Interpreter._logout_reason,
    "logout": Interpreter._logout,
    "storage_initialization_error": Interpreter._storage_failed,
    "temporary_ban": Interpreter._temporary_ban,
    "unavailable": Interpreter._unavailable,
}


# --- what happens to the account -------------------------------------------------------------------------------------

_OF_EVERY = ("id", "chat", "lid", "phone", "t")
_OF_A_MESSAGE = (*_OF_EVERY, "bare_id", "from_me", "author")

HAPPENINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "message": ("message", (*_OF_A_MESSAGE, "type", "body", "caption", "ack")),
    "ack": ("message.ack", (*_OF_A_MESSAGE, "ack")),
    "edited": ("message.edited", (*_OF_A_MESSAGE, "type", "body", "caption")),
    "revoked": ("message.revoked", _OF_A_MESSAGE),
    "reaction": ("message.reaction", (*_OF_A_MESSAGE, "reaction")),
    "call": ("call", (*_OF_EVERY, "group", "video")),
}
"""Event of the page script -> kind of Happened, and the fields of its payload."""


def happened(event: Event, *, live: bool = True) -> Happened:
    """The fact in one event of a message or a call. `live` is False for what was found in the page after a start."""
    kind, fields = HAPPENINGS[event["e"]]
    return Happened(kind, {name: _plain(event.get(name)) for name in fields} | {"live": live})


def identity(fact: Happened) -> tuple[object, ...]:
    """What two tellings of the same happening have in common."""
    payload = fact.payload
    name = payload.get("bare_id") or payload.get("id")
    match fact.kind:
        case "message.ack":
            in_group = str(payload.get("chat")).endswith("@g.us")  # where each reader acknowledges by himself
            return fact.kind, name, payload.get("ack"), payload.get("author") if in_group else None
        case "message.edited":
            return fact.kind, name, payload.get("t"), payload.get("body")
        case "message.reaction":
            return fact.kind, name, payload.get("t"), payload.get("author"), payload.get("reaction")
        case kind:
            return kind, name


# --- answers ---------------------------------------------------------------------------------------------------------


def pairing_code(answer: Event) -> PairingCodeShown | PairingCodeRefused:
    """What the page answered to `requestPairingCode`."""
    code, error = _text(answer.get("code")), answer.get("error")
    if code is not None:
        return PairingCodeShown(code.replace("-", ""))
    words = _text(error.get("message")) if isinstance(error, Mapping) else None
    return PairingCodeRefused(words or "WhatsApp Web gave no code")


UNSURE = frozenset({"ERROR_NETWORK", "ERROR_CANCELLED", "ERROR_EXPIRED"})
"""Results of a send after which the message may still have left, or may still leave."""


def settled(order: str, answer: Event) -> Sent | SendRefused | SendUnsettled:
    """What became of a message, by the page's answer to `send`.

    WhatsApp Web resolves a message that its server refused: only an ack and the result OK say that it has it.
    """
    ack, result = _number(answer.get("ack")), _text(answer.get("result"))
    error = answer.get("error")
    words = _text(error.get("message")) if isinstance(error, Mapping) else None
    message_id, chat = _text(answer.get("id")), _text(answer.get("chat"))
    if words is not None:
        # Refused before it was filed: it never left. Once it is filed, only its ack tells.
        if message_id is None or (ack is not None and ack < 0):
            return SendRefused(order, words)
        return SendUnsettled(order, words)
    if message_id and chat and ack is not None and ack >= 1 and result == "OK":
        return Sent(order, message_id, chat)
    if result in UNSURE or (ack is not None and ack >= 1) or result == "OK":
        return SendUnsettled(
            order, f"WhatsApp Web answered {result} with ack {ack:g}" if ack is not None else f"{result}"
        )
    return SendRefused(order, f"WhatsApp refused the message ({result or 'no reason given'})")


# --- addresses -------------------------------------------------------------------------------------------------------


def home_of(url: str) -> str:
    """Origin and path: what a page's address must keep to be still the page we opened."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}"


def left(url: str, unreachable: bool, home: str) -> PageFailed | None:
    """The failure in the main frame's new address, if it is one."""
    if unreachable or url.startswith("chrome-error:"):
        return PageFailed(Reason.PAGE_UNREACHABLE, "WhatsApp Web could not be loaded again")
    if home_of(url) != home:
        return PageFailed(Reason.PAGE_LEFT, f"The page has gone to {home_of(url)[:200]}")
    return None


# --- shapes ----------------------------------------------------------------------------------------------------------


def view_of(event: Event) -> View:
    """The view in an event, whatever its shape."""
    return View(
        mode=_text(event.get("mode")),
        info=_text(event.get("info")),
        state=_text(event.get("state")),
        stream=_text(event.get("stream")),
        online=event.get("online") is not False,
        needs_update=event.get("needs_update") is True,
        authenticated=event.get("authenticated") is True,
        full_ready=event.get("full_ready") is True,
        code=_text(event.get("code"), MAX_TEXT),
        phone=_text(event.get("phone")),
        lid=_text(event.get("lid")),
    )


def _text(value: object, length: int = MAX_NAME) -> str | None:
    return value[:length] if isinstance(value, str) and value else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _plain(value: object) -> object:
    if isinstance(value, str):
        return value[:MAX_TEXT]
    return value if isinstance(value, bool | int | float) else None
