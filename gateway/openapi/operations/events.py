"""What happens, as it happens."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.openapi.operation import (
    CLIENT_OR_ALL,
    EVENTS,
    LAST_EVENT_ID,
    RECEIPT,
    Operation,
)
from gateway.schemas.events import EventsQuery, NextAnswer, NextQuery, ReceiptAnswer, ReceiptQuery

EVENTS_TAG = "Events"

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/events"): Operation(
        EVENTS_TAG,
        "What happens, as it happens",
        {200: EVENTS},
        query=EventsQuery,
        headers={"X-Cliente-Id": CLIENT_OR_ALL, "Last-Event-ID": LAST_EVENT_ID},
        text="Server-sent events, for as long as one listens; a WebSocket at the same path tells the same.",
    ),
    ("GET", "/events/next"): Operation(
        EVENTS_TAG,
        "What a consumer has not acknowledged, as soon as there is something",
        {200: NextAnswer},
        {404: ("CONSUMER_NOT_FOUND",), 409: ("CONSUMER_DIFFERS", "TOO_MANY_CONSUMERS")},
        query=NextQuery,
        headers={"X-Cliente-Id": CLIENT_OR_ALL},
    ),
    ("DELETE", "/events/next/{receipt}"): Operation(
        EVENTS_TAG,
        "Everything up to a receipt is done with",
        {200: ReceiptAnswer},
        {404: ("CONSUMER_NOT_FOUND", "RECEIPT_NOT_FOUND"), 409: ("CONSUMER_DIFFERS",)},
        query=ReceiptQuery,
        path={"receipt": RECEIPT},
    ),
}
