"""HTTP as every call meets it: the header that selects a client, bodies and queries coming in, JSON going out.

* `X-Cliente-Id` selects a client; it never authenticates anyone.
* A body that is refused is still read, up to a bound, because a caller that is busy sending does not see an answer.
* Nothing of a body is ever repeated in an answer or in the log.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from actors.clients.types import MAX_CLIENT_ID, ClientId
from actors.texts.readable import readable
from gateway.json_text import NotJson, as_utf8, decompressed, fault, value_of
from gateway.unknown_names import UnknownName, place_of, refuse_unknown, schema_of, sentence

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails
    from starlette.requests import HTTPConnection, Request


HEADER = b"x-cliente-id"
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_MAX_DIGITS = len(str(MAX_CLIENT_ID))


class InvalidRequest(Exception):
    """The body or the query does not fit the call; the text names the fault."""


class HeaderRefused(Exception):
    """The header names no client. `code` is the contract's."""

    code: str


class MissingHeader(HeaderRefused):
    """There is no such header."""

    code = "MISSING_HEADER"

    def __init__(self) -> None:
        super().__init__("Header X-Cliente-Id is required")


class InvalidHeader(HeaderRefused):
    """It is not a number from 1 to 2147483647, or there are two that differ."""

    code = "INVALID_HEADER"

    def __init__(self) -> None:
        super().__init__("X-Cliente-Id must be a positive integer")


def client_of(headers: Iterable[tuple[bytes, bytes]]) -> ClientId:
    """Return the client that raw ASGI headers ask for. Raises MissingHeader, InvalidHeader."""
    found = None
    for name, value in headers:
        if name == HEADER:
            if found is not None and value != found:
                raise InvalidHeader
            found = value
    if found is None:
        raise MissingHeader
    client_id = client_number(found)
    if client_id is None:
        raise InvalidHeader
    return client_id


def idempotency_key(request: Request) -> str | None:
    """Return the caller's own name for a message, or None. Raises InvalidRequest."""
    keys = set(request.headers.getlist("Idempotency-Key"))
    if not keys:
        return None
    if len(keys) > 1 or not _IDEMPOTENCY_KEY.fullmatch(key := keys.pop()):
        raise InvalidRequest("Idempotency-Key should be one value of 1 to 255 visible ASCII characters")
    return key


def client_number(text: bytes) -> ClientId | None:
    """A client's number written in ASCII decimal digits (bytes know no others), or None where it is no such number."""
    if not text.isdigit():
        return None
    digits = text.lstrip(b"0")
    number = int(digits) if 0 < len(digits) <= _MAX_DIGITS else 0
    return ClientId(number) if 0 < number <= MAX_CLIENT_ID else None


NO_STORE = {"cache-control": "no-store"}


JSON = "application/json; charset=utf-8"
"""The type of every JSON answer: some readers take Latin-1 where no charset is named."""


class JsonResponse(Response):
    """A JSON body that is already rendered."""

    media_type = JSON


def reply(
    answer: BaseModel | Sequence[BaseModel],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    without_none: bool = False,
) -> Response:
    """Return the answer as an HTTP response."""
    return JsonResponse(render(answer, without_none=without_none), status, {**NO_STORE, **(headers or {})})


def render(answer: BaseModel | Sequence[BaseModel], *, without_none: bool = False) -> bytes:
    """Return the answer as JSON.

    Half of a surrogate pair, which neither UTF-8 nor a strict reader of JSON knows, is written as U+FFFD.
    """
    answers = [answer] if isinstance(answer, BaseModel) else answer
    content = [one.model_dump(exclude_none=without_none) for one in answers]
    return render_plain(content[0] if isinstance(answer, BaseModel) else content)


