"""Add webhooks: their targets, their progress with each client, and dead letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", sa.JSON, nullable=False),
        sa.Column("clients", sa.JSON, nullable=False),
        sa.Column("secret", sa.Text),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("retry_growth", sa.Text),
        sa.Column("retry_delay", sa.Double),
        sa.Column("retry_attempts", sa.Integer),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_table(
        "webhook_lines",
        sa.Column("webhook_id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Double),
        sa.Column("failing_since", sa.Double),
        sa.Column("why", sa.Text),
        sa.Column("status", sa.Integer),
        sa.Column("delivered", sa.BigInteger, nullable=False),
        sa.Column("delivered_at", sa.Double),
        sa.PrimaryKeyConstraint("webhook_id", "client_id", name="pk_webhook_lines"),
        _of_webhook("webhook_lines"),
    )
    op.create_table(
        "webhook_dead_letters",
        sa.Column("id", COUNT, nullable=False),
        sa.Column("webhook_id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Integer, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("replay_at", sa.Double),
        sa.Column("next_at", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_dead_letters"),
        sa.UniqueConstraint("webhook_id", "event_id", name="uq_webhook_dead_letters_webhook_id_event_id"),
        _of_webhook("webhook_dead_letters"),
        sqlite_autoincrement=True,
    )
    replayed = sa.text("replay_at IS NOT NULL")
    op.create_index(
        "ix_webhook_dead_letters_replay",
        "webhook_dead_letters",
        ["webhook_id", "client_id"],
        sqlite_where=replayed,
        postgresql_where=replayed,
    )
    op.create_index("ix_webhook_dead_letters_at", "webhook_dead_letters", ["at"])


def _of_webhook(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_webhook_id"
    return sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name=name, ondelete="CASCADE")
