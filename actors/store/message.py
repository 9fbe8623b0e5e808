"""The two kinds of message the store takes, both generic in their answer.

A message carries itself out: `run` gets a connection inside a transaction, and does nothing but SQL: no clock (instants
come with the message), no commit, no actor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from actors.runtime import Work

Answer = TypeVar("Answer", covariant=True)

Operations = Mapping[type[Any], Callable[[Connection, Any], Any]]
"""What carries out each type of message."""
CarryOut = Callable[[Connection, Any], Any]
"""Carries out a message in a connection's transaction, and returns its answer."""


class Write(Generic[Answer]):
    """Changes something; answered once it is on disk. A fact, always taken in, unless the subclass is Work too."""

    __slots__ = ()

    def run(self, connection: Connection) -> Answer:
        """Carry it out. Runs in the writer's thread, in a savepoint; what it raises undoes it and answers the asker."""
        raise NotImplementedError


class Read(Work, Generic[Answer]):
    """Changes nothing; answered from what is on disk, without waiting for any write."""

    __slots__ = ()

    def run(self, connection: Connection) -> Answer:
        """Carry it out. Runs in the reader's thread."""
        raise NotImplementedError
