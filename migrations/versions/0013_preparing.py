"""What a run does before its first call, such as a download, for its page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column; nothing is being prepared while the schema changes."""
    op.add_column("runs", sa.Column("preparing", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop it in place: a batch would replace the table, and its samples would go with it."""
    op.drop_column("runs", "preparing")
