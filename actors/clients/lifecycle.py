"""The life of one client as tables. Pure: no I/O, no clock, no Pykka.

Two rules:

1. Every (state, event) pair is decided: it moves (`TRANSITIONS`) or means nothing there (`IGNORED`). A pair in neither
   is a bug of ours, and `step` raises KeyError. A test walks all of them.
2. The actions follow from the event and the new state (`ON_EVENT`), and from entering a state (`ON_ENTRY`); never from
   earlier events. The state is the history.

The shell (`client.py`) knows more than the table: the origin of a start, the page of a fact. It expresses that by
choosing the event (the functions at the end). A lost page is `Lost` if the supervisor may grant another attempt, and
`StartGivenUp` if a caller waits for the outcome of his own start. A wait that lasted too long is `PatienceOver`; in the
states of a start, the shell treats it as a lost page.

A page that is reloaded (`PageReloaded`, by any order) is starting: it has the whole patience of a start to return, and
is lost after that. While it shows codes it has the same time to show the next code.

A page that lost WhatsApp (`LinkLost`) heals by itself and keeps its browser: no attempt is spent on it until
`PatienceOver`. A page that is gone (`Lost`) needs an attempt, which only the supervisor grants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum, auto

from actors.clients.bans import BanEvidence
from actors.clients.protocol import (
    Banned,
    Blocked,
    Conflict,
    LinkLost,
    LinkResumed,
    LoggedOut,
    PageReloaded,
    PairingHindered,
    QrIdle,
    QrScanned,
    QrShown,
    Ready,
)
from actors.clients.types import TERMINAL, Reason, Seconds, State

# --- events of a client ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartFresh:
    """A start with nothing stored."""


@dataclass(frozen=True, slots=True)
class StartStored:
    """A start that resumes a stored login."""


@dataclass(frozen=True, slots=True)
class AttemptDue:
    """The delay before a granted reconnection is over."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The page is gone or unusable; another attempt may help."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class StartGivenUp:
    """The start that a caller waits for has failed, or nothing can make it succeed."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class PatienceOver:
    """The state's patience is over."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class UpdateBegun:
    """The page is to be reloaded for an update: planned, and not an attempt."""

    reason: Reason = Reason.PLANNED_UPDATE
    text: str = "The page is loaded anew for an update of WhatsApp Web"


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The supervisor grants no more attempts."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The client was ordered to end; the logout that is part of that has been tried."""


Event = (
    StartFresh
    | StartStored
    | AttemptDue
    | QrShown
    | QrIdle
    | QrScanned
    | PairingHindered
    | Ready
    | LinkLost
    | LinkResumed
    | LoggedOut
    | Banned
    | Conflict
    | Blocked
    | PageReloaded
    | UpdateBegun
    | Lost
    | StartGivenUp
    | PatienceOver
    | Exhausted
    | Closed
)
EVENTS: tuple[type, ...] = Event.__args__


# --- the tables ------------------------------------------------------------------------------------------------


class Action(Enum):
    """The actions of the shell, in the order of the tables."""

    OPEN_PAGE = auto()
    CLOSE_PAGE = auto()
    REFRESH_QR = auto()
    KEEP_LOGIN = auto()
    DROP_LOGIN = auto()
    WANT_RECONNECT = auto()


_ENDS: dict[type, State] = {
    LoggedOut: State.DISCONNECTED_LOGOUT,
    Conflict: State.DISCONNECTED_LOGOUT,
    Banned: State.DISCONNECTED_BANNED,
    Blocked: State.ERROR,
    StartGivenUp: State.ERROR,
    Closed: State.NOT_INITIALIZED,
}
"""The events that end a client in every state in which it has a page."""

_STARTS: dict[type, State] = {StartFresh: State.INITIALIZING, StartStored: State.RECONNECTING}
_REST = _STARTS | {Closed: State.NOT_INITIALIZED}
"""The events that lead out of an end: a start, or the cleanup."""

