"""The files of the media store, and the messages that name them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mimetype", sa.Text, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("kept_at", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_media"),
    )
    op.create_index("ix_media_until", "media", ["until"])
    op.add_column("outbox", sa.Column("media", sa.Text))
    named = sa.text("media IS NOT NULL")
    op.create_index("ix_outbox_media", "outbox", ["media"], sqlite_where=named, postgresql_where=named)
