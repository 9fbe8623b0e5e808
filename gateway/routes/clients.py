"""The life of a client: started, listed, stopped, logged out, deleted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from actors.clients.errors import NoSuchClient, ShuttingDown, StartFailed
from actors.clients.protocol import AlreadyRunning
from actors.clients.types import STARTING, State
from gateway.admission.authority import may_see
from gateway.admission.rate_limits import address_of
from gateway.bodies import parse_query
from gateway.errors import InvalidRequest
from gateway.identity import HEADER, client_number, client_of
from gateway.replies import reply
from gateway.schemas.clients import ClientDetail, ClientEntry, ClientsQuery
from gateway.schemas.orders import DeletedAnswer, InitStarted, InitUnneeded, LoggedOutAnswer, StoppedAnswer
from gateway.schemas.status import StatusSummary

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from actors.clients.protocol import Status
    from actors.clients.types import ClientId
    from gateway.calls import Gateway


async def init(gateway: Gateway, client_id: ClientId, request: Request) -> Response:
    """Start the client and wait for its first state, unless it runs."""
    answer = await gateway.rates.starts.init(gateway.bridge, client_id, address_of(request.scope))
    if isinstance(answer, AlreadyRunning):
        return reply(InitUnneeded(cliente_id=client_id, status=StatusSummary.of(answer.status)))
    status = await gateway.bridge.settled(client_id, STARTING, gateway.settings.init_wait)
    if status.state is State.ERROR:
        raise StartFailed(client_id, status.reason_text or "The client could not be started")
    if status.state is State.NOT_INITIALIZED:  # it was ended while it started
        raise ShuttingDown if gateway.bridge.draining else StartFailed(client_id, "The client was ended meanwhile")
    return reply(InitStarted(cliente_id=client_id, status=StatusSummary.of(status)))


async def clients(gateway: Gateway, request: Request) -> Response:
    """Every client that the caller's key is for, and its state: those that run, with `known=1` all others too.

    With `detail=1` comes all that is known of each.
    """
    query, bridge = parse_query(request, ClientsQuery), gateway.bridge
    listed = await (bridge.known() if query.known else bridge.clients())
    seen = [status for status in listed if may_see(request.scope, status.client_id)]
    if not query.detail:
        return reply([ClientEntry(id=status.client_id, state=status.state) for status in seen])
    logins = await bridge.logins()
    # The supervisor is told of states only; the rest each client knows itself.
    asked = await asyncio.gather(*(bridge.status(status.client_id) for status in seen))
    told = map(_newest, seen, asked)
    shown = [status for status in told if query.known or status.state is not State.NOT_INITIALIZED]
    return reply([ClientDetail.of(status, has_login=status.client_id in logins) for status in shown])


def _newest(listed: Status, asked: Status) -> Status:
    """What the client itself says; of one that does not run, what is remembered of it."""
    return listed if listed.state is asked.state is State.NOT_INITIALIZED else asked


async def log_out(gateway: Gateway, client_id: ClientId, _: Request) -> Response:
    """Log out at WhatsApp."""
    status = await gateway.bridge.log_out(client_id)
    return reply(LoggedOutAnswer(cliente_id=client_id, status=StatusSummary.of(status)))


async def stop(gateway: Gateway, client_id: ClientId, _: Request) -> Response:
    """Close, and keep the stored login for the next POST /init."""
    await gateway.bridge.stop(client_id)
    return reply(StoppedAnswer(cliente_id=client_id))


async def delete(gateway: Gateway, request: Request) -> Response:
    """Log out, stop, delete the stored login, forget. The path says whom; a header, if there is one, must agree."""
    return reply(DeletedAnswer.of(await gateway.bridge.delete(_client_in_path(request))))


def _client_in_path(request: Request) -> ClientId:
    text = request.path_params["clienteId"]
    client_id = client_number(text.encode())
    if any(name == HEADER for name, _ in request.scope["headers"]) and client_of(request.scope["headers"]) != client_id:
        raise InvalidRequest("X-Cliente-Id differs from the client in the path")
    if client_id is None:
        raise NoSuchClient(text)
    return client_id
