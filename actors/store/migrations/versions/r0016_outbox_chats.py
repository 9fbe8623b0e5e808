"""Add the chats that WhatsApp named, where messages went to other addresses of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_chats",
        sa.Column("client_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("chat", sa.Text, nullable=False),
        sa.Column("named", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "chat", name="pk_outbox_chats"),
    )
    op.create_index("ix_outbox_chats_client_id_named", "outbox_chats", ["client_id", "named"])
