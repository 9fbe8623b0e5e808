"""The two kinds of message the store takes, both generic in their answer.

A module of this package that owns a table defines its messages, the functions that carry them out, and a table from the
one to the other; `operations` puts the tables together. The functions take a connection inside a transaction and the
message, and do nothing but SQL: no clock (instants come with the message), no commit, no actor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from actors.runtime import Work

Answer = TypeVar("Answer", covariant=True)

Operations = Mapping[type[Any], Callable[[Connection, Any], Any]]
"""What carries out each type of message."""


class Write(Generic[Answer]):
    """Changes something; answered once it is on disk. A fact, always taken in, unless the subclass is Work too."""

    __slots__ = ()


class Read(Work, Generic[Answer]):
    """Changes nothing; answered from what is on disk, without waiting for any write."""

    __slots__ = ()
