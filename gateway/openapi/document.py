"""The OpenAPI 3.1 document, made of the routes, the table of operations and the shapes. Pure.

https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter
from starlette.routing import BaseRoute, Route

from gateway.admission.authority import Need, Whose
from gateway.openapi.operation import CLIENT, Media, Operation
from gateway.openapi.operations import OPERATIONS
from gateway.schemas.shape import ErrorAnswer

Call = tuple[str, str]
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
"""What any call can get: 401 where a key is needed, 408 and 413 where there is a body."""
_WITH_BODY, _WITH_KEY = frozenset({408, 413}), frozenset({401})
_NOT_IN_A_PARAMETER = frozenset({"title", "description", "anyOf"})
_REF = "#/components/schemas/{model}"
_HEADER = "X-Cliente-Id"

Shapes = Mapping[tuple[Any, str], dict[str, Any]]


class Description:
    """The document of one application, made when it is first asked for. Raises KeyError as `described` does."""

    def __init__(self, routes: Iterable[BaseRoute], needs: Mapping[Call, Need], version: str) -> None:
        self._routes, self._needs, self._version = list(routes), needs, version
        described(self._routes)

    @cached_property
    def json(self) -> bytes:
        """The document as it goes out."""
        return json.dumps(document(self._routes, self._needs, self._version), separators=(",", ":")).encode("ascii")


def described(routes: Iterable[BaseRoute]) -> list[Call]:
    """The calls that are to be described. Raises KeyError for one that the table of operations does not have."""
    calls: list[Call] = []
    for route in routes:
        if isinstance(route, Route) and route.include_in_schema:
            calls += [(method, route.path) for method in sorted(route.methods or ()) if method != "HEAD"]
    for method, path in calls:
        if (method, path) not in OPERATIONS:
            raise KeyError(f"{method} {path} has no row in gateway.openapi.operations.OPERATIONS: describe it")
    return calls


def document(routes: Iterable[BaseRoute], needs: Mapping[Call, Need], version: str) -> dict[str, Any]:
    """The whole document, ready for JSON. Raises KeyError as `described` does."""
    calls = described(routes)
    operations = [OPERATIONS[call] for call in calls]
    shapes, components = _shapes(operations)
    paths: dict[str, dict[str, Any]] = {}
    for method, path in calls:
        described_call = _operation(OPERATIONS[method, path], needs[method, path], shapes)
        paths.setdefault(path, {})[method.lower()] = {"operationId": _name(method, path)} | described_call
    for operation in operations:
        if operation.query is not None:  # told as parameters
            components.pop(operation.query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "session-manager",
            "version": version,
            "description": "Keeps many WhatsApp clients alive on one host. X-Cliente-Id says which client a call is "
            "about; the key decides whether its holder may.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
    }


def _shapes(operations: Iterable[Operation]) -> tuple[Shapes, dict[str, Any]]:
    """The schema of every shape, in each mode it is used in, and the components they refer to."""
    wanted: dict[tuple[Any, str], None] = {(ErrorAnswer, "serialization"): None}
    for operation in operations:
        for shape in (operation.body, operation.query):
            if shape is not None:
                wanted[shape, "validation"] = None
        for shape in operation.answers.values():
            if not isinstance(shape, Media):
                wanted[shape, "serialization"] = None
    adapters: Any = [(index, mode, TypeAdapter(shape)) for index, (shape, mode) in enumerate(wanted)]
    found, definitions = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    schemas: Shapes = {key: dict(found[index, adapters[index][1]]) for index, key in enumerate(wanted)}
    return schemas, definitions.get("$defs", {})


def _operation(operation: Operation, need: Need, shapes: Shapes) -> dict[str, Any]:
    return {
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": " ".join(filter(None, (operation.text, _who(need)))),
        "parameters": _parameters(operation, shapes),
        **_body(operation, shapes),
        "responses": _responses(operation, need, shapes),
        "security": [] if need.scope is None else [{"key": []}, {"bearer": []}],
    }


def _who(need: Need) -> str:
    if need.scope is None:
        return "Open to strangers."
    clients = " for all clients" if need.whose is Whose.ALL else ""
    return f"Needs a key with the scope `{need.scope}`{clients}, wherever keys are used."


def _parameters(operation: Operation, shapes: Shapes) -> list[dict[str, Any]]:
    headers = {**({_HEADER: CLIENT} if operation.client else {}), **operation.headers}
    return [
        *(_parameter("path", name, told.schema, told.text, True) for name, told in operation.path.items()),
        *(_parameter("header", name, told.schema, told.text, name == _HEADER) for name, told in headers.items()),
        *_query(operation, shapes),
    ]


def _query(operation: Operation, shapes: Shapes) -> Iterable[dict[str, Any]]:
    if operation.query is None:
        return
    shape = operation.query.model_json_schema(ref_template=_REF)
    required = shape.get("required", ())
    for name, schema in shape["properties"].items():
        yield _parameter("query", name, _without_null(schema), schema.get("description", ""), name in required)


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A query has no null: what may be null may be left out."""
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
    told = {"name": name, "in": where, "required": required, "schema": dict(schema)}
    return told | ({"description": text} if text else {})


def _body(operation: Operation, shapes: Shapes) -> dict[str, Any]:
    if operation.body is None:
        return {}
    return {"requestBody": {"required": True, "content": _json(shapes[operation.body, "validation"])}}


def _responses(operation: Operation, need: Need, shapes: Shapes) -> dict[str, Any]:
    errors = _errors(operation, need)
    statuses = sorted({*operation.answers, *errors})
    return {str(status): _response(operation.answers.get(status), errors.get(status), shapes) for status in statuses}


def _errors(operation: Operation, need: Need) -> dict[int, tuple[str, ...]]:
    absent = (frozenset() if operation.body else _WITH_BODY) | (_WITH_KEY if need.scope is None else frozenset())
    shared = {status: codes for status, codes in ERRORS.items() if status not in absent}
    both = sorted({*shared, *operation.errors})
    return {status: operation.errors.get(status, ()) + shared.get(status, ()) for status in both}


def _response(answer: Any, codes: tuple[str, ...] | None, shapes: Shapes) -> dict[str, Any]:
    told = {"description": ", ".join(codes) if codes else "As asked."}
    if isinstance(answer, Media):
        return told | {"content": {answer.type: {"schema": dict(answer.schema)}}}
    error = shapes[ErrorAnswer, "serialization"] if codes else None
    schemas = [schema for schema in (None if answer is None else shapes[answer, "serialization"], error) if schema]
    return told | {"content": _json(schemas[0] if len(schemas) == 1 else {"anyOf": schemas})}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": dict(schema)}}


def _name(method: str, path: str) -> str:
    return "_".join([method.lower(), *(part.strip("{}") for part in path.split("/") if part)]).replace("-", "_")
