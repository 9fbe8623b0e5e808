"""GET /status: one question to the client's actor, and bytes that were rendered when its answer last changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request

from gateway import errors
from gateway.identity import client_of
from gateway.replies import NO_STORE, JsonResponse

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from actors.clients.types import ClientId
    from gateway.calls import Gateway

_HEADERS = [
    *((name.encode(), value.encode()) for name, value in NO_STORE.items()),
    (b"content-type", b"application/json"),
]


async def status(gateway: Gateway, client_id: ClientId, _: Request) -> Response:
    """Everything known of the client."""
    return JsonResponse(await _page(gateway, client_id), headers=NO_STORE)


class QuickStatus:
    """The same as an ASGI application of its own, for GET, without the cost of Starlette's layers."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await _page(self._gateway, client_of(scope["headers"]))
        except Exception as error:  # noqa: BLE001 - the table of errors knows all of them, bugs too
            await (await errors.answer(Request(scope), error))(scope, receive, send)
            return
        headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _page(gateway: Gateway, client_id: ClientId) -> bytes:
    return await gateway.pages.page(await gateway.bridge.status(client_id))
