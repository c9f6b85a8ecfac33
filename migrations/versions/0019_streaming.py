"""Whether a connection streams answers, how fast those of a run came, and each of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_OF_SAMPLES = ("first_token_s", "output_tokens_per_s")
_INDEX = "ix_samples_speed"


def upgrade() -> None:
    """Add the columns; connections stream where their server does nothing else.

    The index holds streamed samples only: of all others nothing is to be read.
    """
    op.add_column("connections", sa.Column("stream", sa.Boolean(), nullable=True))
    op.add_column("runs", sa.Column("speed", sa.JSON(), nullable=True))
    for name in _OF_SAMPLES:
        op.add_column("samples", sa.Column(name, sa.Double(), nullable=True))
    streamed = sa.text("first_token_s IS NOT NULL")
    op.create_index(
        _INDEX,
        "samples",
        ["run_id", *_OF_SAMPLES],
        sqlite_where=streamed,
        postgresql_where=streamed,
    )


def downgrade() -> None:
    """Drop them in place: a batch would replace the tables, and what refers to them."""
    op.drop_index(_INDEX, table_name="samples")
    for name in reversed(_OF_SAMPLES):
        op.drop_column("samples", name)
    op.drop_column("runs", "speed")
    op.drop_column("connections", "stream")
