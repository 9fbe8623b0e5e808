"""From an answer's shape to HTTP: JSON in UTF-8, never kept by a cache."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pydantic import BaseModel
from starlette.responses import Response

NO_STORE = {"cache-control": "no-store"}


class JsonResponse(Response):
    """A JSON body that is already rendered."""

    media_type = "application/json"


def reply(
    answer: BaseModel | Sequence[BaseModel],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    without_none: bool = False,
) -> Response:
    """The answer as an HTTP response."""
    return JsonResponse(render(answer, without_none=without_none), status, {**NO_STORE, **(headers or {})})


def render(answer: BaseModel | Sequence[BaseModel], *, without_none: bool = False) -> bytes:
    """The answer as JSON.

    Text from a page may hold half a surrogate pair, which UTF-8 cannot: it is written as the escape `\\udXXX`, which
    JSON can.
    """
    answers = [answer] if isinstance(answer, BaseModel) else answer
    content = [one.model_dump(exclude_none=without_none) for one in answers]
    text = json.dumps(
        content[0] if isinstance(answer, BaseModel) else content,
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    )
    return text.encode("utf-8", "backslashreplace")
