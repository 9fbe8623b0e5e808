"""The OpenAPI 3.1 document, made of a table of calls. Pure.

Its shapes are the ones that validate requests and fill answers.
https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from actors.clients.events import EVENTS
from actors.clients.operations import Effect
from actors.clients.operations.base import NOT_FOUND
from actors.clients.operations.fields import File
from actors.clients.types import MAX_CLIENT_ID
from gateway.calls import BYTES, Call, MediaType, Parameter, adapter_of, file_fields, takes_body
from gateway.openapi.descriptions import declared, describe, owners_in, owners_of
from gateway.openapi.events import webhook
from gateway.openapi.examples import Examples
from gateway.openapi.glossary import CODES, PARAMETERS
from gateway.openapi.values import IDS
from gateway.openapi.values import PARAMETERS as VALUES
from gateway.schemas.files import FileSource
from gateway.schemas.messages import SentAnswer
from gateway.schemas.shape import ErrorAnswer
from gateway.security.auth import Need, Whose

ERRORS: Mapping[int, tuple[str, ...]] = {
    400: ("INVALID_REQUEST", "BAD_REQUEST"),
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
_FILE_SOURCE = _REF.format(model=FileSource.__name__)
_HEADER, _JSON = "X-Cliente-Id", "application/json"
_CLIENT = Parameter({"type": "integer", "minimum": 1, "maximum": MAX_CLIENT_ID}, "The client's number.")
_DONE = {"type": "object", "properties": {"success": {"const": True}}, "required": ["success"]}

_ABOUT = """Keeps many WhatsApp clients alive on one host. A client is one linked device of one account. It has a number
of your choice, which the header `X-Cliente-Id` names.

1. `POST /init` starts a client.
2. `GET /qr-code` returns its QR: scan it with the phone, under Linked devices.
3. `GET /status` says `READY`.
4. `POST /messages` queues a message, and `GET /messages/{id}` says how far it is. `POST /send` waits for WhatsApp.
5. What happens comes as events: by webhooks, by `GET /events`, or by `GET /events/next`.

Where keys are used, each call needs one, in `X-Api-Key` or as a bearer token. A key has scopes, and may be for some
clients only. Instants are ISO 8601 and durations seconds, unless a field says otherwise. A name that a call does not
have is refused, but for the calls of version 2.0.
"""

Shapes = Mapping[tuple[Any, str], dict[str, Any]]


class Description:
    """The document of one application, made when it is first asked for."""

    def __init__(self, calls: Iterable[Call], version: str) -> None:
        self._calls, self._version = list(calls), version

    def text(self) -> bytes:
        """Return the document as JSON. Any thread; the first takes half a second."""
        return self._text

    @cached_property
    def _text(self) -> bytes:
        # Emoji as they are: half a surrogate pair as an escape is no YAML, and many tools read this as YAML.
        return json.dumps(document(self._calls, self._version), separators=(",", ":"), ensure_ascii=False).encode()


def document(calls: Iterable[Call], version: str) -> dict[str, Any]:
    """Return the whole document, ready for JSON."""
    calls = [call for call in calls if call.described]
    shapes, components = _shapes(calls)
    owners = owners_in(shape for shape, _ in shapes)
    components = {name: describe(component, owners.get(name, ())) for name, component in components.items()}
    examples = Examples(components, owners)
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        described = {"operationId": _name(call.method, call.path)} | _operation(call, shapes, examples)
        paths.setdefault(call.path, {})[call.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "session-manager",
            "version": version,
            "description": _ABOUT,
        },
        "paths": paths,
        "webhooks": {type: webhook(event) for type, event in EVENTS.items()},
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        "tags": [{"name": tag, "description": text} for tag, text in _families(calls).items()],
    }


def _families(calls: Iterable[Call]) -> dict[str, str]:
    """Return what each family of calls is, in the order of the table."""
    found: dict[str, str] = {}
    for call in calls:
        found.setdefault(call.tag, call.family)
    return found


def _shapes(calls: Iterable[Call]) -> tuple[Shapes, dict[str, Any]]:
    """Return the schema of every shape, in each mode of its use, and the components that they refer to."""
    wanted: dict[tuple[Any, str], None] = {(ErrorAnswer, "serialization"): None, (FileSource, "validation"): None}
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
    components = definitions.get("$defs", {})
    for call in calls:
        if call.operation is not None and call.arguments:  # types of its arguments that have a name of their own
            components |= adapter_of(call.operation).json_schema(ref_template=_REF).get("$defs", {})
        if call.query is not None:  # its fields are parameters
            components.pop(call.query.__name__, None)
    components.pop(File.__name__, None)  # a caller hands in a FileSource
    return schemas, components


def _answers(call: Call) -> Mapping[int, Any]:
    """Return the call's answers by status: those of its row, or its operation's answer."""
    if call.operation is None or call.answers:
        return call.answers
    if call.operation.effect is Effect.SEND:
        return {200: SentAnswer}
    if call.operation.answer is None:
        return {200: MediaType("application/json", _DONE)}
    return {200: call.operation.answer}


def _operation(call: Call, shapes: Shapes, examples: Examples) -> dict[str, Any]:
    return {
        "tags": [call.tag],
        "summary": call.summary,
        "description": " ".join(filter(None, (call.text, _who(call.need)))),
        "parameters": [*_parameters(call, shapes)],
        **_body(call, shapes, examples),
        "responses": _responses(call, shapes, examples),
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
        yield _parameter("path", name, parameter.schema, parameter.text, call)
    for name, parameter in headers.items():
        needed = name == _HEADER and call.need.whose is Whose.CLIENT
        yield _parameter("header", name, parameter.schema, parameter.text, call if needed else None)
    if call.query is not None:
        yield from _query(call, call.query, call.query.model_json_schema(ref_template=_REF))
    if call.operation is not None and not takes_body(call):
        yield from _query(call, call.operation, _arguments(call))


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
    return Parameter({key: value for key, value in schema.items() if key != "title"}, _text(call.operation, name))


def _text(owner: type, name: str) -> str:
    """Return what a parameter is, which is a field of this class."""
    said = (declared(kind, name) for kind in owner.__mro__)
    return next(filter(None, said), PARAMETERS.get(name, ""))


def _query(call: Call, owner: type, shape: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, schema in shape["properties"].items():
        text = schema.get("description") or _text(owner, name)
        needed = name in shape.get("required", ())
        yield _parameter("query", name, _without_null(schema), text, call if needed else None)


def _arguments(call: Call) -> dict[str, Any]:
    """Return the schema of the operation's arguments in query or body."""
    whole = adapter_of(call.operation).json_schema(ref_template=_REF)
    files = file_fields(call.operation)
    properties = {
        name: {"$ref": _FILE_SOURCE} if name in files else whole["properties"][name] for name in call.arguments
    }
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


