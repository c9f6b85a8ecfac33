"""Keep what webhooks sent and how far an account's first steps are; count failures by event."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the columns. What was counted by attempt becomes what it is by event, about."""
    op.add_column("delivery_attempts", sa.Column("sent_body", sa.Text(), nullable=True))
    op.add_column(
        "deliveries",
        sa.Column("given_up", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute("UPDATE deliveries SET given_up = true WHERE status = 'failed'")
    op.execute("UPDATE webhooks SET failures_in_a_row = failures_in_a_row / 4")  # tries of an event
    op.add_column("users", sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "users", sa.Column("first_steps_closed_at", sa.DateTime(timezone=True), nullable=True)
    )
    # Who has run something knows the way.
    op.execute(
        "UPDATE users SET first_steps_closed_at = CURRENT_TIMESTAMP"
        " WHERE EXISTS (SELECT 1 FROM runs WHERE runs.user_id = users.id)"
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("users", "first_steps_closed_at")
    op.drop_column("users", "compared_at")
    op.execute("UPDATE webhooks SET failures_in_a_row = failures_in_a_row * 4")
    op.drop_column("deliveries", "given_up")
    op.drop_column("delivery_attempts", "sent_body")
