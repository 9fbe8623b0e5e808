"""Which event of the table something is."""

from __future__ import annotations

import pytest

from actors.clients import lifecycle
from actors.clients.bans import BanEvidence
from actors.clients.lifecycle import AttemptDue, Event, Lost, StartFresh, StartGivenUp, StartStored
from actors.clients.protocol import Banned, LinkLost, LoggedOut
from actors.clients.types import Reason, State

SILENCE = LinkLost(Reason.NETWORK_LOST, "gone")
RESTRICTION = LinkLost(Reason.TEMPORARILY_BANNED, "a while", 100.0)
REMOVED = LoggedOut(Reason.LOGGED_OUT_BY_PHONE, "removed")
AWAY = State.DISCONNECTED_RECOVERABLE


def test_what_is_stored_is_resumed() -> None:
    assert lifecycle.of_start(stored=True) == StartStored()
    assert lifecycle.of_start(stored=False) == StartFresh()
    assert lifecycle.of_attempt(stored=True) == AttemptDue()
    assert lifecycle.of_attempt(stored=False) == StartFresh()


def test_a_loss_is_told_to_a_caller_who_waits_and_mended_otherwise() -> None:
    assert lifecycle.of_loss(Reason.PAGE_LEFT, "left", caller_waits=True) == StartGivenUp(Reason.PAGE_LEFT, "left")
    assert lifecycle.of_loss(Reason.PAGE_LEFT, "left", caller_waits=False) == Lost(Reason.PAGE_LEFT, "left")


@pytest.mark.parametrize(
    ("until", "believed"),
    [(None, None), (150.0, 150.0), (float("inf"), None), (float("nan"), None), (1e13, 31622500.0)],
)
def test_a_page_cannot_make_a_client_wait_for_ever(until: float | None, believed: float | None) -> None:
    assert lifecycle.believable(until, 100.0) == believed


@pytest.mark.parametrize(
    ("fact", "state", "restricted", "event"),
    [
        (SILENCE, State.READY, False, SILENCE),
        (SILENCE, AWAY, False, SILENCE),
        (SILENCE, AWAY, True, None),
        (SILENCE, State.READY, True, SILENCE),
        (RESTRICTION, State.READY, False, RESTRICTION),
        (RESTRICTION, AWAY, True, RESTRICTION),
        (RESTRICTION, State.QR_REQUIRED, False, None),
        (RESTRICTION, State.INITIALIZING, False, StartGivenUp(Reason.TEMPORARILY_BANNED, "a while")),
    ],
)
def test_a_lost_link(fact: LinkLost, state: State, restricted: bool, event: Event | None) -> None:
    assert lifecycle.of_link_lost(fact, state, restricted=restricted) == event


@pytest.mark.parametrize(
    ("fact", "asked", "early", "event"),
    [
        (REMOVED, False, 0, REMOVED),
        (REMOVED, False, 1, REMOVED),
        (REMOVED, False, 2, Banned(Reason.BANNED, BanEvidence(None, 2).banned_text)),
        (REMOVED, True, 2, LoggedOut(Reason.LOGGED_OUT_BY_API, "Logged out on request")),
        (
            LoggedOut(Reason.ACCOUNT_LOCKED, "locked"),
            True,
            0,
            Banned(Reason.ACCOUNT_LOCKED, "locked"),
        ),
        (LoggedOut(Reason.STORAGE_FAILED, "x"), True, 2, LoggedOut(Reason.STORAGE_FAILED, "x")),
    ],
)
def test_a_logout(fact: LoggedOut, asked: bool, early: int, event: Event) -> None:
    assert lifecycle.of_logout(fact, asked=asked, pairing=BanEvidence(None, early)) == event
