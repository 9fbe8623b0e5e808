"""Add the sizes of events, and the positions that a restore has lost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ROW = 200
"""Bytes of a row and its index entries, besides type and payload."""


def upgrade() -> None:
    op.add_column("events", sa.Column("written", sa.BigInteger, nullable=False, server_default="0"))
    size = f"length(CAST(payload AS TEXT)) + length(type) + {_ROW}"
    totals = f"SELECT position, sum({size}) OVER (ORDER BY position) AS total FROM events"
    op.execute(f"UPDATE events SET written = t.total FROM ({totals}) AS t WHERE t.position = events.position")
    op.create_table(
        "event_gaps",
        sa.Column("after", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("resumed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("after", name="pk_event_gaps"),
    )
