"""The tables of a client's life, enumerated."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from actors.clients import lifecycle, protocol
from actors.clients.lifecycle import EVENTS, IGNORED, ON_ENTRY, ON_EVENT, TRANSITIONS, Action, step
from actors.clients.policy import OVERDUE, Patience
from actors.clients.types import ABSENT, RECOVERABLE, STARTING, TERMINAL, Reason, State

PAIRS = list(itertools.product(State, EVENTS))

SAMPLES: dict[type, Any] = {
    protocol.QrShown: protocol.QrShown("code", 20.0),
    protocol.LinkLost: protocol.LinkLost(Reason.NETWORK_LOST, "gone"),
    protocol.LoggedOut: protocol.LoggedOut(Reason.LOGGED_OUT_BY_PHONE, "bye"),
    protocol.Banned: protocol.Banned(Reason.BANNED, "banned"),
    protocol.Conflict: protocol.Conflict("elsewhere"),
    protocol.PairingHindered: protocol.PairingHindered(Reason.PASSKEY_REQUIRED, "a passkey"),
    protocol.Blocked: protocol.Blocked(Reason.TERMS_OF_SERVICE, "terms"),
    lifecycle.Lost: lifecycle.Lost(Reason.BROWSER_CRASHED, "crash"),
    lifecycle.StartGivenUp: lifecycle.StartGivenUp(Reason.PAGE_UNREACHABLE, "no page"),
    lifecycle.PatienceOver: lifecycle.PatienceOver(Reason.START_TIMEOUT, "late"),
    lifecycle.Exhausted: lifecycle.Exhausted(Reason.ATTEMPTS_EXHAUSTED, "enough"),
}


def sample(kind: type) -> Any:
    return SAMPLES[kind] if kind in SAMPLES else kind()


def ident(value: Any) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(("state", "kind"), PAIRS, ids=ident)
def test_every_pair_is_decided_exactly_once(state: State, kind: type) -> None:
    assert (kind in TRANSITIONS[state]) != (kind in IGNORED[state])


@pytest.mark.parametrize(("state", "kind"), PAIRS, ids=ident)
def test_a_step_leads_where_the_tables_say(state: State, kind: type) -> None:
    decision = step(state, sample(kind))
    assert decision.state is TRANSITIONS[state].get(kind, state)
    assert decision.moved == (kind in TRANSITIONS[state])
    if not decision.moved:
        assert decision.actions == ()


def test_a_pair_that_no_table_decides_is_an_error() -> None:
    class Unheard:
        """An event of no table."""

    with pytest.raises(KeyError):
        step(State.READY, Unheard())  # type: ignore[arg-type]  # that is the point


def test_no_state_but_ready_and_the_ends_waits_for_ever() -> None:
    patience = Patience()
    waiting = {state for state in State if patience.of(state) is not None}
    assert waiting == set(State) - TERMINAL - {State.READY, State.NOT_INITIALIZED}
    assert set(OVERDUE) == waiting


@pytest.mark.parametrize("state", sorted(OVERDUE))
def test_the_end_of_patience_leads_out_or_to_another_attempt(state: State) -> None:
    decision = step(state, lifecycle.PatienceOver(*OVERDUE[state]))
    assert decision.state is not state or Action.WANT_RECONNECT in decision.actions


@pytest.mark.parametrize("state", sorted(State))
def test_every_state_can_be_left_towards_ready(state: State) -> None:
    seen, frontier = {state}, {state}
    while frontier:
        frontier = {target for s in frontier for target in TRANSITIONS[s].values()} - seen
        seen |= frontier
    assert State.READY in seen


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_an_end_closes_the_page_and_only_a_start_leads_out(state: State) -> None:
    assert Action.CLOSE_PAGE in ON_ENTRY[state]
    assert set(TRANSITIONS[state]) == {lifecycle.StartFresh, lifecycle.StartStored, lifecycle.Closed}


def test_the_login_is_dropped_by_logout_ban_and_a_code_nobody_scanned_only() -> None:
    dropping = {pair for pair, actions in ON_EVENT.items() if Action.DROP_LOGIN in actions}
    assert dropping == {
        (protocol.LoggedOut, State.DISCONNECTED_LOGOUT),
        (protocol.QrShown, State.DISCONNECTED_LOGOUT),
        (protocol.Banned, State.DISCONNECTED_BANNED),
        (lifecycle.PatienceOver, State.AUTH_FAILURE),
    }


def test_a_page_is_opened_by_starts_and_granted_attempts_only() -> None:
    opening = {kind for (kind, _), actions in ON_EVENT.items() if Action.OPEN_PAGE in actions}
    assert opening == {lifecycle.StartFresh, lifecycle.StartStored, lifecycle.AttemptDue}


def test_the_groups_of_states_agree_with_the_tables() -> None:
    assert {s for s in State if lifecycle.StartStored in TRANSITIONS[s]} == ABSENT
    assert STARTING < RECOVERABLE
    assert RECOVERABLE.isdisjoint(TERMINAL)
