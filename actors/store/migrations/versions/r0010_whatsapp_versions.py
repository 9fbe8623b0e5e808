"""The version of WhatsApp Web that a client's page was, and when it was first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("whatsapp_version", sa.Text))
    op.add_column("sessions", sa.Column("version_seen_at", sa.Double))
