"""The states of a client as the five statuses of WAHA, a closed set that SDKs check."""

from __future__ import annotations

from typing import Final

from actors.clients.types import TERMINAL, State

STOPPED: Final = "STOPPED"
STARTING: Final = "STARTING"
SCAN_QR_CODE: Final = "SCAN_QR_CODE"
WORKING: Final = "WORKING"
FAILED: Final = "FAILED"

STATUSES: dict[State, str] = {
    State.NOT_INITIALIZED: STOPPED,
    State.INITIALIZING: STARTING,
    State.RECONNECTING: STARTING,
    State.DISCONNECTED_RECOVERABLE: STARTING,
    State.QR_REQUIRED: SCAN_QR_CODE,
    State.READY: WORKING,
    **dict.fromkeys((state for state in State if state in TERMINAL), FAILED),
}
"""The status of a client that runs. One that does not is FAILED after a terminal end that nobody asked for."""
