"""Group commit: many writes, one transaction, one flush of the disk; and nobody is answered before that.

Rules of this file:

* Each write stands in a savepoint of its own. What it raises undoes that write and answers its asker; its neighbours go
  on.
* What makes the database unusable ends the whole transaction: `StoreUnavailable` is raised, nothing of the group is on
  disk (or, on PostgreSQL, nobody knows), and `abandon` hands back all that waited.
* The answers are given by the caller, after `commit` has returned: it is the only proof that they are true.

No actor and no clock in here; one thread at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from actors.runtime import Refusal, ReplyTo
from actors.store import postgresql
from actors.store.errors import WriteFailed
from actors.store.faults import as_unavailable
from actors.store.message import CarryOut, Write

DATABASE_ERRORS = (SQLAlchemyError, sqlite3.Error, postgresql.Error)
Settle = Callable[[], None]
"""Gives one asker its answer."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pending:
    """A write, and who waits for it."""

    write: Write[Any]
    reply_to: ReplyTo


class GroupCommit:
    """The open transaction of one writer."""

    def __init__(self, engine: Engine, carry_out: CarryOut) -> None:
        self._engine = engine
        self._run = carry_out
        self._connection: Connection | None = None
        self._pending: list[Pending] = []
        self._settle: list[Settle] = []

    def __len__(self) -> int:
        """How many writes wait for the commit."""
        return len(self._pending)

    def apply(self, pending: Pending) -> None:
        """Carry out one write in the open transaction; the first one opens it. Raises StoreUnavailable."""
        self._pending.append(pending)
        with faults():
            self._settle.append(self._carry_out(self._transaction(), pending))

    def commit(self) -> list[Settle]:
        """Put the group on disk; call what is returned, in order, to give the answers. Raises StoreUnavailable."""
        if self._connection is not None and self._connection.in_transaction():
            with faults():
                self._connection.commit()
        settle, self._settle = self._settle, []
        self._pending.clear()
        return settle

    def abandon(self) -> list[Pending]:
        """Undo the group, give the connection up, and return those that waited."""
        self.close()
        pending, self._pending = self._pending, []
        self._settle.clear()
        return pending

    def close(self) -> None:
        """Close the connection, undoing what was not committed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # A broken connection cannot be closed politely; it is dropped all the same.
            with suppress(*DATABASE_ERRORS):
                connection.close()

    def connection(self) -> Connection:
        """The connection, opened if need be. Raises StoreUnavailable."""
        if self._connection is None:
            with faults():
                self._connection = self._engine.connect()
        return self._connection

    def _transaction(self) -> Connection:
        connection = self.connection()
        if not connection.in_transaction():
            connection.begin()
        return connection

    def _carry_out(self, connection: Connection, pending: Pending) -> Settle:
        connection.exec_driver_sql("SAVEPOINT one")
        try:
            answer = self._run(connection, pending.write)
        except Exception as error:  # noqa: BLE001 - one bad write must not fail its neighbours
            refusal = self._refusal(pending.write, error)
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT one")
            connection.exec_driver_sql("RELEASE SAVEPOINT one")
            return partial(pending.reply_to.refuse, refusal)
        connection.exec_driver_sql("RELEASE SAVEPOINT one")
        return partial(pending.reply_to.answer, answer)

    def _refusal(self, write: Write[Any], error: Exception) -> Refusal:
        if isinstance(error, Refusal):
            return error
        if as_unavailable(error) is not None:
            raise error
        _log.error("write_failed", write=type(write).__name__, exc_info=error)
        return WriteFailed(f"{type(write).__name__} could not be written: {type(error).__name__}")


@contextmanager
def faults() -> Iterator[None]:
    """Turns errors that mean the database is unusable into StoreUnavailable, and lets the others pass."""
    try:
        yield
    except DATABASE_ERRORS as error:
        if (unavailable := as_unavailable(error)) is not None:
            raise unavailable from error
        raise
