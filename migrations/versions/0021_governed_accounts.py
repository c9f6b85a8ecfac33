"""Keep who is disabled, when somebody last signed in, and links that set a new password."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add them. Of earlier sign-ins, the sessions that are still there know the latest."""
    op.add_column("users", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE users SET last_sign_in_at = (SELECT max(auth_sessions.created_at) "
        "FROM auth_sessions WHERE auth_sessions.user_id = users.id)"
    )
    op.create_table(
        "reset_links",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_reset_links"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_reset_links_user_id_users", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["made_by"], ["users.id"], name="fk_reset_links_made_by_users", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("token_hash", name="uq_reset_links_token_hash"),
    )
    op.create_index("ix_reset_links_made_by", "reset_links", ["made_by"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_reset_links_made_by", "reset_links")
    op.drop_table("reset_links")
    op.drop_column("users", "last_sign_in_at")
    op.drop_column("users", "disabled_at")
