"""What callers send in a body: read whole, bounded in size and time, then checked against its shape.

Rule of this file: a body that is refused is still read, up to a bound, because a caller that is busy sending does not
see an answer. Nothing of a body is ever repeated in an answer or in the log.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from gateway.errors import InvalidRequest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails
    from starlette.requests import HTTPConnection, Request

MAX_BODY = 1024 * 1024
"""Bytes of the largest body that is taken."""
_DISCARDED = 16 * MAX_BODY
"""Bytes of a larger one that are read before the connection is given up."""

_SUBJECT = re.compile(r"^(Value error, |(Input|String|List|Tuple|Set|Dictionary|Data|Value) (?=should ))")
"""What pydantic calls the thing at fault, which the answer calls by its field's name."""

Shape = TypeVar("Shape", bound=BaseModel)


async def parse(request: Request, shape: type[Shape], seconds: float) -> Shape:
    """The body as this shape. Raises InvalidRequest, HTTPException 408 and 413, ClientDisconnect."""
    body = await read(request, seconds)
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRequest(_sentence(error.errors(include_url=False, include_input=False)[0])) from None


def parse_query(request: HTTPConnection, shape: type[Shape]) -> Shape:
    """The query string as this shape; each name at most once. Raises InvalidRequest."""
    given = request.query_params.multi_items()
    if len({name for name, _ in given}) < len(given):
        raise InvalidRequest("The query names something twice")
    try:
        return shape.model_validate(dict(given))
    except ValidationError as error:
        raise InvalidRequest(_sentence(error.errors(include_url=False, include_input=False)[0])) from None


async def read(request: Request, seconds: float) -> bytes:
    """The body's bytes. Raises HTTPException: 408 after `seconds`, 413 beyond MAX_BODY. Raises ClientDisconnect."""
    try:
        async with asyncio.timeout(seconds):
            return await _read(request)
    except TimeoutError:
        close = {"Connection": "close"}
        raise HTTPException(408, f"The body did not arrive within {seconds:g} s", close) from None


async def _read(request: Request) -> bytes:
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_BODY:
            body += chunk
        elif size > _DISCARDED:
            break
    if size > MAX_BODY:
        raise HTTPException(413, f"The body is larger than {MAX_BODY} bytes", {"Connection": "close"})
    return bytes(body)


def _sentence(detail: ErrorDetails) -> str:
    """The first thing that is wrong, in words fit for the caller."""
    if detail["type"] == "json_invalid":
        return "The body is not JSON"
    if not detail["loc"]:
        return "The body is not a JSON object"
    if detail["type"] == "missing":
        return f"{detail['loc'][0]} is missing"
    if detail["type"] == "string_pattern_mismatch":
        kind = "a message's id" if detail["loc"][0] == "after" else "a number or a chat id"
        return f"{detail['loc'][0]} is not {kind}"
    what = _SUBJECT.sub("", detail["msg"])
    return f"{detail['loc'][0]} {what}"
