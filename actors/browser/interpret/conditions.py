"""What a view of the page means: the state of the connection, by a table whose first row that holds counts. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from actors.browser.interpret.shapes import MAX_TEXT, Event, number, text
from actors.clients.protocol import Blocked, Conflict, LinkLost, PageFact, PageFailed
from actors.clients.types import Reason


class Condition(Enum):
    """What the connection of a page is in."""

    STARTING = auto()
    IDLE = auto()
    CODE = auto()
    VOID = auto()
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
    hard_refresh: bool = False
    authenticated: bool = False
    full_ready: bool = False
    code: str | None = None
    lifetime: float | None = None
    """Seconds for which the code was good when it was read."""
    phone: str | None = None
    lid: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What went before, as far as it changes what a view means."""

    shown: bool = False
    """A code was shown in this document."""
    ready: bool = False
    """The page was ready in this document."""
    accepted: bool = False
    """The server has accepted the login since the connection was last lost."""
    update: bool = False
    """The page asks for an update and goes on working, or is about to load itself anew for one."""


def _says(*words: str) -> Callable[[View, Memory], bool]:
    """The mode says so, or the socket's state: which of them depends on the build."""
    return lambda view, _: view.mode in words or view.state in words


def at_work(view: View) -> bool:
    """Whether a page looks as if messages passed. It looks so too before the server has accepted the login."""
    return (
        (view.mode, view.info, view.state) == ("MAIN", "NORMAL", "CONNECTED")
        and view.stream != "DISCONNECTED"
        and view.authenticated
        and view.online
    )


CONDITIONS: tuple[tuple[Condition, Callable[[View, Memory], bool]], ...] = (
    (Condition.TERMS, _says("TOS_BLOCK", "SMB_TOS_BLOCK")),
    (Condition.PROXY, _says("PROXYBLOCK")),
    (Condition.CONFLICT, _says("CONFLICT")),
    (
        Condition.OUTDATED,
        lambda view, was: (view.needs_update and not was.update) or "DEPRECATED_VERSION" in (view.mode, view.state),
    ),
    (Condition.LOCKED, _says("SCREEN_LOCKED")),
    # Before the code: a page may keep its last reference when it idles, as it does after it was paired.
    (Condition.IDLE, lambda view, _: view.state == "UNPAIRED_IDLE" and not view.authenticated),
    (Condition.CODE, lambda view, _: view.code is not None and not view.authenticated),
    (Condition.VOID, lambda view, was: was.shown and view.state == "UNPAIRED" and not view.authenticated),
    (Condition.READY, lambda view, was: at_work(view) and view.full_ready and was.accepted),
    (
        Condition.PAIRING,
        lambda view, was: was.shown and not was.ready and (view.authenticated or view.info == "PAIRING"),
    ),
    (
        Condition.OFFLINE,
        lambda view, _: view.authenticated and (not view.online or "OFFLINE" in (view.mode, view.info)),
    ),
    (Condition.CATCHING_UP, lambda view, was: was.ready and was.accepted and view.state == "CONNECTED"),
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


def condition(view: View, memory: Memory) -> Condition:
    """What the connection is in."""
    return next((found for found, holds in CONDITIONS if holds(view, memory)), Condition.STARTING)


def view_of(event: Event) -> View:
    """The view in an event, whatever its shape."""
    return View(
        mode=text(event.get("mode")),
        info=text(event.get("info")),
        state=text(event.get("state")),
        stream=text(event.get("stream")),
        online=event.get("online") is not False,
        needs_update=event.get("needs_update") is True,
        hard_refresh=event.get("hard_refresh") is True,
        authenticated=event.get("authenticated") is True,
        full_ready=event.get("full_ready") is True,
        code=text(event.get("code"), MAX_TEXT),
        lifetime=number(event.get("lifetime")),
        phone=text(event.get("phone")),
        lid=text(event.get("lid")),
    )
