"""WAHA's WebSocket: the same objects as its webhooks'."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from actors.clients.events import MessageArrived
from actors.store.event_pages import ReadPage
from actors.store.events import AppendEvent
from tests.gateway.listening import Ws
from tests.gateway.running import PATIENCE, Running, until
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


@pytest.mark.parametrize(
    ("method", "status", "header"),
    [("GET", 426, ("upgrade", "websocket")), ("POST", 405, ("allow", "GET")), ("DELETE", 405, ("allow", "GET"))],
)
def test_without_an_upgrade_it_is_refused(waha: Consumer, method: str, status: int, header: tuple[str, str]) -> None:
    for path in ("/ws", "/ws/"):
        answer = waha.raw(method, path)
        assert (answer.status_code, answer.json()["statusCode"]) == (status, status)
        assert answer.headers[header[0]] == header[1]


def test_a_reader_that_falls_behind_is_cut_off_and_told_so(tmp_path: Path) -> None:
    with Running(tmp_path / "data", stream_buffer=20) as service:
        waha = Consumer(service)
        client_id, store = waha.works(), service.system.store
        tell(waha, client_id, MessageArrived(written("3A01", body="x" * 50_000)))
        read = ReadPage(0, None, ("message",), 10)
        page = until(lambda: store.ask(read).get(timeout=PATIENCE), lambda page: bool(page.events), "a message")
        with Ws(service, "?events=message", path="/ws", receive_buffer=4096) as slow:
            until(lambda: len(service.streams), bool, "it is there")
            for _ in range(20):
                more = [AppendEvent(client_id, "message", page.events[0].payload, 100.0) for _ in range(10)]
                for reply in [store.ask(one) for one in more]:
                    reply.get(timeout=PATIENCE)
            told = 0
            while (message := slow.message()) is not None:
                assert message["event"] == "message"
                told += 1
            assert told < 200
            assert slow.closed is not None
            assert (slow.closed.code, slow.closed.reason) == (1012, "SLOW_READER")
