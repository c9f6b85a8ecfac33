"""Keep the question of a sample apart from its prompt, for search and lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the column. Rows from before have none: there the whole prompt is searched."""
    op.add_column("samples", sa.Column("question", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("samples", "question")