TRANSITIONS: dict[State, dict[type, State]] = {
    State.NOT_INITIALIZED: _STARTS,
    State.INITIALIZING: _ENDS
    | {
        QrShown: State.QR_REQUIRED,
        Ready: State.READY,
        PageReloaded: State.INITIALIZING,
        Lost: State.DISCONNECTED_RECOVERABLE,
        PatienceOver: State.ERROR,
    },
    State.RECONNECTING: _ENDS
    | {
        QrShown: State.QR_REQUIRED,
        Ready: State.READY,
        LinkLost: State.DISCONNECTED_RECOVERABLE,
        PageReloaded: State.RECONNECTING,
        UpdateBegun: State.RECONNECTING,
        Lost: State.DISCONNECTED_RECOVERABLE,
        PatienceOver: State.DISCONNECTED_RECOVERABLE,
    },
    State.QR_REQUIRED: _ENDS
    | {
        QrShown: State.QR_REQUIRED,
        QrIdle: State.QR_REQUIRED,
        QrScanned: State.INITIALIZING,
        PairingHindered: State.QR_REQUIRED,
        PageReloaded: State.QR_REQUIRED,
        Ready: State.READY,
        Lost: State.DISCONNECTED_RECOVERABLE,
        PatienceOver: State.AUTH_FAILURE,
    },
    State.READY: _ENDS
    | {
        QrShown: State.DISCONNECTED_LOGOUT,  # a code is shown only if no login is left
        Ready: State.READY,
        LinkLost: State.DISCONNECTED_RECOVERABLE,
        LinkResumed: State.RECONNECTING,
        PageReloaded: State.RECONNECTING,
        UpdateBegun: State.RECONNECTING,
        Lost: State.DISCONNECTED_RECOVERABLE,
    },
    State.DISCONNECTED_RECOVERABLE: _ENDS
    | {
        QrShown: State.DISCONNECTED_LOGOUT,
        AttemptDue: State.RECONNECTING,
        StartFresh: State.INITIALIZING,  # an attempt, if the page was lost before a login existed
        # the same silence, better explained: a restriction after a network loss
        LinkLost: State.DISCONNECTED_RECOVERABLE,
        LinkResumed: State.RECONNECTING,
        Ready: State.READY,
        PageReloaded: State.RECONNECTING,
        UpdateBegun: State.RECONNECTING,
        Lost: State.DISCONNECTED_RECOVERABLE,
        PatienceOver: State.DISCONNECTED_RECOVERABLE,
        Exhausted: State.ERROR,
    },
    State.AUTH_FAILURE: _REST,
    State.DISCONNECTED_LOGOUT: _REST,
    State.DISCONNECTED_BANNED: _REST,
    State.ERROR: _REST,
}

_OF_A_PAGE = frozenset(
    {QrShown, QrIdle, QrScanned, PairingHindered, Ready, LinkLost, LinkResumed, PageReloaded, *_ENDS, Lost}
) - {Closed}
_LATE = frozenset({AttemptDue, PatienceOver, Exhausted, UpdateBegun})
_NOTHING_OPEN = _OF_A_PAGE | _LATE
"""No page is open in these states; late facts of an old page, and late timers, mean nothing."""

IGNORED: dict[State, frozenset[type]] = {
    State.NOT_INITIALIZED: _NOTHING_OPEN | {Closed},
    # The link of a starting page comes and goes; the start's own patience covers it.
    State.INITIALIZING: frozenset(
        {
            StartFresh,
            StartStored,
            AttemptDue,
            Exhausted,
            QrIdle,
            QrScanned,
            PairingHindered,
            LinkLost,
            LinkResumed,
            UpdateBegun,
        }
    ),
    State.RECONNECTING: frozenset(
        {StartFresh, StartStored, AttemptDue, Exhausted, QrIdle, QrScanned, PairingHindered, LinkResumed}
    ),
    State.QR_REQUIRED: frozenset({StartFresh, StartStored, AttemptDue, Exhausted, LinkLost, LinkResumed, UpdateBegun}),
    State.READY: frozenset(
        {StartFresh, StartStored, AttemptDue, Exhausted, PatienceOver, QrIdle, QrScanned, PairingHindered}
    ),
    State.DISCONNECTED_RECOVERABLE: frozenset({StartStored, QrIdle, QrScanned, PairingHindered}),
    **dict.fromkeys(TERMINAL, _NOTHING_OPEN),
}

