"""Accounts, as administrators see them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field, StrictBool

from app.blueprints.api.schemas.accounts import AccountFields
from app.blueprints.api.schemas.fields import Body, PageAnswer, PageQuery, Text
from app.queries.accounts import AccountEntry


class AccountPath(BaseModel):
    """Which account."""

    account_id: int


class AccountsQuery(PageQuery):
    """Which accounts."""

    q: Text = Field("", max_length=320, description="Part of the address.")


class AccountPatch(Body):
    """What to change."""

    admin: StrictBool | None = None
    disabled: StrictBool | None = Field(
        None, description="true ends its sessions and tokens and pauses its runs."
    )


class GovernedAccount(AccountFields):
    """An account with its role and state."""

    admin: bool = Field(description="The same as is_admin, as PATCH names it.")
    disabled: bool
    last_sign_in_at: datetime | None
    runs: int

    @classmethod
    def entry(cls, entry: AccountEntry) -> GovernedAccount:
        """Return the account as the API shows it."""
        return cls(
            id=entry.id,
            email=entry.email,
            is_admin=entry.is_admin,
            admin=entry.is_admin,
            disabled=entry.disabled,
            created_at=entry.created_at,
            last_sign_in_at=entry.last_sign_in_at,
            runs=entry.runs,
        )


class GovernedAccountList(PageAnswer):
    """Accounts by address."""

    items: list[GovernedAccount]


class NewResetLinkAnswer(BaseModel):
    """A link that sets a new password, once; shown only here."""

    url: str
    expires_at: datetime
