"""Which event of the table something is, where its type alone does not tell. Pure: no I/O, no clock, no Pykka.

`lifecycle` decides by state and event; what else counts (who waits, what is stored, what was remembered) is said here,
by the choice of the event.
"""

from __future__ import annotations

import math
from dataclasses import replace

from actors.clients.events import AttemptDue, Lost, StartFailed, StartFresh, StartStored
from actors.clients.pairing import Pairing
from actors.clients.protocol import Banned, LinkLost, LoggedOut
from actors.clients.types import Reason, Seconds, State

LONGEST_RESTRICTION: Seconds = 366 * 24 * 3600.0
"""A page cannot make a client wait longer than this."""


def of_start(*, stored: bool) -> StartStored | StartFresh:
    """A start resumes what is stored."""
    return StartStored() if stored else StartFresh()


def of_attempt(*, stored: bool) -> AttemptDue | StartFresh:
    """An attempt resumes too; or starts afresh, where the page was lost before there was a login."""
    return AttemptDue() if stored else StartFresh()


def of_loss(reason: Reason, text: str, *, caller_waits: bool) -> Lost | StartFailed:
    """A lost page may be opened again; a caller who waits for the start hears why it failed instead."""
    return StartFailed(reason, text) if caller_waits else Lost(reason, text)


def of_link_lost(fact: LinkLost, state: State, *, restricted: bool) -> LinkLost | StartFailed | None:
    """A restriction with a known end says more than a silence, which does not hide it: None. Nothing is restricted
    while codes are shown; and a restricted number cannot finish its pairing.
    """
    if fact.until is None:
        return None if restricted and state is State.DISCONNECTED_RECOVERABLE else fact
    if state is State.QR_REQUIRED:
        return None
    return StartFailed(fact.reason, fact.text) if state is State.INITIALIZING else fact


def believable(until: Seconds | None, now: Seconds) -> Seconds | None:
    """The end of a restriction, as far as a page is believed; epoch seconds."""
    return None if until is None or not math.isfinite(until) else min(until, now + LONGEST_RESTRICTION)


def is_from_outside(fact: LoggedOut, *, asked: bool) -> bool:
    """Whether somebody else than us ended the login. A logout looks the same whoever caused it."""
    return fact.reason is Reason.LOGGED_OUT_BY_PHONE and not asked


def of_logout(fact: LoggedOut, *, asked: bool, pairing: Pairing) -> LoggedOut | Banned:
    """One that was asked for is ours; a locked account is a ban; early ones in a row look like one.

    `pairing` is what is remembered, this logout included.
    """
    if fact.reason is Reason.ACCOUNT_LOCKED:
        return Banned(fact.reason, fact.text)
    if is_from_outside(fact, asked=asked):
        return Banned(Reason.BANNED, pairing.banned_text) if pairing.looks_banned else fact
    if fact.reason is Reason.LOGGED_OUT_BY_PHONE:
        return replace(fact, reason=Reason.LOGGED_OUT_BY_API, text="Logged out on request")
    return fact
