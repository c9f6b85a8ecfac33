"""A view of the list of runs that an account saved."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

MAX_VIEW_NAME = 60


class RunView(Base):
    """Filters, order and columns under a name; ``query`` is the list's address after the ``?``."""

    __tablename__ = "run_views"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(MAX_VIEW_NAME))
    query: Mapped[str] = mapped_column(Text)
