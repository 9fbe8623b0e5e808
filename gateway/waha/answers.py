"""The forms of WAHA's answers: JSON, nothing at all, a bare text, a picture by the Accept header.

Every POST is answered 201, all else 200. An answer without content has no JSON content type: an SDK reads JSON
whenever the type says so, whatever the length.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from gateway.http import NO_STORE, JsonResponse, render_plain

if TYPE_CHECKING:
    from starlette.requests import Request


class Nothing(Enum):
    """The answer that has nothing to say."""

    NOTHING = auto()


NOTHING = Nothing.NOTHING


@dataclass(frozen=True, slots=True)
class BareText:
    """A text as the whole body."""

    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A file that is answered as JSON to those who accept nothing else, else as its bytes."""

    data: bytes
    mimetype: str = "image/png"


def respond(http: Request, answer: Any) -> Response:
    """Return the answer of a handler as a response."""
    status = 201 if http.method == "POST" else 200
    match answer:
        case Response():
            return answer
        case Nothing():
            return Response(b"", status, NO_STORE)
        case BareText():
            return Response(answer.text, status, NO_STORE, "text/html; charset=utf-8")
        case Picture():
            return _picture(http, answer, status)
        case _:
            return JsonResponse(render_plain(answer), status, NO_STORE)


def _picture(http: Request, picture: Picture, status: int) -> Response:
    if http.headers.get("accept", "").strip() != "application/json":
        return Response(picture.data, status, NO_STORE, picture.mimetype)
    data = base64.b64encode(picture.data).decode("ascii")
    return JsonResponse(render_plain({"mimetype": picture.mimetype, "data": data}), status, NO_STORE)
