"""The accounts of the Studio, as its administrators and its operator see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from app.db import db
from app.errors import NotFound
from app.models import (
    ACTIVE,
    AccountRow,
    ApiToken,
    AuthSession,
    Connection,
    OwnBenchmark,
    Run,
    Webhook,
)
from app.queries.paging import DEFAULT_LIMIT, Page, SortKey, read_page

_MAX_ROW_ID = 2**31 - 1
_BY_EMAIL = (SortKey(AccountRow.email),)


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """An account in the list.

    ``last_sign_in_at`` is ``None`` where no sign-in is recorded.
    """

    id: int
    email: str
    is_admin: bool
    disabled: bool
    created_at: datetime
    last_sign_in_at: datetime | None
    runs: int


@dataclass(frozen=True, slots=True)
class Belongings:
    """How much an account has, which goes with it."""

    runs: int
    active_runs: int
    samples: int
    connections: int
    tokens: int
    webhooks: int
    benchmarks: int

    @property
    def words(self) -> str:
        """What there is, in words: ``2 runs (1 active), 60 samples and 1 connection``."""
        named = (
            (self.runs, "run", f" ({self.active_runs} active)" if self.active_runs else ""),
            (self.samples, "sample", ""),
            (self.connections, "connection", ""),
            (self.tokens, "API token", ""),
            (self.webhooks, "webhook", ""),
            (self.benchmarks, "own benchmark", ""),
        )
        parts = [f"{n:,} {noun}{'' if n == 1 else 's'}{more}" for n, noun, more in named if n]
        return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:]))) or "nothing"


def list_accounts(
    q: str = "", *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[AccountEntry]:
    """Return a page of the accounts whose address contains ``q``, by address.

    Raises:
        Invalid: The cursor is not one of this list.
    """
    query = select(AccountRow)
    if q.strip():
        query = query.where(AccountRow.email.contains(q.strip().lower(), autoescape=True))

    def count() -> int:
        return db.session.scalar(query.with_only_columns(func.count(AccountRow.id))) or 0

    return read_page(query, _BY_EMAIL, limit=limit, cursor=cursor, count=count, read=_read)


def _read(query: Select[Any]) -> list[AccountEntry]:
    rows = db.session.scalars(query).all()
    counts = (
        select(Run.user_id, func.count().label("n"))
        .where(Run.user_id.in_([row.id for row in rows]))
        .group_by(Run.user_id)
    )
    runs = {row.user_id: row.n for row in db.session.execute(counts)}
    return [
        AccountEntry(
            row.id,
            row.email,
            row.is_admin,
            row.disabled_at is not None,
            row.created_at,
            row.last_sign_in_at,
            runs.get(row.id, 0),
        )
        for row in rows
    ]


def get_account(account_id: int) -> AccountEntry:
    """Return one account.

    Raises:
        NotFound: There is none.
    """
    number = account_id if 0 < account_id <= _MAX_ROW_ID else 0
    found = _read(select(AccountRow).where(AccountRow.id == number))
    if not found:
        raise NotFound("There is no such account.", code="account_not_found")
    return found[0]


def find_account(email: str) -> AccountEntry | None:
    """Return the account with this address."""
    found = _read(select(AccountRow).where(AccountRow.email == email.strip().lower()))
    return found[0] if found else None


def count_belongings(account_id: int) -> Belongings:
    """Count what belongs to an account."""

    def mine(row: Any) -> Any:
        return select(func.count()).select_from(row).where(row.user_id == account_id)

    # Tokens of sign-ins end by themselves; what was made under Settings is what is missed.
    signed_in = select(AuthSession.key_hash).where(AuthSession.user_id == account_id)
    counts = (
        mine(Run),
        mine(Run).where(Run.status.in_(ACTIVE)),
        select(func.coalesce(func.sum(Run.done), 0)).where(Run.user_id == account_id),
        mine(Connection),
        mine(ApiToken).where(ApiToken.token_hash.not_in(signed_in)),
        mine(Webhook),
        mine(OwnBenchmark),
    )
    row = db.session.execute(select(*(count.scalar_subquery() for count in counts))).one()
    return Belongings(*row)
