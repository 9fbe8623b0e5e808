"""Answers questions from what is on disk, while the writer writes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import Connection
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay, wait_exponential

from actors.runtime import Actor
from actors.store.database import Database
from actors.store.errors import StoreUnavailable
from actors.store.group_commit import DATABASE_ERRORS, faults
from actors.store.message import CarryOut, Read
from actors.store.operations import carry_out


class Reader(Actor):
    """Reads on a connection of its own that cannot write. Answers Read messages, each as it says.

    A read that finds the connection broken is tried again on a new one, at most three times within a second. After
    that, and for `retry_after` seconds, all are refused StoreUnavailable at once.
    """

    def __init__(self, database: Database, *, retry_after: float = 1.0, carry_out: CarryOut = carry_out) -> None:
        super().__init__()
        self._engine = database.reading()
        self._run = carry_out
        self._retry_after = retry_after
        self._connection: Connection | None = None
        self._outage: tuple[StoreUnavailable, float] | None = None
        self._attempts = Retrying(
            retry=retry_if_exception_type(StoreUnavailable),
            stop=stop_after_attempt(3) | stop_after_delay(1.0),
            wait=wait_exponential(multiplier=0.05),
            reraise=True,
        )

    def receive(self, message: object) -> object:
        match message:
            case Read():
                return self._answer(message)
            case _:
                return super().receive(message)

    def closed(self, cause: BaseException | None) -> None:
        self._disconnect()

    def _answer(self, message: Read[Any]) -> object:
        if self._outage is not None and self.now() < self._outage[1]:
            raise StoreUnavailable(str(self._outage[0]), self._retry_after)
        try:
            answer = self._attempts(self._read, message)
        except StoreUnavailable as why:
            self._outage = (why, self.now() + self._retry_after)
            raise
        self._outage = None
        return answer

    def _read(self, message: Read[Any]) -> object:
        try:
            with faults(), self._connected().begin():
                return self._run(self._connected(), message)
        except StoreUnavailable:
            self._disconnect()
            raise

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*DATABASE_ERRORS):
                connection.close()
