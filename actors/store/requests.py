"""The two kinds of request to the store, `Write` and `Read`, both generic in their answer.

A request has its own `run`, which gets a connection inside a transaction and does nothing but SQL: no clock (instants
come with the message), no commit, no actor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from actors.runtime import Work

Answer = TypeVar("Answer", covariant=True)

CarryOut = Callable[[Connection, Any], Any]
"""A function that runs a message in a connection's transaction and returns its answer."""


class Write(Generic[Answer]):
    """A change, answered once it is on disk. It is always accepted, unless the subclass is Work too."""

    __slots__ = ()

    def run(self, connection: Connection) -> Answer:
        """Run it in the writer's thread, in a savepoint; an exception undoes it and answers the asker."""
        raise NotImplementedError


class Read(Work, Generic[Answer]):
    """A query, answered from disk without waiting for any write."""

    __slots__ = ()

    def run(self, connection: Connection) -> Answer:
        """Run it in the reader's thread."""
        raise NotImplementedError


def carry_out(connection: Connection, message: Any) -> Any:
    """Run a Write or a Read in the connection's transaction, and return its answer."""
    return message.run(connection)
