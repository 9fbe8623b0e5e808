"""The operations of a client, one declaration each.

    base      Operation, Effect: the declaration, and its consequences
    fields    the types of arguments, and their limits
    messages  sending, and looking up the fate of a message
    media     sending files
    changes   reactions, edits, deletions, stars and pins
    presence  reading, typing and being online
    chats     chats, and the messages in them
    contacts  numbers on WhatsApp, people, the address book
    groups    groups: members, texts, rules, pictures, links
    labels    labels of chats
    profile   the account's own profile, and calls to it
    status    statuses: what contacts see for a day
    received  the file of a message that came in
    account   pairing, logging out, a screenshot of the page

`OPERATIONS` has all operations of this package's modules, by name.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from actors.clients.operations.base import Effect, Failure, Operation

__all__ = ["OPERATIONS", "Effect", "Failure", "Operation"]


def _declared() -> dict[str, type[Operation[Any]]]:
    """Find every operation of this package's modules; the bases have no example."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, type)]
    operations = {kind for kind in found if issubclass(kind, Operation) and hasattr(kind, "example")}
    return {kind.operation_name: kind for kind in sorted(operations, key=lambda kind: kind.operation_name)}


OPERATIONS: dict[str, type[Operation[Any]]] = _declared()
"""Name -> class."""
