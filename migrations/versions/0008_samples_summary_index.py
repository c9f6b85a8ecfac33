"""The samples' index by position grows to hold all that is short of a sample.

Comparisons, charts and counts of a run read it alone, instead of rows with whole prompts.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

NAME = "ix_samples_summary"
COLUMNS = [
    "run_id",
    "position",
    "epoch",
    "sample_id",
    "outcome",
    "category",
    "score",
    "latency_ms",
    "id",
]
FORMER = "ix_samples_run_id_position"


def upgrade() -> None:
    """Put the wide index in the place of the narrow one."""
    op.create_index(NAME, "samples", COLUMNS)
    op.drop_index(FORMER, table_name="samples")


def downgrade() -> None:
    """Put the narrow index back; no data is touched."""
    op.create_index(FORMER, "samples", ["run_id", "position"])
    op.drop_index(NAME, table_name="samples")
