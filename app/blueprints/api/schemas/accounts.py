"""Accounts and credentials."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from app.blueprints.api.schemas.fields import Body, Text, TokenName
from app.services.accounts.accounts import Account


class Credentials(Body):
    """Email and password."""

    email: Text = Field(max_length=320)
    password: Text = Field(max_length=1000)


class LoginBody(Credentials):
    """Email, password, and the name of the new token."""

    token_name: TokenName | None = None


class AccountFields(BaseModel):
    """An account."""

    id: int
    email: str
    is_admin: bool
    created_at: datetime

    @classmethod
    def of(cls, account: Account) -> AccountFields:
        """Return the account as the API shows it."""
        return cls(
            id=account.id,
            email=account.email,
            is_admin=account.is_admin,
            created_at=account.created_at,
        )


class AccountAnswer(AccountFields):
    """An account; ``user`` repeats it where the answer to a login has it."""

    user: AccountFields

    @classmethod
    def of(cls, account: Account) -> AccountAnswer:
        """Return the account as the API shows it."""
        user = AccountFields.of(account)
        return cls(**user.model_dump(), user=user)


class LoginAnswer(BaseModel):
    """A new token, shown only once."""

    token: str = Field(description="Send it as Authorization: Bearer <token>.")
    expires_at: datetime | None
    user: AccountFields
