"""The server behind HTTP: the WebSocket for clients, and an API for what phones do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sandbox.answers import answering, body_of, number_of, wait_of
from sandbox.protocol.nodes import MalformedNode
from sandbox.protocol.noise import StreamBroken
from sandbox.protocol.protobuf import MalformedMessage
from sandbox.protocol.server import ClientStream, ProtocolServer

BROKEN = 1002
"""WebSocket's code for a violation of the protocol."""


def build(server: ProtocolServer, *further: BaseRoute) -> Starlette:
    """Return the application of one server, with these routes besides."""
    people = PhonesApi(server)
    routes = [
        WebSocketRoute("/ws/chat", Clients(server).serve),
        Route("/api/state", answering(people.state)),
        Route("/api/scan", answering(people.scan), methods=["POST"]),
        Route("/api/refuse", answering(people.refuse), methods=["POST"]),
        Route("/api/cut", answering(people.cut), methods=["POST"]),
        Route("/api/phones/{number}", answering(people.show)),
        Route("/api/phones/{number}/send", answering(people.send), methods=["POST"]),
        Route("/api/phones/{number}/logout", answering(people.log_out), methods=["POST"]),
    ]
    return Starlette(routes=[*routes, *further])


class Clients:
    """The WebSockets of clients; each is one stream of the server's."""

    def __init__(self, server: ProtocolServer) -> None:
        self._server = server

    async def serve(self, socket: WebSocket) -> None:
        await socket.accept()
        out: asyncio.Queue[bytes | None] = asyncio.Queue()
        stream = ClientStream(self._server, out.put_nowait)
        self._server.streams.append(stream)
        writing = asyncio.create_task(_write(socket, out))
        try:
            while True:
                stream.receive(await socket.receive_bytes())
                await self._tell()
        except (StreamBroken, MalformedNode, MalformedMessage) as error:
            await socket.close(BROKEN, str(error)[:100])
        except WebSocketDisconnect:
            pass
        finally:
            self._server.streams.remove(stream)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await self._tell()

    async def _tell(self) -> None:
        async with self._server.changed:
            self._server.changed.notify_all()


class PhonesApi:
    """What phones do, as JSON."""

    def __init__(self, server: ProtocolServer) -> None:
        self._server = server

    async def state(self, request: Request) -> dict[str, Any]:
        """What is connected, and the root key that a client must have in the place of WhatsApp's.

        With `wait`, as soon as `refused` logins were refused for the present reason.
        """
        server = self._server
        count = number_of({"refused": 0, **request.query_params}, "refused")
        await self._once(request, lambda: server.refused >= count)
        linked = {person.number: bool(person.device) for person in server.people.values()}
        return {
            "root_key": server.authority.root.public.hex(),
            "linked": linked,
            "streams": len(server.streams),
            "refused": server.refused,
        }

    async def scan(self, request: Request) -> dict[str, Any]:
        said = await body_of(request)
        self._server.scan(str(said["code"]), _number(said["number"]), str(said.get("name", "")))
        return {}

    async def refuse(self, request: Request) -> dict[str, Any]:
        """Refuse every login from now on for `reason` (402, 503, …); without one, refuse none."""
        said = await body_of(request)
        self._server.refuse(str(said["reason"]) if said.get("reason") else None)
        return {}

    async def cut(self, request: Request) -> dict[str, Any]:
        """Close every client's connection without a word."""
        self._server.cut()
        return {}

    async def show(self, request: Request) -> dict[str, Any]:
        """What a phone has read; with `wait`, as soon as that is `count` messages, and a device linked or not."""
        person = self._server.person(_number(request.path_params["number"]))
        asked = request.query_params
        count = number_of({"count": 0, **asked}, "count")

        def as_asked() -> bool:
            linked = str(bool(person.device)).lower()
            return len(person.received) >= count and asked.get("linked", linked) == linked

        await self._once(request, as_asked)
        received = [{"id": one.id, "from": one.sender, "text": one.text} for one in person.received]
        return {"number": person.number, "lid": person.lid, "linked": bool(person.device), "received": received}

    async def _once(self, request: Request, holds: Callable[[], bool]) -> None:
        """Return as soon as that holds, or after the `wait` of a request."""
        changed = self._server.changed
        async with changed:
            with suppress(TimeoutError):  # then what is there is told
                await asyncio.wait_for(changed.wait_for(holds), wait_of(request))

    async def send(self, request: Request) -> dict[str, Any]:
        said = await body_of(request)
        server = self._server
        sender = server.person(_number(request.path_params["number"]))
        return {"id": server.write(sender, server.person(_number(said["to"])), str(said["text"]))}

    async def log_out(self, request: Request) -> dict[str, Any]:
        self._server.remove_device(self._server.person(_number(request.path_params["number"])))
        return {}


async def _write(socket: WebSocket, out: asyncio.Queue[bytes | None]) -> None:
    while (data := await out.get()) is not None:
        await socket.send_bytes(data)
    if socket.application_state is WebSocketState.CONNECTED:
        await socket.close()


def _number(said: object) -> str:
    number = str(said)
    if not number.isdecimal():
        raise ValueError(f"{number} is no phone number: digits only")
    return number
