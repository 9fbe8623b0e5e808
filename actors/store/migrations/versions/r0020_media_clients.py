"""The clients for which files were uploaded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media_clients",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("client_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("digest", "client_id", name="pk_media_clients"),
    )
    op.create_index("ix_media_clients_client_id", "media_clients", ["client_id"])