ON_EVENT: dict[tuple[type, State], tuple[Action, ...]] = {
    (StartFresh, State.INITIALIZING): (Action.OPEN_PAGE,),
    (StartStored, State.RECONNECTING): (Action.OPEN_PAGE,),
    (AttemptDue, State.RECONNECTING): (Action.OPEN_PAGE,),
    (QrIdle, State.QR_REQUIRED): (Action.REFRESH_QR,),
    (Lost, State.DISCONNECTED_RECOVERABLE): (Action.CLOSE_PAGE, Action.WANT_RECONNECT),
    (PatienceOver, State.DISCONNECTED_RECOVERABLE): (Action.CLOSE_PAGE, Action.WANT_RECONNECT),
    (LoggedOut, State.DISCONNECTED_LOGOUT): (Action.DROP_LOGIN,),
    (QrShown, State.DISCONNECTED_LOGOUT): (Action.DROP_LOGIN,),
    (Banned, State.DISCONNECTED_BANNED): (Action.DROP_LOGIN,),
    (PatienceOver, State.AUTH_FAILURE): (Action.DROP_LOGIN,),  # a profile that shows codes holds no login
}
ON_ENTRY: dict[State, tuple[Action, ...]] = {
    State.READY: (Action.KEEP_LOGIN,),
    **dict.fromkeys((*sorted(TERMINAL), State.NOT_INITIALIZED), (Action.CLOSE_PAGE,)),
}
"""A void login is dropped at once, not at the cleanup: a start before that finds nothing stored, and begins afresh; a
crash of the service cannot bring it back. The profile is deleted as soon as its page is gone. Conflict keeps it.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """The result of an event: the new state, and the actions to take. `moved` is False if the pair is ignored."""

    state: State
    actions: tuple[Action, ...] = ()
    moved: bool = True


def step(state: State, event: Event) -> Step:
    """Decide one (state, event) pair. Raises KeyError for a pair that no table decides."""
    kind = type(event)
    if kind in IGNORED[state]:
        return Step(state, moved=False)
    target = TRANSITIONS[state][kind]
    entered = ON_ENTRY.get(target, ()) if target is not state else ()
    return Step(target, ON_EVENT.get((kind, target), ()) + entered)


# --- the event of a fact, if its type alone does not decide ------------------------------------------------------

LONGEST_RESTRICTION: Seconds = 366 * 24 * 3600.0
"""The limit to a page's claim: it cannot make a client wait longer than this."""


def of_start(*, stored: bool) -> StartStored | StartFresh:
    """Return the event of a start, which resumes a stored login if there is any."""
    return StartStored() if stored else StartFresh()


def of_attempt(*, stored: bool) -> AttemptDue | StartFresh:
    """Return the event of an attempt: it resumes, or starts afresh if the page was lost before a login existed."""
    return AttemptDue() if stored else StartFresh()


def of_loss(reason: Reason, text: str, *, caller_waits: bool) -> Lost | StartGivenUp:
    """Return the event of a lost page: it may be opened again, but a caller who waits for the start gets the reason
    instead.
    """
    return StartGivenUp(reason, text) if caller_waits else Lost(reason, text)


def of_link_lost(fact: LinkLost, state: State, *, restricted: bool) -> LinkLost | StartGivenUp | None:
    """Return the event of a lost link.

    A restriction with a known end is not hidden by a later silence: None. Nothing is restricted while codes are shown;
    and a restricted number cannot finish its pairing.
    """
    if fact.until is None:
        return None if restricted and state is State.DISCONNECTED_RECOVERABLE else fact
    if state is State.QR_REQUIRED:
        return None
    return StartGivenUp(fact.reason, fact.text) if state is State.INITIALIZING else fact


def believable(until: Seconds | None, now: Seconds) -> Seconds | None:
    """Return the end of a restriction, limited to a believable time; epoch seconds."""
    return None if until is None or not math.isfinite(until) else min(until, now + LONGEST_RESTRICTION)


def is_from_outside(fact: LoggedOut, *, asked: bool) -> bool:
    """Return True if another party ended the login. A logout looks the same whoever caused it."""
    return fact.reason is Reason.LOGGED_OUT_BY_PHONE and not asked


def of_logout(fact: LoggedOut, *, asked: bool, pairing: BanEvidence) -> LoggedOut | Banned:
    """Return the event of a logout: a requested logout is ours; a locked account is a ban; early logouts in a row look
    like a ban.

    `pairing` is the evidence, this logout included.
    """
    if fact.reason is Reason.ACCOUNT_LOCKED:
        return Banned(fact.reason, fact.text)
    if is_from_outside(fact, asked=asked):
        return Banned(Reason.BANNED, pairing.banned_text) if pairing.looks_banned else fact
    if fact.reason is Reason.LOGGED_OUT_BY_PHONE:
        return replace(fact, reason=Reason.LOGGED_OUT_BY_API, text="Logged out on request")
    return fact
