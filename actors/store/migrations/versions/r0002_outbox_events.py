"""Add outgoing messages and events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_events()
    _create_outbox()


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("position", COUNT, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.UniqueConstraint("id", name="uq_events_id"),
        sa.UniqueConstraint("client_id", "sequence", name="uq_events_client_id_sequence"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "event_counts",
        sa.Column("client_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_event_counts"),
    )
    op.create_table(
        "event_keys",
        sa.Column("client_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "key", name="pk_event_keys"),
    )
    op.create_index("ix_event_keys_at", "event_keys", ["at"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("position", COUNT, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Integer, nullable=False),
        sa.Column("chat", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("send_at", sa.Double),
        sa.Column("expires_at", sa.Double),
        sa.Column("key", sa.Text),
        sa.Column("fingerprint", sa.Text),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("full_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("times", sa.JSON, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
        sa.UniqueConstraint("client_id", "key", name="uq_outbox_client_id_key"),
        sa.UniqueConstraint("client_id", "message_id", name="uq_outbox_client_id_message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_client_id_position", "outbox", ["client_id", "position"])
    queued = "state = 'queued'"
    urgent = (sa.text("priority DESC"), "position", "chat", "expires_at", "state")
    _partial("ix_outbox_free", f"{queued} AND send_at IS NULL", "client_id", *urgent)
    _partial("ix_outbox_due", f"{queued} AND send_at IS NOT NULL", "client_id", "send_at", *urgent)
    _partial("ix_outbox_chat", queued, "client_id", "chat", "position", "state")
    _partial("ix_outbox_expiry", f"{queued} AND expires_at IS NOT NULL", "expires_at")
    _partial("ix_outbox_sending", "state = 'sending'", "client_id", "position")


def _partial(name: str, where: str, *columns: str | sa.TextClause) -> None:
    condition = sa.text(where)
    op.create_index(name, "outbox", list(columns), sqlite_where=condition, postgresql_where=condition)
