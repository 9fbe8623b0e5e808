"""The configuration of a client: name, metadata, proxy, ignored chats."""

from __future__ import annotations

from starlette.responses import Response

from gateway.calls import ApiRequest
from gateway.http import reply
from gateway.schemas.configs import ConfigAnswer, ConfigRequest


async def config(request: ApiRequest[None, None]) -> Response:
    """Return the configuration of a client.

    A client that was never configured has an empty one. Passwords are masked.
    """
    found = request.gateway.configs.find(request.client_id)
    return reply(ConfigAnswer.of(request.client_id, found.config))


async def change(request: ApiRequest[ConfigRequest, None]) -> Response:
    """Change the configuration of a client.

    Fields that are left out stay. A new proxy is used from the client's next start; the rest takes effect at once.
    """
    configs, client_id = request.gateway.configs, request.client_id
    request.gateway.bridge.refuse_while_draining()
    changes = request.body.changes(configs.find(client_id).config)
    return reply(ConfigAnswer.of(client_id, await configs.change(client_id, **changes)))
