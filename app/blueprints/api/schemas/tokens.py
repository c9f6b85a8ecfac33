"""API tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.blueprints.api.schemas.fields import Body, Moment, PageAnswer, TokenName
from app.services.accounts.api_tokens import TokenInfo

Scope = Literal["read", "write"]


class TokenPath(BaseModel):
    """Which token."""

    token_id: int


class TokenBody(Body):
    """A token to create."""

    name: TokenName = Field(description="What it is for.")
    scopes: list[Scope] = Field(
        ["read", "write"],
        min_length=1,
        max_length=2,
        description="write includes read.",
    )
    expires_at: Moment | None = Field(None, description="null: it does not expire.")


class Token(BaseModel):
    """A token; its text cannot be read again."""

    id: int
    name: str
    prefix: str = Field(description="How its text starts.")
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    expires_at: datetime | None

    @classmethod
    def of(cls, token: TokenInfo) -> Token:
        """Return the token as the API shows it."""
        return cls.model_validate(token, from_attributes=True)


class NewToken(Token):
    """A new token with its text, which is shown only once."""

    token: str = Field(description="Send it as Authorization: Bearer <token>.")


class TokenList(PageAnswer):
    """Tokens of the account, newest first."""

    items: list[Token]
