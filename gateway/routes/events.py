"""The calls about events: streams, and a long poll for callers behind NAT."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import structlog
from starlette.requests import HTTPConnection
from starlette.responses import Response

from actors.clients.types import ClientId
from gateway.calls import ApiRequest
from gateway.errors import problem_of, respond
from gateway.http import HEADER, NO_STORE, InvalidRequest, JsonResponse, client_of, parse_query, reply
from gateway.schemas.events import MAX_POSITION, EventsQuery, NextQuery, ReceiptAnswer, ReceiptQuery
from gateway.security.auth import ANYONE, Forbidden, caller_of
from gateway.streaming.carriers import EventStream, Reading, gap_of, over_websocket
from gateway.streaming.feed import Wanted
from gateway.streaming.stream import Events

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from gateway.app import Gateway
    from gateway.security.auth import Caller
    from gateway.streaming.consumers import Fetched

RESUME_HEADER = "last-event-id"
_DIGITS = len(str(MAX_POSITION))
_log = structlog.get_logger("gateway")


async def events(request: ApiRequest[None, None]) -> Response:
    """Stream events as they happen.

    Server-sent events, for as long as the reader listens. A WebSocket at the same path carries the same data.
    """
    return EventStream(_reading(request.gateway, request.http))


class EventsSocket:
    """GET /events over a WebSocket, as an ASGI application. Refusals are those of all calls."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gateway, connection = cast("Gateway", scope["app"].state.gateway), HTTPConnection(scope)
        began = False

        async def tell(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await over_websocket(_reading(gateway, connection), receive, tell)
        except Exception as error:  # noqa: BLE001 - the table of errors knows all of them, bugs too
            problem = problem_of(error)
            if problem.code == "INTERNAL_ERROR":
                _log.error("websocket.failed", path=scope["path"], exc_info=error)
            if not began:
                await respond(problem)(scope, receive, send)


async def next_events(request: ApiRequest[None, NextQuery]) -> Response:
    """Fetch the events that a consumer has not acknowledged.

    Answers as soon as there are any, or after `wait` seconds.
    """
    gateway, query = request.gateway, request.query
    wanted = _wanted(request.http, query)
    consumer = await gateway.consumers.open(request.caller.key_id, query.consumer, wanted, query.after)
    valid = _validity(gateway, request.http)
    fetched = await gateway.consumers.fetch(
        consumer, wanted, request.http.receive, valid, wait=query.wait, limit=query.limit
    )
    return JsonResponse(_body(query.consumer, fetched), headers=NO_STORE)


async def acknowledge(request: ApiRequest[None, ReceiptQuery]) -> Response:
    """Acknowledge all events up to a receipt."""
    receipt = _position(request.path("receipt"), "The receipt")
    consumer = await request.gateway.consumers.acknowledge(request.caller.key_id, request.query.consumer, receipt)
    return reply(ReceiptAnswer(consumer=consumer.name, position=consumer.position))


def _reading(gateway: Gateway, connection: HTTPConnection) -> Reading:
    query, caller = parse_query(connection, EventsQuery), _caller(connection)
    # A browser that resumes repeats its first address; its last position is in the header.
    resumed = connection.headers.get(RESUME_HEADER)
    after = query.after if resumed is None else _position(resumed, "Last-Event-ID")
    wanted = _wanted(connection, query)
    return Reading(gateway.streams, wanted, after, _validity(gateway, connection), caller.key_id)


def _validity(gateway: Gateway, connection: HTTPConnection) -> Callable[[], bool]:
    """Return a check if the caller is still authorised: by the call's session, if it has one, else by its key."""
    caller, session = _caller(connection), gateway.browser_sessions.find(connection.scope)
    if session is None or session.caller is not caller:
        return lambda: gateway.keyring.is_valid(caller)
    return lambda: gateway.browser_sessions.is_open(session)


def _wanted(connection: HTTPConnection, query: EventsQuery) -> Wanted:
    caller, headers = _caller(connection), connection.scope["headers"]
    named = client_of(headers) if any(name == HEADER for name, _ in headers) else None
    if named is not None and query.client not in (None, named):
        raise InvalidRequest("client differs from X-Cliente-Id")
    client = named if query.client is None else ClientId(query.client)
    if client is None:
        return Wanted(caller.clients, query.patterns)
    if caller.clients is not None and client not in caller.clients:
        raise Forbidden(f"The key is not for client {client}")
    return Wanted(frozenset({client}), query.patterns)


def _caller(connection: HTTPConnection) -> Caller:
    return caller_of(connection.scope) or ANYONE


def _position(text: str, what: str) -> int:
    digits = text.lstrip("0") or "0"
    if not (text.isascii() and text.isdigit()) or len(digits) > _DIGITS or int(digits) > MAX_POSITION:
        raise InvalidRequest(f"{what} should be the position of an event, in digits")
    return int(digits)


def _body(consumer: str, fetched: Fetched) -> bytes:
    """Return the answer with events that are already rendered."""
    receipt = None if fetched.receipt is None else str(fetched.receipt)
    gap = None if fetched.gap is None else gap_of(Events((), fetched.gap.resumed, fetched.gap))
    told = ",".join(event.text for event in fetched.events)
    head = f'{{"consumer":{json.dumps(consumer)},"receipt":{json.dumps(receipt)},"gap":{gap or "null"}'
    return f'{head},"events":[{told}]}}'.encode("ascii")
