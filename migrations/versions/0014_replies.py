"""What a model thought beside its answer, and who answered: of each sample, and counted by run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_OF_SAMPLES = {
    "reasoning": sa.Text(),
    "served_model": sa.String(200),
    "fingerprint": sa.String(100),
    "reply_id": sa.String(100),
}


def upgrade() -> None:
    """Add the columns; of earlier replies nothing of this is known."""
    for name, kind in _OF_SAMPLES.items():
        op.add_column("samples", sa.Column(name, kind, nullable=True))
    op.add_column("runs", sa.Column("served_models", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop them in place: a batch would replace the table, and its samples would go with it."""
    op.drop_column("runs", "served_models")
    for name in reversed(_OF_SAMPLES):
        op.drop_column("samples", name)
