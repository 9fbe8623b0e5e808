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
from gateway.schemas.service import HealthAnswer, HealthSummary, ReadyAnswer

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
    ("GET", "/openapi.json"): Operation(SERVICE, "This document", {200: dict[str, Any]}),
    ("GET", "/docs"): Operation(SERVICE, "This document as pages", {200: HTML}),
}
