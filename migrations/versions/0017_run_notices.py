"""What the user of a run must know: parameters that its model refused, and other warnings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; earlier runs have their warnings in their logs only."""
    op.add_column("runs", sa.Column("notices", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Drop it in place: a batch would replace the table, and its samples would go with it."""
    op.drop_column("runs", "notices")