def render_plain(content: Any) -> bytes:
    """Return dicts, lists and plain values as JSON; see `render`."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return readable(text).encode("utf-8")


MAX_BODY = 1024 * 1024
"""Bytes of the largest body that is taken."""
DISCARDED = 16 * MAX_BODY
"""Bytes of a larger one that are read before the connection is given up."""

_SUBJECT = re.compile(r"^(Value error, |(Input|String|List|Tuple|Set|Dictionary|Data|Value) (?=should ))")
"""pydantic's words for the value at fault; the answer uses the field's name instead."""

_KINDS: dict[int | str, str] = {
    **dict.fromkeys(("after", "before", "message", "reply_to", "message_id"), "a message's id"),
    **dict.fromkeys(("name", "organization", "options"), "one line of text"),
    "url": "an address that begins with http:// or https://",
    "digest": "a SHA-256 in 64 hexadecimal digits",
    "vcard": "a vCard",
    "thumbnail": "base64",
}
"""The sentence for a text that does not match its field's pattern, by field."""

Shape = TypeVar("Shape", bound=BaseModel)
Parsed = TypeVar("Parsed")


def refuse_nul(place: str, texts: Iterable[object]) -> None:
    """Raise InvalidRequest if one of the texts has a NUL character, which PostgreSQL cannot store or compare."""
    if any("\0" in str(text) for text in texts):
        raise InvalidRequest(f"{place} should not contain NUL characters")


def _texts(value: Any) -> Iterator[str]:
    """Return all texts in a JSON value, the names of its fields too."""
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from _texts(one)
        case dict():
            for name, one in value.items():
                yield name
                yield from _texts(one)


def _refuse_nul_in(body: bytes) -> None:
    if b"\\u0000" in body:  # the only way to write it in JSON; after another backslash it is none
        try:
            refuse_nul("The body", _texts(from_json(body)))
        except ValueError:
            return  # it is not JSON, which is said elsewhere


async def parse(request: Request, shape: type[Shape], seconds: float) -> Shape:
    """Return the body as this shape. Raises InvalidRequest, HTTPException 408 and 413, ClientDisconnect."""
    return validated_json(shape, text_of(await read(request, seconds), request))


def text_of(body: bytes, request: Request) -> bytes:
    """Return the JSON text that a body is, in UTF-8. Raises InvalidRequest."""
    try:
        return as_utf8(body, request.headers.get("content-type", ""))
    except NotJson as error:
        raise InvalidRequest(str(error)) from None


def object_in(text: bytes) -> dict[str, Any]:
    """Return the object that a JSON text in UTF-8 is. Raises InvalidRequest."""
    try:
        given = value_of(text)
    except NotJson as error:
        raise InvalidRequest(str(error)) from None
    if not isinstance(given, dict):
        raise InvalidRequest("The body is not a JSON object")
    return given


def validated_json(shape: type[Shape], body: bytes) -> Shape:
    """Return a JSON text as this shape. Raises InvalidRequest."""
    _refuse_nul_in(body)
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error, shape.model_json_schema) from None


def validated(shape: type[Shape], values: object, name: str = "The body") -> Shape:
    """Return values that are texts as this shape, converted. Raises InvalidRequest, also for what is no object."""
    if not isinstance(values, Mapping):
        raise InvalidRequest(f"{name} should be an object, with some of {', '.join(shape.model_fields)}")
    refuse_nul("The body", _texts(dict(values)))
    try:
        return shape.model_validate(values, strict=False)
    except ValidationError as error:
        raise _refusal(error, shape.model_json_schema) from None


def parse_query(request: HTTPConnection, shape: type[Shape], *, tolerant: bool = False) -> Shape:
    """Return the query string as this shape; each name at most once. `tolerant`: unknown names mean nothing.

    Raises InvalidRequest.
    """
    given = query_of(request)
    if tolerant:
        given = {name: value for name, value in given.items() if name in shape.model_fields}
    refuse_names(given, shape.model_fields)
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        raise _refusal(error, shape.model_json_schema, "The query") from None


