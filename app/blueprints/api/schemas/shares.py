"""Links that show results without an account."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field, StrictBool

from app.blueprints.api.schemas.fields import Body, Moment, PageAnswer, Text
from app.queries.comparisons import MAX_RUNS
from app.services.shares import ShareInfo


class SharePath(BaseModel):
    """Which link."""

    share_id: int


class ShareBody(Body):
    """A link to make."""

    run_ids: list[Text] = Field(
        min_length=1,
        max_length=MAX_RUNS,
        description="One run, or those of a comparison, the baseline first.",
    )
    expires_at: Moment | None = Field(None, description="null: it does not expire.")
    hide_texts: StrictBool = Field(
        False, description="Leave out prompts, answers, targets and ids of samples."
    )


class ShareAnswer(BaseModel):
    """A link; its address cannot be read again."""

    share_id: int
    hint: str = Field(description="How the last part of its address begins.")
    run_ids: list[str]
    hide_texts: bool
    state: Literal["active", "expired", "broken"] = Field(
        description="broken: one of its runs was deleted, so that it shows nothing."
    )
    created_at: datetime
    expires_at: datetime | None

    @classmethod
    def of(cls, share: ShareInfo) -> ShareAnswer:
        """Return the link as the API shows it."""
        return cls(
            share_id=share.id,
            hint=share.hint,
            run_ids=list(share.run_ids),
            hide_texts=share.hide_texts,
            state="broken" if share.is_broken else "expired" if share.is_expired else "active",
            created_at=share.created_at,
            expires_at=share.expires_at,
        )


class NewShare(ShareAnswer):
    """A new link with its address, which is shown only once."""

    url: str


class ShareList(PageAnswer):
    """Links of the account, newest first."""

    items: list[ShareAnswer]