def _parameter(
    where: str, name: str, schema: Mapping[str, Any], text: str, needed_by: Call | None = None
) -> dict[str, Any]:
    """Return a parameter. The pages fill in an example: so only one that a call needs has it."""
    required = needed_by is not None
    described = {"name": name, "in": where, "required": required, "description": text, "schema": dict(schema)}
    if schema.get("type") == "array":
        described |= {"style": "form", "explode": False}  # one text, with commas between the values
    value = None if needed_by is None else _value(needed_by, name)
    return described if value is None else {**described, "example": value}


def _value(call: Call, name: str) -> Any:
    """Return a value of a parameter that the call needs; None where the tables have none."""
    return IDS.get(call.path.split("/")[1]) if name == "id" else VALUES.get(name)


def _body(call: Call, shapes: Shapes, examples: Examples) -> dict[str, Any]:
    schemas: dict[str, Mapping[str, Any]] = {}
    if call.body is not None:
        schemas = {_JSON: shapes[call.body, "validation"]}
    elif takes_body(call):
        schemas = {_JSON: _arguments(call), **_form(call)}
    kind_of_body = call.operation or call.body
    owners = () if kind_of_body is None else owners_of(kind_of_body)
    content = {}
    for kind, schema in {**schemas, **call.bodies}.items():
        described = describe(schema, owners)
        shown = examples.body(call.name, kind, described, owners)
        content[kind] = {"schema": described, **shown}
    return {"requestBody": {"required": True, "content": content}} if content else {}


def _form(call: Call) -> dict[str, dict[str, Any]]:
    """Return the schema of the body in multipart where an operation takes files: each is a part of its own."""
    if call.operation is None or not (files := file_fields(call.operation)):
        return {}
    schema = _arguments(call)
    parts = {name: BYTES if name in files else {"type": "string"} for name in schema["properties"]}
    return {"multipart/form-data": {"type": "object", "properties": parts, "required": schema["required"]}}


def _responses(call: Call, shapes: Shapes, examples: Examples) -> dict[str, Any]:
    answers, errors, own = _answers(call), _errors(call), _example(call)
    responses: dict[str, Any] = {}
    for status in sorted({*answers, *errors}):
        response = responses[str(status)] = _response(answers.get(status), errors.get(status), shapes)
        for kind, content in response["content"].items():
            if status == 200 and own is not None:
                content["example"] = own
            elif status in answers:
                content |= examples.answer(f"{status} of {call.name}", kind, content["schema"])
            else:
                content["example"] = _refusal(errors[status][0])
    return responses


def _refusal(code: str) -> dict[str, Any]:
    """Return an example of an error."""
    return {"error": True, "code": code, "message": CODES.get(code, "What was wrong, and what to do.")}


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
    if call.need.whose is Whose.CLIENT:
        shared[400] += ("MISSING_HEADER", "INVALID_HEADER")
    elif _HEADER in call.headers:
        shared[400] += ("INVALID_HEADER",)
    own = {**_operation_errors(call), **call.errors}
    return {status: own.get(status, ()) + shared.get(status, ()) for status in sorted({*shared, *own})}


def _operation_errors(call: Call) -> dict[int, tuple[str, ...]]:
    if call.operation is None:
        return {}
    by_effect = _OPERATION_ERRORS[call.operation.effect]
    of_files = _FILE_ERRORS if file_fields(call.operation) else {}
    return {status: by_effect.get(status, ()) + of_files.get(status, ()) for status in {*by_effect, *of_files}}


def _response(answer: Any, codes: tuple[str, ...] | None, shapes: Shapes) -> dict[str, Any]:
    said = [f"* `{code}`: {CODES[code]}" if code in CODES else f"* `{code}`" for code in codes or ()]
    described: dict[str, Any] = {"description": "\n".join(said) or "As asked."}
    if isinstance(answer, MediaType):
        return described | {"content": {answer.type: {"schema": describe(answer.schema)}}}
    error = shapes[ErrorAnswer, "serialization"] if codes else None
    schemas = [schema for schema in (None if answer is None else shapes[answer, "serialization"], error) if schema]
    return described | {"content": _json(schemas[0] if len(schemas) == 1 else {"anyOf": schemas})}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {_JSON: {"schema": dict(schema)}}


def _name(method: str, path: str) -> str:
    return "_".join([method.lower(), *(part.strip("{}") for part in path.split("/") if part)]).replace("-", "_")
