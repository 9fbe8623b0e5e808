"""The events that wait for a file, and the files that came with messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "held_events",
        sa.Column("position", _COUNT, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_held_events"),
        sa.UniqueConstraint("id", name="uq_held_events_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "received_media",
        sa.Column("client_id", sa.Integer, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mimetype", sa.Text, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "message_id", name="pk_received_media"),
    )
    op.create_index("ix_received_media_digest", "received_media", ["digest"])
    op.create_index("ix_received_media_until", "received_media", ["until"])
