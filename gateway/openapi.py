"""The OpenAPI 3.1 document, made of a table of calls. Pure.

Its shapes are the ones that validate requests and fill answers.
https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from actors.clients.events import EVENTS, AccountEvent
from actors.clients.operations import Effect
from actors.clients.operations.base import NOT_FOUND
from actors.clients.types import MAX_CLIENT_ID
from gateway.calls import Call, MediaType, Parameter, adapter_of, file_fields, takes_body
from gateway.schemas.files import FileSource
from gateway.schemas.messages import SentAnswer
from gateway.schemas.shape import ErrorAnswer
from gateway.security.auth import Need, Whose

ERRORS: Mapping[int, tuple[str, ...]] = {
    400: ("BAD_REQUEST", "INVALID_REQUEST", "MISSING_HEADER", "INVALID_HEADER"),
    401: ("UNAUTHORIZED",),
    403: ("FORBIDDEN",),
    408: ("REQUEST_TIMEOUT",),
    413: ("PAYLOAD_TOO_LARGE",),
    421: ("MISDIRECTED_REQUEST",),
    429: ("RATE_LIMIT_EXCEEDED",),
    431: ("REQUEST_HEADER_FIELDS_TOO_LARGE",),
    503: ("STARTING", "SHUTTING_DOWN", "OVERLOADED", "NO_ANSWER", "STORE_UNAVAILABLE"),
}
"""The errors of every call: 401 where a key is needed, 408 and 413 where there is a body."""
_NOT_FOUND = tuple(dict.fromkeys(NOT_FOUND.values()))
_OPERATION_ERRORS: Mapping[Effect, Mapping[int, tuple[str, ...]]] = {
    Effect.READ: {
        404: _NOT_FOUND,
        409: ("SESSION_NOT_READY", "OPERATION_REFUSED"),
        503: ("OPERATION_UNANSWERED",),
    },
    Effect.CHANGE: {
        404: _NOT_FOUND,
        409: ("SESSION_NOT_READY", "OPERATION_REFUSED"),
        500: ("OPERATION_UNKNOWN",),
        503: ("OPERATION_UNANSWERED",),
    },
    Effect.SEND: {
        409: ("SESSION_NOT_READY",),
        422: ("IDEMPOTENCY_KEY_REUSED",),
        429: ("OUTBOX_FULL",),
        500: ("SEND_FAILED",),
    },
}
_FILE_ERRORS: Mapping[int, tuple[str, ...]] = {
    404: ("MEDIA_NOT_FOUND",),
    422: ("MEDIA_REFUSED",),
    502: ("MEDIA_UNREACHABLE",),
    507: ("MEDIA_FULL",),
}
"""The errors of an operation that takes a file."""
_WITH_BODY, _WITH_KEY = frozenset({408, 413}), frozenset({401})
_REF = "#/components/schemas/{model}"
_HEADER = "X-Cliente-Id"
_CLIENT = Parameter({"type": "integer", "minimum": 1, "maximum": MAX_CLIENT_ID}, "The client's number.")
_DONE = {"type": "object", "properties": {"success": {"const": True}}, "required": ["success"]}

Shapes = Mapping[tuple[Any, str], dict[str, Any]]


class Description:
    """The document of one application, made when it is first asked for."""

    def __init__(self, calls: Iterable[Call], version: str) -> None:
        self._calls, self._version = list(calls), version

    @cached_property
    def json(self) -> bytes:
        """The document as JSON."""
        return json.dumps(document(self._calls, self._version), separators=(",", ":")).encode("ascii")


def document(calls: Iterable[Call], version: str) -> dict[str, Any]:
    """Return the whole document, ready for JSON."""
    calls = [call for call in calls if call.described]
    shapes, components = _shapes(calls)
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        described = {"operationId": _name(call.method, call.path)} | _operation(call, shapes)
        paths.setdefault(call.path, {})[call.method.lower()] = described
    for call in calls:
        if call.operation is not None and call.arguments:  # types of its arguments that have a name of their own
            components |= adapter_of(call.operation).json_schema(ref_template=_REF).get("$defs", {})
    for call in calls:
        if call.query is not None:  # its fields are parameters
            components.pop(call.query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "session-manager",
            "version": version,
            "description": "Keeps many WhatsApp clients alive on one host. X-Cliente-Id says which client a call is "
            "about; the key decides whether its holder may.",
        },
        "paths": paths,
        "webhooks": {type: _event(event) for type, event in EVENTS.items()},
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(call.tag for call in calls)],
    }


def _event(event: type[AccountEvent]) -> dict[str, Any]:
    """Return how an event comes to a webhook; streams and the long poll carry the same, with a `position`."""
    first, _, rest = (inspect.getdoc(event) or "").partition("\n\n")
    fields = {name: _field(event, name) for name in event.fields}
    payload = {"type": "object", "description": "The data of the event.", "properties": fields}
    envelope: dict[str, Any] = {
        "id": {"type": "string", "description": "A ULID, the same in every delivery of the event."},
        "type": {"const": event.type, "description": "The type of the event."},
        "cliente_id": {"type": "integer", "description": "The client's number."},
        "sequence": {"type": "integer", "description": "Counts the events of one client from 1, without a gap."},
        "at": {"type": "string", "format": "date-time", "description": "When the service heard of it."},
        "payload": payload,
    }
    example = {
        "id": "01K5Y4N8Z6T1W3R5Q7P9M2K4JH",
        "type": event.type,
        "cliente_id": 99,
        "sequence": 1,
        "at": "2026-01-31T12:00:00.000Z",
        "payload": dict(event.example),
    }
    schema = {"type": "object", "properties": envelope, "required": [*envelope]}
    return {
        "post": {
            "operationId": "event_" + event.type.replace(".", "_"),
            "summary": " ".join(first.split()).rstrip("."),
            "description": " ".join(rest.split()),
            "requestBody": {"content": {"application/json": {"schema": schema, "example": example}}},
            "responses": {"2XX": {"description": "The event has arrived; every other answer repeats it later."}},
        }
    }


def _field(event: type[AccountEvent], name: str) -> dict[str, Any]:
    """Return the schema of a field of an event's payload; docs/events.md says what the fields are."""
    if name not in event.parts:
        return {"description": f"See docs/events.md, `{event.type}`."}
    parts = ", ".join(event.parts[name])
    return {"description": f"An object, or a list of objects, with {parts}; null where there is none."}


