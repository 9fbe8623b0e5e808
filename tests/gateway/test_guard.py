"""The guard around routes of every kind, WebSockets among them, on a real server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from actors.clients.types import ClientId
from config.settings import Settings
from gateway.admission.authority import OPEN, Caller, Need, Scope, Whose, caller_of
from gateway.admission.door import door
from gateway.admission.guard import guard
from gateway.admission.keyring import Keyring, KeyStore
from gateway.admission.keys import draw
from gateway.admission.rate_limits import Rates
from gateway.listening import listen
from tests.gateway.raw import Raw, request
from tests.gateway.running import until

KEY, TEXT = draw("reader", [Scope.READ], [ClientId(7)])
NEEDS = {
    ("GET", "/stream"): Need(Scope.READ, Whose.EITHER),
    ("GET", "/thing"): Need(Scope.READ, Whose.CLIENT),
    ("DELETE", "/thing"): Need(Scope.CONTROL, Whose.CLIENT),
    ("GET", "/files"): OPEN,
}
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def settings_with(**given: Any) -> Settings:
    return Settings(**given)


def no_store() -> KeyStore:
    raise AssertionError("a guard asks no store")


async def stream(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


async def thing(request: Request) -> Response:
    caller = caller_of(request.scope)
    return PlainTextResponse(caller.key_id if isinstance(caller, Caller) else "stranger")


def app() -> ASGIApp:
    settings = settings_with(request_rate="1000/minute")
    keyring = Keyring(no_store)
    keyring.hold([KEY])
    routes = [
        WebSocketRoute("/stream", stream),
        Route("/thing", thing, methods=["GET", "DELETE"]),
        Mount("/files", Route("/{name}", thing)),
    ]
    return door(Starlette(routes=guard(routes, keyring, Rates.of(settings), NEEDS)), settings, keyring)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the guarded routes are served."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(app(), ws="websockets-sansio", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), name="guarded")
    thread.start()
    until(lambda: server.started, bool, "the server has started")
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def status(url: str, method: str, target: str, **headers: str) -> int:
    with Raw(url) as connection:
        return connection.send(request(method, target, b"", **headers)).answer(head=method == "HEAD").status


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 401),
        ({"X_Api_Key": "wrong"}, 401),
        ({"X_Api_Key": TEXT}, 403),
        ({"X_Api_Key": TEXT, "X_Cliente_Id": "8"}, 403),
        ({"X_Api_Key": TEXT, "X_Cliente_Id": "x"}, 400),
        ({"X_Api_Key": TEXT, "X_Cliente_Id": "7", "Origin": "https://evil.example"}, 403),
        ({"Authorization": f"Bearer {TEXT}", "X_Cliente_Id": "7"}, 101),
        ({"X_Api_Key": TEXT, "X_Cliente_Id": "7", "Origin": "http://127.0.0.1"}, 101),
    ],
)
def test_a_websocket_is_opened_only_for_who_may(url: str, headers: dict[str, str], expected: int) -> None:
    assert status(url, "GET", "/stream", **UPGRADE, **headers) == expected


def test_each_method_of_a_route_has_its_own_need(url: str) -> None:
    ours = {"X_Api_Key": TEXT, "X_Cliente_Id": "7"}
    assert status(url, "GET", "/thing", **ours) == status(url, "HEAD", "/thing", **ours) == 200
    assert status(url, "HEAD", "/thing") == 401
    assert status(url, "DELETE", "/thing", **ours) == 403


def test_what_is_mounted_is_as_open_as_its_row(url: str) -> None:
    assert status(url, "GET", "/files/a") == 200


def test_a_call_without_a_row_and_a_route_of_an_unknown_kind_are_not_served() -> None:
    keyring, rates = Keyring(no_store), Rates.of(settings_with())
    for route in (Route("/new", thing), Mount("/new", Starlette()), WebSocketRoute("/new", stream)):
        with pytest.raises(KeyError, match="say who may call it"):
            guard([route], keyring, rates)
    with pytest.raises(TypeError):
        guard([Host("x", Starlette())], keyring, rates)
