"""Keys, and the service itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.openapi.operation import (
    HTML,
    KEY,
    TEXT,
    Operation,
)
from gateway.schemas.keys import KeyCreated, KeyEntry, KeyRequest, KeyRevoked
from gateway.schemas.service import HealthAnswer, HealthSummary, ReadyAnswer, RestoreAnswer, RestoreRequest

KEYS = "Keys"
SERVICE = "Service"

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/keys"): Operation(KEYS, "Every valid key", {200: list[KeyEntry]}),
    ("POST", "/keys"): Operation(
        KEYS,
        "Draw a key, and show it this once",
        {201: KeyCreated},
        {409: ("KEY_REFUSED",)},
        body=KeyRequest,
    ),
    ("DELETE", "/keys/{id}"): Operation(
        KEYS,
        "End a key, at once",
        {200: KeyRevoked},
        {404: ("KEY_NOT_FOUND",), 409: ("KEY_REFUSED",)},
        path={"id": KEY},
    ),
    ("GET", "/health"): Operation(
        SERVICE,
        "The whole service in one state",
        {200: HealthAnswer | HealthSummary},
        text="Strangers get the first three fields.",
    ),
    ("GET", "/ready"): Operation(
        SERVICE, "Whether work can be done here, and what is in the way", {200: ReadyAnswer, 503: ReadyAnswer}
    ),
    ("GET", "/metrics"): Operation(SERVICE, "Counters and measurements, for Prometheus", {200: TEXT}),
    ("POST", "/restore"): Operation(
        SERVICE,
        "Put a backup in the place of all that the store holds",
        {200: RestoreAnswer},
        {404: ("BACKUP_NOT_FOUND",), 409: ("RESTORE_UNDER_WAY", "RESTORE_REFUSED")},
        body=RestoreRequest,
        text="Clients are closed, never logged out, and resume. Answered once they do; meanwhile other calls get 503.",
    ),
    ("GET", "/openapi.json"): Operation(SERVICE, "This document", {200: dict[str, Any]}),
    ("GET", "/docs"): Operation(SERVICE, "This document as pages", {200: HTML}),
}