def _shapes(calls: Iterable[Call]) -> tuple[Shapes, dict[str, Any]]:
    """Return the schema of every shape, in each mode of its use, and the components that they refer to."""
    wanted: dict[tuple[Any, str], None] = {(ErrorAnswer, "serialization"): None}
    for call in calls:
        for shape in (call.body, call.query):
            if shape is not None:
                wanted[shape, "validation"] = None
        for shape in _answers(call).values():
            if not isinstance(shape, MediaType):
                wanted[shape, "serialization"] = None
    adapters: Any = [(index, mode, TypeAdapter(shape)) for index, (shape, mode) in enumerate(wanted)]
    found, definitions = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    schemas: Shapes = {key: dict(found[index, adapters[index][1]]) for index, key in enumerate(wanted)}
    return schemas, definitions.get("$defs", {})


def _answers(call: Call) -> Mapping[int, Any]:
    """Return the call's answers by status: those of its row, or its operation's answer."""
    if call.operation is None or call.answers:
        return call.answers
    if call.operation.effect is Effect.SEND:
        return {200: SentAnswer}
    if call.operation.answer is None:
        return {200: MediaType("application/json", _DONE)}
    return {200: call.operation.answer}


def _operation(call: Call, shapes: Shapes) -> dict[str, Any]:
    return {
        "tags": [call.tag],
        "summary": call.summary,
        "description": " ".join(filter(None, (call.text, _who(call.need)))),
        "parameters": [*_parameters(call, shapes)],
        **_body(call, shapes),
        "responses": _responses(call, shapes),
        "security": [] if call.need.scope is None else [{"key": []}, {"bearer": []}],
    }


def _who(need: Need) -> str:
    if need.scope is None:
        return "Public."
    clients = " for all clients" if need.whose is Whose.ALL else ""
    return f"Needs a key with the scope `{need.scope}`{clients}, wherever keys are used."


def _parameters(call: Call, shapes: Shapes) -> Iterator[dict[str, Any]]:
    headers = {**({_HEADER: _CLIENT} if call.need.whose is Whose.CLIENT else {}), **call.headers}
    for name in _in_path(call.path):
        parameter = _path_parameter(call, name)
        yield _parameter("path", name, parameter.schema, parameter.text, True)
    for name, parameter in headers.items():
        yield _parameter("header", name, parameter.schema, parameter.text, name == _HEADER)
    if call.query is not None:
        yield from _query(call.query.model_json_schema(ref_template=_REF))
    if call.operation is not None and not takes_body(call):
        yield from _query(_arguments(call))


