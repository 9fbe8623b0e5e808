"""The tables of the webhooks, beside those in `schema` and of the same metadata."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql

from actors.store.schema import Count, Prose, metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("clients", JSON, nullable=False),
    Column("secret", Text),
    Column("headers", JSON, nullable=False),
    Column("retry_growth", Text),
    Column("retry_delay", Double),
    Column("retry_attempts", Integer),
    Column("active", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

webhook_lines = Table(
    "webhook_lines",
    metadata,
    Column("webhook_id", Text, ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True),
    Column("client_id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double),
    Column("failing_since", Double),
    Column("why", Prose),
    Column("status", Integer),
    Column("delivered", BigInteger, nullable=False),
    Column("delivered_at", Double),
)
"""How far each webhook has come with each client: all up to `sequence` is delivered, or dead, or was not wanted."""

dead_letters = Table(
    "webhook_dead_letters",
    metadata,
    Column("id", Count, primary_key=True),
    Column("webhook_id", Text, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("client_id", Integer, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("why", Prose, nullable=False),
    Column("status", Integer),
    Column("at", Double, nullable=False),
    Column("replay_at", Double),
    Column("next_at", Double),
    UniqueConstraint("webhook_id", "event_id"),
    Index(
        "ix_webhook_dead_letters_replay",
        "webhook_id",
        "client_id",
        sqlite_where=sql("replay_at IS NOT NULL"),
        postgresql_where=sql("replay_at IS NOT NULL"),
    ),
    Index(None, "at"),
    sqlite_autoincrement=True,
)
"""What was given up. The body is kept as it was sent: the event itself may be gone before anyone looks. While
`replay_at` is set, it is being delivered again."""
