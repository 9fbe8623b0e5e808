"""The tables, as they are after the newest migration (`migrations/versions`; a test compares the two).

Instants are epoch seconds, UTC. Who writes is one actor, so what an autoincrement column counts is the order of acceptance,
and a number once given is never given again, whatever retention deletes.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, Table, Text, TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Count = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite autoincrements only what is spelled INTEGER."""


class Prose(TypeDecorator[str]):
    """Text from outside. What no database can hold (NUL, lone surrogates) is replaced by U+FFFD, never refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


sessions = Table(
    "sessions",
    metadata,
    Column("client_id", Integer, primary_key=True, autoincrement=False),
    Column("wanted", Boolean, nullable=False),
    Column("was_ready", Boolean, nullable=False),
    Column("paired_at", Double),
    Column("early_logouts", Integer, nullable=False),
    Column("updated_at", Double, nullable=False),
)

transitions = Table(
    "transitions",
    metadata,
    Column("position", Count, primary_key=True),
    Column("client_id", Integer, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("reason", Text),
    Column("text", Prose),
    Column("request_id", Prose),
    Column("at", Double, nullable=False),
    Index(None, "client_id", "position"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)
