"""Requests and responses of the control API: JSON both ways, errors as {"error": {"code", "message"}}."""

from __future__ import annotations

import binascii
import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.world import SandboxError

MAX_WAIT = 300.0


def wait_of(request: Request) -> float:
    return min(number_of(dict(request.query_params), "wait"), MAX_WAIT) if "wait" in request.query_params else 0.0


def number_of(said: dict[str, Any], name: str) -> float:
    """Return a finite number, 0 or more; raises KeyError or ValueError otherwise."""
    value = float(said[name])
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a number, 0 or more")
    return value


async def body_of(request: Request) -> dict[str, Any]:
    """Return the request's JSON object; an empty body is an empty object. Raises ValueError for anything else."""
    try:
        said = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise ValueError("the body is not JSON") from error
    if not isinstance(said, dict):
        raise ValueError("the body must be a JSON object")
    return said


def answering(handle: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """Turn the return value or the exception of a handler into a response."""

    async def answer(request: Request) -> Response:
        try:
            return json_response(await handle(request))
        except SandboxError as error:
            return refusal(error.status, error.code, error.message)
        except KeyError as error:
            return refusal(400, "INVALID_REQUEST", f"the body lacks {error}")
        except (TypeError, ValueError, binascii.Error) as error:
            return refusal(400, "INVALID_REQUEST", str(error))

    return answer


def refusal(status: int, code: str, message: str) -> Response:
    return json_response({"error": {"code": code, "message": message}}, status)


def json_response(said: Any, status: int = 200) -> Response:
    """Return a response in ASCII, so that any text of a page can be sent, even invalid Unicode."""
    return Response(json.dumps(said), status, media_type="application/json; charset=utf-8")
