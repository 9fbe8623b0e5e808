"""The guard around routes of every kind, WebSockets among them, on a real server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Scopes
from starlette.websockets import WebSocket

from actors.clients.types import ClientId
from actors.settings import Settings
from gateway.calls import ApiRequest, delete, get, routes
from gateway.security.auth import Caller, Need, Scope, Whose, caller_of
from gateway.security.guard import Guard
from gateway.security.keys import Keyring, KeyStore, draw
from gateway.security.origins import checked
from gateway.security.rate_limits import Rates
from gateway.server import listen
from tests.gateway.raw import Raw, request
from tests.gateway.running import until

KEY, TEXT = draw("reader", [Scope.READ], [ClientId(7)])
READ = Need(Scope.READ, Whose.CLIENT)
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


class Stream:
    """A WebSocket that is opened and closed."""

    async def __call__(self, scope: Scopes, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        await websocket.close()


async def thing(request: ApiRequest[None, None]) -> Response:
    """Say who asks."""
    caller = caller_of(request.http.scope)
    return PlainTextResponse(caller.key_id if isinstance(caller, Caller) else "stranger")


def app() -> ASGIApp:
    settings = settings_with(request_rate="1000/minute")
    keyring = Keyring(no_store)
    keyring.hold([KEY])
    rates = Rates.of(settings)
    table = (
        get("/stream", thing, READ, websocket=Stream()),
        get("/thing", thing, READ),
        delete("/thing", thing, Need(Scope.CONTROL, Whose.CLIENT)),
    )
    app = Starlette(routes=routes(table, lambda app, needs: Guard(app, needs, keyring, rates)))
    app.state.gateway = None
    return checked(app, settings, keyring)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the guarded routes are served."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(app(), interface="asgi3", ws="websockets-sansio", lifespan="off", log_config=None)
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
        ({"X_Api_Key": TEXT, "X_Cliente_Id": "8"}, 403),
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


def test_a_method_that_a_path_does_not_have_is_answered_with_all_that_it_has(url: str) -> None:
    with Raw(url) as connection:
        answer = connection.send(request("POST", "/thing", b"")).answer()
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "DELETE"}


def test_a_call_stands_in_a_table_once() -> None:
    with pytest.raises(ValueError, match="GET /thing stands in the table twice"):
        routes([get("/thing", thing, READ), get("/thing", thing, READ)], lambda app, needs: app)