def _in_path(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _path_parameter(call: Call, name: str) -> Parameter:
    """Return the parameter of the row, or the client's number, or the operation's field of this name."""
    if name in call.parameters:
        return call.parameters[name]
    if name == call.need.parameter:
        return _CLIENT
    assert call.operation is not None, f"{call.method} {call.path}: say what {name} is"
    schema = adapter_of(call.operation).json_schema()["properties"][name]
    return Parameter({key: value for key, value in schema.items() if key != "title"})


def _query(shape: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    required = shape.get("required", ())
    for name, schema in shape["properties"].items():
        yield _parameter("query", name, _without_null(schema), schema.get("description", ""), name in required)


def _arguments(call: Call) -> dict[str, Any]:
    """Return the schema of the operation's arguments in query or body."""
    whole = adapter_of(call.operation).json_schema(ref_template=_REF)
    files = dict.fromkeys(file_fields(call.operation) if call.operation else (), FileSource.model_json_schema())
    properties = {name: files.get(name, whole["properties"][name]) for name in call.arguments}
    required = [name for name in whole.get("required", ()) if name in properties]
    return {"type": "object", "properties": properties, "required": required}


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema without null: a query has no null, and a nullable argument may be left out."""
    plain: dict[str, Any] = {
        name: value for name, value in schema.items() if name not in ("title", "description", "anyOf")
    }
    if plain.get("default", ...) is None:
        del plain["default"]
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        return {**plain, **kinds[0]}
    return plain | ({"anyOf": kinds} if kinds else {})


def _parameter(where: str, name: str, schema: Mapping[str, Any], text: str, required: bool) -> dict[str, Any]:
    described = {"name": name, "in": where, "required": required, "schema": dict(schema)}
    if schema.get("type") == "array":
        described |= {"style": "form", "explode": False}  # one text, with commas between the values
    return described | ({"description": text} if text else {})


def _body(call: Call, shapes: Shapes) -> dict[str, Any]:
    content = {kind: {"schema": dict(schema)} for kind, schema in call.bodies.items()}
    if call.body is not None:
        content = _json(shapes[call.body, "validation"]) | content
    elif takes_body(call):
        content = _json(_arguments(call)) | content
    return {"requestBody": {"required": True, "content": content}} if content else {}


def _responses(call: Call, shapes: Shapes) -> dict[str, Any]:
    answers, errors = _answers(call), _errors(call)
    statuses = sorted({*answers, *errors})
    told = {str(status): _response(answers.get(status), errors.get(status), shapes) for status in statuses}
    if (example := _example(call)) is not None:
        told["200"]["content"]["application/json"]["example"] = example
    return told


def _example(call: Call) -> Any:
    """Return an answer of an operation, as it declares it; None where a handler does the work, or the outbox."""
    kind = call.operation
    if kind is None or call.answers or kind.effect is Effect.SEND:
        return None
    if kind.answer is None:
        return {"success": True}
    return adapter_of(kind.answer).dump_python(kind.example, mode="json")


def _errors(call: Call) -> dict[int, tuple[str, ...]]:
    with_body = call.body is not None or takes_body(call) or bool(call.bodies)
    absent = (frozenset() if with_body else _WITH_BODY) | (_WITH_KEY if call.need.scope is None else frozenset())
    shared = {status: codes for status, codes in ERRORS.items() if status not in absent}
    own = {**_operation_errors(call), **call.errors}
    return {status: own.get(status, ()) + shared.get(status, ()) for status in sorted({*shared, *own})}


def _operation_errors(call: Call) -> dict[int, tuple[str, ...]]:
    if call.operation is None:
        return {}
    by_effect = _OPERATION_ERRORS[call.operation.effect]
    of_files = _FILE_ERRORS if file_fields(call.operation) else {}
    return {status: by_effect.get(status, ()) + of_files.get(status, ()) for status in {*by_effect, *of_files}}


def _response(answer: Any, codes: tuple[str, ...] | None, shapes: Shapes) -> dict[str, Any]:
    described = {"description": ", ".join(codes) if codes else "As asked."}
    if isinstance(answer, MediaType):
        return described | {"content": {answer.type: {"schema": dict(answer.schema)}}}
    error = shapes[ErrorAnswer, "serialization"] if codes else None
    schemas = [schema for schema in (None if answer is None else shapes[answer, "serialization"], error) if schema]
    return described | {"content": _json(schemas[0] if len(schemas) == 1 else {"anyOf": schemas})}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": dict(schema)}}


def _name(method: str, path: str) -> str:
    return "_".join([method.lower(), *(part.strip("{}") for part in path.split("/") if part)]).replace("-", "_")
