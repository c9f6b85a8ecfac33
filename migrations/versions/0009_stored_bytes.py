"""How much of the disk a run's samples take, for the limit of its account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TEXTS = ("sample_id", "completion", "answer", "explanation")
_JSONS = ("input", "target", "detail", "error")
_ROW_BYTES = 200


def upgrade() -> None:
    """Add the column and count what is there."""
    op.add_column(
        "runs", sa.Column("stored_bytes", sa.BigInteger(), server_default="0", nullable=False)
    )
    kind = "BLOB" if op.get_bind().dialect.name == "sqlite" else "TEXT"
    length = "length" if kind == "BLOB" else "octet_length"
    sizes = " + ".join(
        f"coalesce({length}(CAST({name} AS {kind})), 0)" for name in (*_TEXTS, *_JSONS)
    )
    size = f"SELECT sum({_ROW_BYTES} + {sizes}) FROM samples WHERE run_id = runs.id"  # noqa: S608
    op.execute(f"UPDATE runs SET stored_bytes = coalesce(({size}), 0)")  # noqa: S608 - our own names


def downgrade() -> None:
    """Drop it in place: a batch would replace the table, and its samples would go with it."""
    op.drop_column("runs", "stored_bytes")
