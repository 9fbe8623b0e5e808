"""Generates `docs/operations.md` from the tables of calls, and from the worlds in which every operation is tested."""

from __future__ import annotations

import dis
import inspect
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import CodeType, FunctionType
from typing import Any

from actors.clients.operations import OPERATIONS, Operation
from gateway.api import CALLS
from gateway.schemas.messages import CONTENTS
from gateway.waha.calls import Missing
from gateway.waha.table import WAHA_CALLS

HEAD = """# Operations

Everything that a client can be asked to do in WhatsApp. The table is generated from the code (`make docs`).

Tests carry out each operation in four worlds: by the fake browser, and by real Chromium with the real wa-js on the
[sandbox](sandbox.md): on its modern page, on its classic page, and with an account that has moved to LIDs
(`tests/browser/test_linked_operations.py`; those around a login in `test_operations.py`). A new operation is tried in
all of them, without a test of its own. None of this was seen on the live WhatsApp Web.

Sends go through [the outbox](durability.md); "none" of a native call means that only the service itself orders it.
[WAHA's calls](waha.md) are those of its tiers 1 and 2.

| Operation | Effect | Native call | Calls of WAHA | Fake | Modern | Classic | LIDs |
|---|---|---|---|---|---|---|---|
"""
BY_HANDLER: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "fetchMedia": (
        ("POST /chats/{chat}/messages/{message}/media",),
        ("GET /api/{session}/chats/{chatId}/messages", "GET /api/{session}/chats/{chatId}/messages/{messageId}"),
    ),
    "logOut": (
        ("POST /logout", "DELETE /session/{clienteId}"),
        ("POST /api/sessions/{session}/logout", "DELETE /api/sessions/{session}"),
    ),
    "lookUp": ((), ()),
    "refreshQr": ((), ()),
    "requestPairingCode": (("POST /pairing-code",), ("POST /api/{session}/auth/request-code",)),
    "takeScreenshot": (("GET /clients/{id}/screenshot",), ("GET /api/screenshot",)),
}
"""Operations that a handler orders, or the service by itself: their native calls, and those of WAHA."""
_THERE = {f"{one.method} {one.path}" for one in CALLS} | {f"{one.method} {one.path}" for one in WAHA_CALLS}
assert all(one in _THERE for calls in BY_HANDLER.values() for part in calls for one in part)


def operations_page() -> str:
    """Return the page."""
    native, waha = _native(), _waha()
    return HEAD + "".join(
        f"| `{name}` | {_summary(kind)} | {_calls(native[name])} | {_calls(waha[name])} | yes | yes | yes | yes |\n"
        for name, kind in OPERATIONS.items()
    )


def _native() -> Mapping[str, Sequence[str]]:
    """Return the native calls of each operation. Raises KeyError for one that nobody can ask for."""
    found: dict[str, list[str]] = defaultdict(list)
    for call in CALLS:
        if call.operation is not None:
            found[call.operation.operation_name].append(f"{call.method} {call.path}")
    for field, kind in CONTENTS.items():
        found[kind.operation_name].append(f"POST /messages ({field})")
    return {name: found.get(name) or BY_HANDLER[name][0] for name in OPERATIONS}


def _waha() -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for call in WAHA_CALLS:
        if call.tier and not isinstance(call.work, Missing):
            for kind in ordered_by(call.work):
                found[kind.operation_name].append(f"{call.method} {call.path}")
    return {name: found.get(name) or BY_HANDLER.get(name, ((), ()))[1] for name in OPERATIONS}


def ordered_by(handler: object) -> set[type[Operation[Any]]]:
    """Return the operations that a handler names, or a function that it calls."""
    return {kind for value in _named(handler, set()) for kind in _operations(value)}


def _operations(value: object) -> Iterator[type[Operation[Any]]]:
    if isinstance(value, type) and issubclass(value, Operation) and value in OPERATIONS.values():
        yield value
    elif is_dataclass(value) and not isinstance(value, type):  # a kind of message names its operation
        for field in fields(value):
            yield from _operations(getattr(value, field.name))


def _named(value: object, seen: set[object]) -> Iterator[object]:
    """Yield what a function's code names, and what the functions of WAHA's calls among it name."""
    yield value
    if not isinstance(value, FunctionType) or value in seen or not value.__module__.startswith("gateway.waha"):
        return
    seen.add(value)
    for name in _names_in(value.__code__):
        yield from _named(value.__globals__.get(name), seen)
    for cell in value.__closure__ or ():
        yield from _named(cell.cell_contents, seen)


def _names_in(code: CodeType) -> Iterator[str]:
    """Yield the names that code looks up in its module."""
    yield from (str(one.argval) for one in dis.get_instructions(code) if one.opname == "LOAD_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _summary(kind: type[Operation[Any]]) -> str:
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split()).rstrip(".")


def _calls(calls: Sequence[str]) -> str:
    return "<br>".join(f"`{call}`" for call in calls) or "none"
