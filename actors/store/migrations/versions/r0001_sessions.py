"""Add the clients that are to run, and the journal of their states."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("client_id", sa.Integer, autoincrement=False),
        sa.Column("wanted", sa.Boolean, nullable=False),
        sa.Column("was_ready", sa.Boolean, nullable=False),
        sa.Column("paired_at", sa.Double),
        sa.Column("early_logouts", sa.Integer, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_sessions"),
    )
    op.create_table(
        "transitions",
        sa.Column("position", COUNT, primary_key=True),
        sa.Column("client_id", sa.Integer, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_transitions_client_id_position", "transitions", ["client_id", "position"])
    op.create_index("ix_transitions_at", "transitions", ["at"])
