"""The calls about clients: start, list, stop, log out, delete; status, history and configuration."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import Response

from actors.clients.errors import ShuttingDown, StartFailed, StartOvertaken
from actors.clients.protocol import AlreadyRunning
from actors.clients.types import STARTING, State
from gateway.calls import ApiRequest
from gateway.http import HEADER, NO_STORE, InvalidRequest, client_of, reply
from gateway.schemas.clients import (
    ClientDetail,
    ClientEntry,
    ClientsQuery,
    DeletedAnswer,
    DeleteQuery,
    HistoryAnswer,
    HistoryQuery,
    InitStarted,
    InitUnneeded,
    LoggedOutAnswer,
    StatusSummary,
    StoppedAnswer,
)
from gateway.schemas.configs import ConfigAnswer, ConfigRequest
from gateway.security.auth import may_see
from gateway.security.rate_limits import address_of
from gateway.service.configs import forget_webhooks

if TYPE_CHECKING:
    from actors.clients.protocol import Status


async def init(request: ApiRequest[None, None]) -> Response:
    """Start a client, unless it runs.

    The only call that starts anything. Waits SM_INIT_WAIT at most for a first state.
    """
    gateway, client_id = request.gateway, request.client_id
    answer = await gateway.rates.starts.init(gateway.bridge, client_id, address_of(request.http.scope))
    if isinstance(answer, AlreadyRunning):
        return reply(InitUnneeded(cliente_id=client_id, status=StatusSummary.of(answer.status)))
    status = await gateway.bridge.settled(client_id, STARTING, gateway.settings.init_wait)
    if status.state is State.ERROR:
        raise StartFailed(client_id, status.reason_text or "The client could not be started")
    if status.state is State.NOT_INITIALIZED:  # it was stopped during its start
        raise ShuttingDown if gateway.bridge.draining else StartOvertaken(client_id)
    return reply(InitStarted(cliente_id=client_id, status=StatusSummary.of(status)))


async def status(request: ApiRequest[None, None]) -> Response:
    """Return the full status of a client.

    Never starts, wakes or waits for anything.
    """
    gateway, client_id = request.gateway, request.client_id
    status = gateway.bridge.published(client_id) or await gateway.bridge.status(client_id)
    return gateway.pages.rendered(status) or await gateway.pages.page(status)


async def clients(request: ApiRequest[None, ClientsQuery]) -> Response:
    """List the clients that run, with their states.

    With `known=1` also the clients that do not run; with `detail=1` the full status of each.
    """
    query, bridge = request.query, request.gateway.bridge
    listed = await (bridge.known() if query.known else bridge.clients())
    seen = [status for status in listed if may_see(request.http.scope, status.client_id)]
    if not query.detail:
        return reply([ClientEntry(id=status.client_id, state=status.state) for status in seen])
    logins = await bridge.logins()
    # The supervisor knows states only; each client knows the rest.
    asked = await asyncio.gather(*(bridge.status(status.client_id) for status in seen))
    newest = map(_newest, seen, asked)
    shown = [status for status in newest if query.known or status.state is not State.NOT_INITIALIZED]
    return reply([ClientDetail.of(status, has_login=status.client_id in logins) for status in shown])


def _newest(listed: Status, asked: Status) -> Status:
    """Return the client's own status; of one that does not run, the stored one."""
    return listed if listed.state is asked.state is State.NOT_INITIALIZED else asked


async def history(request: ApiRequest[None, HistoryQuery]) -> Response:
    """List the newest changes of a client's state, with their causes.

    Oldest first. Empty for a client that never had a state.
    """
    found = await request.gateway.bridge.history(request.client_id, request.query.limit)
    return reply(HistoryAnswer.of(request.client_id, found))


async def screenshot(request: ApiRequest[None, None]) -> Response:
    """Take a screenshot of a client's page."""
    png = await request.gateway.bridge.screenshot(request.client_id)
    return Response(png, headers=NO_STORE, media_type="image/png")


async def log_out(request: ApiRequest[None, None]) -> Response:
    """Log a client out at WhatsApp."""
    status = await request.gateway.bridge.log_out(request.client_id)
    return reply(LoggedOutAnswer(cliente_id=request.client_id, status=StatusSummary.of(status)))


async def stop(request: ApiRequest[None, None]) -> Response:
    """Close a client and keep its login.

    The next POST /init resumes it without a QR.
    """
    await request.gateway.bridge.stop(request.client_id)
    return reply(StoppedAnswer(cliente_id=request.client_id))


async def delete(request: ApiRequest[None, DeleteQuery]) -> Response:
    """Log a client out, stop it, and delete everything stored of it.

    A client with a login that is not READY is started, or awaited, for the logout: 12 s at most. The path names the
    client; X-Cliente-Id, where it is sent, must name the same one.

    With `everything`, messages, events, history and files go as well, at once.
    """
    headers = request.http.scope["headers"]
    if any(name == HEADER for name, _ in headers) and client_of(headers) != request.client_id:
        raise InvalidRequest("X-Cliente-Id differs from the client in the path")
    gateway = request.gateway
    config = gateway.configs.find(request.client_id).config
    log_out, everything = request.query.logout, request.query.everything
    deleted = await gateway.bridge.delete(request.client_id, log_out=log_out, everything=everything)
    await forget_webhooks(gateway.webhooks, config)
    if everything:
        await gateway.bridge.erase(request.client_id)
    return reply(DeletedAnswer.of(deleted))


async def config(request: ApiRequest[None, None]) -> Response:
    """Return the configuration of a client.

    A client that was never configured has an empty one. Passwords are masked.
    """
    found = request.gateway.configs.find(request.client_id)
    return reply(ConfigAnswer.of(request.client_id, found.config))


async def change_config(request: ApiRequest[ConfigRequest, None]) -> Response:
    """Change the configuration of a client.

    Fields that are left out stay. A new proxy is used from the client's next start; the rest takes effect at once.
    """
    configs, client_id = request.gateway.configs, request.client_id
    request.gateway.bridge.refuse_while_draining()
    changes = request.body.changes(configs.find(client_id).config)
    return reply(ConfigAnswer.of(client_id, await configs.change(client_id, **changes)))
