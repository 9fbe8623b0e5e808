"""The text of each property of the document: the docstring beneath its field, or the word of the glossary."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

from actors.clients.operations.messages import SendText
from gateway.openapi.glossary import PROPERTIES, SHAPES
from gateway.schemas.messages import CONTENTS, MessageAnswer, MessageRequest, SendRequest, shape_name

Schema = dict[str, Any]
Owners = tuple[type, ...]
"""The classes whose declarations say what the properties of a schema are; the first that says it counts."""
_INSIDE = ("items", "additionalProperties")
_CHOICES = ("anyOf", "oneOf", "allOf")


def describe(schema: Mapping[str, Any], owners: Owners = ()) -> Schema:
    """Return the schema with a description of each property, at every depth."""
    described = dict(schema)
    if "properties" in described:
        described["properties"] = {
            name: describe(_property(value, text_of(owners, name))) for name, value in described["properties"].items()
        }
    for key in _INSIDE:
        if isinstance(described.get(key), Mapping):
            described[key] = describe(described[key])
    for key in _CHOICES:
        if key in described:
            described[key] = [describe(choice) for choice in described[key]]
    return described


def _property(schema: Mapping[str, Any], text: str) -> Schema:
    """Return a property's schema with its text.

    Without the title, which says the name again; and without a default of null that says only: it may be left out.
    """
    idle = {"title"} if schema.get("default", ...) is not None or _takes_null(schema) else {"title", "default"}
    plain = {key: value for key, value in schema.items() if key not in idle}
    return plain if "description" in plain or not text else {**plain, "description": text}


def _takes_null(schema: Mapping[str, Any]) -> bool:
    choices = (*schema.get("anyOf", ()), schema)
    return any("null" in choice.get("type", ()) or None in choice.get("enum", ()) for choice in choices)


def text_of(owners: Owners, name: str) -> str:
    """Return what a property is; empty where nothing says it."""
    for kind in owners:
        if text := SHAPES.get(f"{kind.__name__}.{name}") or declared(kind, name):
            return text
    return PROPERTIES.get(name, "")


def declared(kind: type, name: str) -> str:
    """Return the docstring beneath a field of the class itself; empty where it has none."""
    return _of_module(kind.__module__).get(kind.__name__, {}).get(name, "")


@cache
def _of_module(name: str) -> Mapping[str, Mapping[str, str]]:
    """Return the docstrings beneath the fields of a module's classes: class -> field -> text."""
    if name.partition(".")[0] not in ("actors", "gateway"):
        return {}
    tree = ast.parse(inspect.getsource(sys.modules[name]))
    return {node.name: dict(_texts(node)) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def _texts(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, after in zip(node.body, node.body[1:], strict=False):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())


def owners_in(shapes: Iterable[Any]) -> dict[str, Owners]:
    """Return the owners of all models and dataclasses that these shapes are made of, by their names."""
    found: dict[str, Owners] = {}
    waiting = list(shapes)
    while waiting:
        part = waiting.pop()
        waiting.extend(get_args(part))
        if not isinstance(part, type) or part.__name__ in found:
            continue
        if issubclass(part, BaseModel):
            waiting.extend(field.annotation for field in part.model_fields.values())
        elif is_dataclass(part):
            waiting.extend(get_type_hints(part).values())
        else:
            continue
        found[part.__name__] = owners_of(part)
    return found


def owners_of(kind: type) -> Owners:
    """Return the owners of a model, a dataclass or an operation."""
    return (*kind.__mro__, *_MADE_OF.get(kind.__name__, ()))


_MADE_OF: Mapping[str, Owners] = {
    **dict.fromkeys((SendRequest.__name__, MessageRequest.__name__, MessageAnswer.__name__), SendText.__mro__),
    **{shape_name(name, answered=answered): CONTENTS[name].__mro__ for name in CONTENTS for answered in (False, True)},
}
"""Shapes whose fields are those of operations."""
