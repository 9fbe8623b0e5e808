"""POST /restore: a backup comes in the place of all that the store holds. For admins of all clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.replies import reply
from gateway.schemas.service import RestoreAnswer, RestoreRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from gateway.calls import Gateway


async def restore(gateway: Gateway, request: Request) -> Response:
    """Answers once the clients resume."""
    wanted = await gateway.body(request, RestoreRequest)
    return reply(RestoreAnswer.of(await gateway.restores.restore(wanted.file)))
