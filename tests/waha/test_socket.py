"""WAHA's WebSocket: the same objects as its webhooks'."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from actors.clients.events import MessageArrived
from tests.gateway.running import PATIENCE, until
from tests.waha.consumer import KEY, Consumer
from tests.waha.test_hooks import tell, written


def opened(waha: Consumer, query: str) -> ClientConnection:
    return connect(f"{waha.service.url.replace('http', 'ws')}/ws{query}", open_timeout=PATIENCE)


def heard(socket: ClientConnection) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(socket.recv(PATIENCE))
    return told


def test_events_of_a_session_come_as_they_happen(waha: Consumer) -> None:
    shop, other = waha.works("shop"), waha.works("other")
    readers = lambda: len(waha.service.streams)  # noqa: E731
    with opened(waha, f"?session=shop&events=message,session.status&events=message.any&x-api-key={KEY}") as socket:
        until(readers, lambda count: count == 1, "a reader")
        tell(waha, other, MessageArrived(written("3A01")))
        tell(waha, shop, MessageArrived(written("3A02")))
        first, second = heard(socket), heard(socket)
        assert [(one["event"], one["session"]) for one in (first, second)] == [
            ("message", "shop"),
            ("message.any", "shop"),
        ]
        assert first["payload"]["id"].endswith("3A02")
    until(readers, lambda count: count == 0, "no reader")


@pytest.mark.parametrize(
    ("query", "code"),
    [("?session=nobody&x-api-key=" + KEY, 4001), ("?events=,&x-api-key=" + KEY, 4001), ("", 4003)],
    ids=["unknown session", "no events", "no key"],
)
def test_bad_parameters_are_told_in_the_closure(waha: Consumer, query: str, code: int) -> None:
    with opened(waha, query) as socket:
        with pytest.raises(ConnectionClosed):
            socket.recv(PATIENCE)
        assert socket.protocol.close_code == code
        assert json.loads(socket.protocol.close_reason or "")["error"]
