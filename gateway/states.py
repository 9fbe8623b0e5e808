"""What callers are told about each state: the contract's table of states as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from actors.clients.protocol import Status
from actors.clients.types import RECOVERABLE, State

NEEDS_QR = frozenset({State.QR_REQUIRED, State.AUTH_FAILURE, State.DISCONNECTED_LOGOUT})
IS_RECOVERABLE = RECOVERABLE

RECOMMENDED_ACTION: Mapping[State, str] = MappingProxyType(
    {
        State.NOT_INITIALIZED: "Call POST /init to start the session",
        State.INITIALIZING: "Initializing for first time - wait",
        State.RECONNECTING: "Recovering existing session - wait",
        State.QR_REQUIRED: "Scan QR code to authenticate",
        State.READY: "Session operational - can send messages",
        State.AUTH_FAILURE: "Restart service and scan new QR",
        State.DISCONNECTED_RECOVERABLE: "Auto-reconnecting - wait",
        State.DISCONNECTED_LOGOUT: "User logged out - restart and scan QR",
        State.DISCONNECTED_BANNED: "Number banned - contact WhatsApp support",
        State.ERROR: "Technical error - check logs",
    }
)


def count(statuses: Iterable[Status]) -> dict[State, int]:
    """How many clients are in each state; states without clients are left out; in the order of State."""
    found = [status.state for status in statuses]
    return {state: found.count(state) for state in State if state in found}


def overall(counts: Mapping[State, int]) -> State:
    """One state for the whole service: READY if any client is, else the state most are in, else NOT_INITIALIZED."""
    if State.READY in counts:
        return State.READY
    return max(counts, key=counts.__getitem__, default=State.NOT_INITIALIZED)
