"""How a connection sends its key, where that is not the way of its kind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the column; all connections go on in the way of their kind."""
    op.add_column("connections", sa.Column("auth", sa.String(16), nullable=True))


def downgrade() -> None:
    """Drop it in place."""
    op.drop_column("connections", "auth")
