"""Replace a message's text by an operation: its name and its arguments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("operation", sa.Text, nullable=False, server_default="sendText"))
    op.add_column("outbox", sa.Column("arguments", sa.JSON, nullable=False, server_default="{}"))
    made = "json_build_object" if op.get_bind().dialect.name == "postgresql" else "json_object"
    op.execute(f"UPDATE outbox SET arguments = {made}('text', text)")
    op.drop_column("outbox", "text")
