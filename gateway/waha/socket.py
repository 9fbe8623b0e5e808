"""WAHA's WebSocket: the same objects as its webhooks', one text each."""

from __future__ import annotations

import json
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request

from actors.options import environment
from actors.waha import envelope
from actors.waha.events import KNOWN, types, wanted
from gateway.security.auth import CALLER, Caller, Forbidden, Need, Scope, Unauthorized, Whose, check
from gateway.security.connections import count_key
from gateway.security.rate_limits import RateLimited
from gateway.streaming.feed import Wanted
from gateway.streaming.stream import End, Events, Why, heeding
from gateway.waha import errors
from gateway.waha.calls import QUERY_KEY, identified
from gateway.waha.errors import SessionUnknown

if TYPE_CHECKING:
    from starlette.types import Receive, Send
    from starlette.types import Scope as AsgiScope

    from gateway.app import Gateway
    from gateway.waha.sessions import WahaSessions

BAD_PARAMETERS, REFUSED, ENDING, TRY_AGAIN = 4001, 4003, 1012, 1013
"""Codes of a closure."""
_NEED = Need(Scope.READ, Whose.SEEN)
_UPGRADE = {"Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
_log = structlog.get_logger("streams")


class _Refused(Exception):
    """The socket cannot begin. `code` closes it."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class EventSocket:
    """GET /ws over a WebSocket, as an ASGI application. Without an upgrade it is refused."""

    gateway: Gateway
    sessions: WahaSessions

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        scope[CALLER] = None
        if scope["type"] == "http":
            await errors.answer(Request(scope), _not_asked_for(scope["method"]), {})(scope, receive, send)
            return
        query = QueryParams(scope["query_string"])
        await receive()
        await send({"type": "websocket.accept"})
        try:
            caller = scope[CALLER] = self._caller(scope, query)
            reading, patterns = await self._wanted(caller, query)
        except _Refused as refused:
            reason = json.dumps({"error": str(refused)})[:120]
            await send({"type": "websocket.close", "code": refused.code, "reason": reason})
            return
        with suppress(OSError):  # uvicorn's word for a reader that has gone
            await self._carry(caller, reading, patterns, receive, send)

    def _caller(self, scope: AsgiScope, query: QueryParams) -> Caller:
        """Return who listens. Raises _Refused."""
        try:
            caller = identified(self.gateway, scope, query.get(QUERY_KEY))
            check(_NEED, caller, scope)
            self.gateway.rates.count(_NEED, caller, scope)
            count_key(caller.key_id, scope)
        except Unauthorized:
            raise _Refused(REFUSED, "Unauthorized") from None
        except Forbidden:
            raise _Refused(REFUSED, "Forbidden resource") from None
        except RateLimited as error:
            raise _Refused(TRY_AGAIN, str(error)) from None
        except HTTPException as error:
            raise _Refused(TRY_AGAIN, error.detail) from None
        return caller

    async def _wanted(self, caller: Caller, query: QueryParams) -> tuple[Wanted, tuple[str, ...]]:
        """Return our events to listen to, and the names that are wanted of them. Raises _Refused."""
        session = query.get("session") or "*"
        texts = [one.strip() for text in query.getlist("events") or ["*"] for one in text.split(",")]
        patterns = tuple(text for text in texts if text)
        if not patterns:
            raise _Refused(BAD_PARAMETERS, "events should name events, or *")
        clients = caller.clients
        if session != "*":
            try:
                client_id = await self.sessions.find(session)
            except SessionUnknown as error:
                raise _Refused(BAD_PARAMETERS, str(error)) from error
            if not caller.sees(client_id):
                raise _Refused(REFUSED, "Forbidden resource")
            clients = frozenset({client_id})
        of_ours = types(name for name in KNOWN if wanted(patterns, name))
        return Wanted(clients, of_ours or ("waha.none",)), patterns

    async def _carry(
        self, caller: Caller, reading: Wanted, patterns: tuple[str, ...], receive: Receive, send: Send
    ) -> None:
        gateway, count, why = self.gateway, 0, Why.GONE
        surroundings, registry = environment(gateway.settings), gateway.configs.registry
        async with gateway.streams.open(reading) as stream:
            valid = lambda: gateway.keyring.is_valid(caller)  # noqa: E731 - one line, used once
            async with heeding(receive, stream), aclosing(stream.parts(valid)) as parts:
                async for part in parts:
                    match part:
                        case Events():
                            for told in part.events:
                                for _, body in envelope.bodies(told.event, registry, surroundings, patterns):
                                    count += 1
                                    await send({"type": "websocket.send", "text": body.decode("ascii")})
                        case End():
                            why = part.why
                            closing: dict[str, Any] = {"type": "websocket.close", "code": ENDING, "reason": why.code}
                            if why is not Why.GONE:
                                await send(closing)
        _log.info("stream.ended", kind="waha", why=why.code, events=count, key=caller.key_id or None)


def _not_asked_for(method: str) -> HTTPException:
    """Return the refusal of a request that is for no WebSocket."""
    if method in ("GET", "HEAD"):
        return HTTPException(426, "This path is for WebSockets", _UPGRADE)
    return HTTPException(405, headers={"Allow": "GET"})
