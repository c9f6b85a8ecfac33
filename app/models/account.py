"""Accounts, their browser sessions and API tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, now


class AccountRow(Base):
    """One account, which owns everything else.

    ``disabled_at``: since when nobody can sign in to it; ``None`` while it is enabled.
    ``compared_at``: when it first compared runs; ``first_steps_closed_at``: since when its runs'
    page shows no first steps any more.
    ``run_columns``: which columns its list of runs has; ``None``: the usual ones.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    is_admin: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    served_at: Mapped[float] = mapped_column(default=0.0, server_default="0")
    disabled_at: Mapped[datetime | None]
    last_sign_in_at: Mapped[datetime | None]
    compared_at: Mapped[datetime | None]
    first_steps_closed_at: Mapped[datetime | None]
    run_columns: Mapped[list[str] | None] = mapped_column(JSON)


class AuthSession(Base):
    """One signed-in browser; deleting the row ends it, wherever its cookie was copied to."""

    __tablename__ = "auth_sessions"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    account: Mapped[AccountRow] = relationship(lazy="joined")


class ResetLink(Base):
    """A link with which the holder of an account sets a new password, once; one an account.

    ``made_by`` is the administrator, with whose role it ends; ``None`` for the operator.
    """

    __tablename__ = "reset_links"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_by: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime]


class ApiToken(Base):
    """A bearer credential; only its SHA-256 is stored."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(12))
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
