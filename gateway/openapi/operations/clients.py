"""A client's life, and its pairing."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.openapi.operation import (
    CLIENT,
    PNG,
    Operation,
)
from gateway.schemas.clients import ClientDetail, ClientEntry, ClientsQuery
from gateway.schemas.history import HistoryAnswer, HistoryQuery
from gateway.schemas.orders import DeletedAnswer, InitStarted, InitUnneeded, LoggedOutAnswer, StoppedAnswer
from gateway.schemas.pairing import PairingAnswer, PairingRequest, QrAnswer, QrCodeAnswer, QrCodeRefused, QrUnavailable
from gateway.schemas.status import AbsentAnswer, StatusAnswer

CLIENTS = "Clients"
PAIRING = "Pairing"
_NOT_READY = {409: ("SESSION_NOT_READY",)}
_NO_CLIENT = {404: ("CLIENT_NOT_FOUND",)}

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("POST", "/init"): Operation(
        CLIENTS,
        "Start a client, unless it runs",
        {200: InitStarted | InitUnneeded},
        {409: ("INITIALIZATION_IN_PROGRESS",), 500: ("INITIALIZATION_FAILED",), 503: ("CAPACITY_EXCEEDED",)},
        client=True,
        text="The only call that starts anything. Waits SM_INIT_WAIT at most for a first state.",
    ),
    ("GET", "/status"): Operation(
        CLIENTS,
        "Everything known of a client",
        {200: AbsentAnswer | StatusAnswer},
        client=True,
        text="Never starts, wakes or waits for anything.",
    ),
    ("GET", "/clients"): Operation(
        CLIENTS,
        "Every client that runs, and its state",
        {200: list[ClientDetail] | list[ClientEntry]},
        query=ClientsQuery,
    ),
    ("GET", "/clients/{id}/history"): Operation(
        CLIENTS,
        "The changes of a client's state, with their causes",
        {200: HistoryAnswer},
        _NO_CLIENT,
        query=HistoryQuery,
        path={"id": CLIENT},
        text="Empty for a client that never had one.",
    ),
    ("GET", "/clients/{id}/screenshot"): Operation(
        CLIENTS,
        "A picture of what a client's page shows now",
        {200: PNG},
        _NO_CLIENT | _NOT_READY,
        path={"id": CLIENT},
    ),
    ("POST", "/stop"): Operation(
        CLIENTS,
        "Close a client, and keep its login",
        {200: StoppedAnswer},
        _NO_CLIENT,
        client=True,
        text="The next POST /init resumes it without a QR.",
    ),
    ("POST", "/logout"): Operation(
        CLIENTS,
        "Log a client out at WhatsApp",
        {200: LoggedOutAnswer},
        _NOT_READY | {500: ("LOGOUT_FAILED",)},
        client=True,
    ),
    ("DELETE", "/session/{clienteId}"): Operation(
        CLIENTS,
        "Log out, stop, delete the stored login, forget",
        {200: DeletedAnswer},
        _NO_CLIENT,
        path={"clienteId": CLIENT},
    ),
    ("GET", "/qr"): Operation(PAIRING, "The QR that is shown now", {200: QrAnswer, 409: QrUnavailable}, client=True),
    ("GET", "/qr-code"): Operation(
        PAIRING,
        "The QR, as soon as one is shown",
        {
            200: QrCodeAnswer,
            400: QrCodeRefused,
            404: QrCodeRefused,
            409: QrCodeRefused,
            500: QrCodeRefused,
            504: QrCodeRefused,
        },
        client=True,
        text="Waits SM_QR_WAIT at most.",
    ),
    ("POST", "/pairing-code"): Operation(
        PAIRING,
        "A code to type on the phone instead of scanning",
        {200: PairingAnswer},
        {409: ("PAIRING_UNAVAILABLE", "SESSION_NOT_READY")},
        client=True,
        body=PairingRequest,
    ),
}
