"""What a run never asked is its total less what is done: no column of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Drop it in place: a batch would replace the table, and its samples would go with it."""
    op.drop_column("runs", "skipped")


def downgrade() -> None:
    """Add it again; no run had anything in it."""
    op.add_column("runs", sa.Column("skipped", sa.Integer(), nullable=False, server_default="0"))
