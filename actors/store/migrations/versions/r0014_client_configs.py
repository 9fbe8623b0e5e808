"""Add the configuration of clients, and the format of webhooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_configs",
        sa.Column("client_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("proxy", sa.JSON(none_as_null=True)),
        sa.Column("ignored", sa.JSON, nullable=False),
        sa.Column("more", sa.JSON, nullable=False),
        sa.Column("stopped", sa.Boolean, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_client_configs"),
        sa.UniqueConstraint("name", name="uq_client_configs_name"),
    )
    op.add_column("webhooks", sa.Column("format", sa.Text, nullable=False, server_default="native"))