def refuse_names(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise InvalidRequest for a name in a query, or at the top of a body, that is not known."""
    try:
        refuse_unknown(given, known)
    except UnknownName as error:
        raise InvalidRequest(str(error)) from None


def query_of(request: HTTPConnection) -> dict[str, str]:
    """Return the query string by name. Raises InvalidRequest where it has a name twice."""
    given = request.query_params.multi_items()
    if len({name for name, _ in given}) < len(given):
        raise InvalidRequest("The query has a name twice")
    refuse_nul("The query", (text for pair in given for text in pair))
    return dict(given)


def parse_values(values: Mapping[str, Any], adapter: TypeAdapter[Parsed]) -> Parsed:
    """Parse the texts of path and query, by name, with the adapter. Raises InvalidRequest."""
    try:
        return adapter.validate_python(dict(values))
    except ValidationError as error:
        raise _refusal(error, adapter.json_schema, "The query") from None


async def parse_object(
    request: Request, adapter: TypeAdapter[Parsed], seconds: float, known: Iterable[str], more: Mapping[str, Any]
) -> Parsed:
    """Parse the body's JSON object of these names, with `more` in it, with the adapter.

    Raises InvalidRequest, HTTPException 408 and 413, ClientDisconnect.
    """
    given = object_in(text_of(await read(request, seconds), request))
    refuse_names(given, known)
    return from_values({**given, **more}, adapter, strict=True)


def from_values(values: Mapping[str, Any], adapter: TypeAdapter[Parsed], *, strict: bool) -> Parsed:
    """Validate JSON values by name with the adapter. Raises InvalidRequest."""
    refuse_nul("The body", _texts(dict(values)))
    try:
        return adapter.validate_json(to_json(values), strict=strict)
    except ValidationError as error:
        raise _refusal(error, adapter.json_schema) from None


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
        elif size > DISCARDED:
            break
    whole = None if size > MAX_BODY else _inflated(bytes(body), request)
    if whole is None:
        raise HTTPException(413, f"The body is larger than {MAX_BODY} bytes", {"Connection": "close"})
    return whole


def _inflated(body: bytes, request: Request) -> bytes | None:
    try:
        return decompressed(body, request.headers.get("content-encoding", ""), MAX_BODY)
    except NotJson as error:
        raise InvalidRequest(str(error)) from None


_UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
"""pydantic's types of error for an unknown name, in a model and in a dataclass."""


def _refusal(error: ValidationError, schema: Callable[[], dict[str, Any]], whole: str = "The body") -> InvalidRequest:
    """Return the sentence for an error. An unknown name comes first, for it explains a missing one."""
    details = error.errors(include_url=False, include_input=False)
    for detail in details:
        if detail["type"] in _UNKNOWN:
            inside, known = place_of(detail["loc"], schema_of(schema))
            return InvalidRequest(sentence(str(detail["loc"][-1]), known, inside))
    return InvalidRequest(_sentence(details[0], whole))


def _sentence(detail: ErrorDetails, place: str) -> str:
    """Return the first thing that is wrong, in words fit for the caller."""
    if detail["type"] == "json_invalid":
        return fault(str(detail["ctx"]["error"]))
    if not detail["loc"]:
        if detail["type"] != "value_error":
            return "The body is not a JSON object"
        said = _SUBJECT.sub("", detail["msg"])
        return f"{place} {said}" if said.startswith("should ") else said
    if detail["type"] == "missing":
        return f"{detail['loc'][0]} is missing"
    if detail["type"] == "string_pattern_mismatch":
        kinds = (_KINDS[name] for name in reversed(detail["loc"]) if name in _KINDS)
        place = ".".join(str(part) for part in detail["loc"] if not str(part).startswith(("function-", "tuple[")))
        return f"{place} is not {next(kinds, 'a number or a chat id')}"
    what = _SUBJECT.sub("", detail["msg"])
    return f"{detail['loc'][0]} {what}"
