"""Links that show a run or a comparison to whoever has them, without an account."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select

from app.current import get_settings
from app.db import changed_rows, db, now, transaction
from app.errors import Conflict, Invalid, NotFound
from app.models import AccountRow, Run, Share
from app.queries.comparisons import MAX_RUNS
from app.queries.runs import benchmark_title, get_run
from app.services.accounts.accounts import lock_account

MAX_SHARES = 200
MAX_ROW_ID = 2**31 - 1
_HINT_LENGTH = 6
_MAX_TOKEN_CHARS = 100


@dataclass(frozen=True, slots=True)
class ShareInfo:
    """What its owner is shown of a link.

    ``title`` and ``models`` are of its runs; ``is_broken``: one of them was deleted, so that
    the link shows nothing.
    """

    id: int
    hint: str
    run_ids: tuple[str, ...]
    title: str
    models: tuple[str, ...]
    hide_texts: bool
    created_at: datetime
    expires_at: datetime | None
    is_broken: bool

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now()


@dataclass(frozen=True, slots=True)
class OpenShare:
    """What a link shows: its runs, with or without prompts and answers."""

    runs: tuple[Run, ...]
    hide_texts: bool


def _hash(token: str) -> str:
    # 256 random bits cannot be guessed: no slow hash is needed.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def create_share(
    account_id: int,
    run_ids: Sequence[str],
    expires_at: datetime | None = None,
    *,
    hide_texts: bool = False,
) -> tuple[str, ShareInfo]:
    """Make a link; returns its address, which cannot be read again, and its description.

    Links that show nothing any more make room for new ones.

    Args:
        account_id: The account.
        run_ids: One run, or those of a comparison, the baseline first.
        expires_at: ``None``: it does not expire.
        hide_texts: Leave out prompts, answers and targets.

    Raises:
        Invalid: A field does not fit.
        NotFound: A run is not the account's.
        Conflict: The account has too many links.
    """
    wanted = list(dict.fromkeys(run_ids))
    fields: dict[str, list[str]] = {}
    if not 1 <= len(wanted) <= MAX_RUNS:
        fields["run_ids"] = [f"Choose one run, or 2 to {MAX_RUNS} of a comparison."]
    if expires_at is not None and expires_at <= now():
        fields["expires_at"] = ["Choose a time in the future."]
    if fields:
        raise Invalid("The link was not made.", fields=fields)
    runs = {run_id: get_run(run_id, account_id) for run_id in wanted}
    token = secrets.token_urlsafe(32)
    row = Share(
        user_id=account_id,
        token_hash=_hash(token),
        hint=token[:_HINT_LENGTH],
        run_ids=wanted,
        hide_texts=hide_texts,
        expires_at=expires_at,
    )
    with transaction() as session:
        lock_account(session, account_id)
        _keep_below_limit(account_id)
        session.add(row)
        session.flush()
        info = _info(row, runs)
    return f"{get_settings().address}/s/{token}", info


def _keep_below_limit(account_id: int) -> None:
    session = db.session
    mine = select(func.count()).select_from(Share).where(Share.user_id == account_id)
    if (session.scalar(mine) or 0) < MAX_SHARES:
        return
    over = session.execute(
        delete(Share).where(Share.user_id == account_id, Share.expires_at <= now())
    )
    if not changed_rows(over):
        raise Conflict(
            f"This account has {MAX_SHARES} links already.",
            code="too_many_shares",
            action="Revoke one that is not needed any more.",
        )


def list_shares(account_id: int) -> list[ShareInfo]:
    """Return the links of the account, newest first."""
    rows = db.session.scalars(
        select(Share).where(Share.user_id == account_id).order_by(Share.id.desc())
    ).all()
    runs = _runs_of(account_id, [run_id for row in rows for run_id in row.run_ids])
    return [_info(row, runs) for row in rows]


def _runs_of(account_id: int, run_ids: Sequence[str]) -> dict[str, Run]:
    found = db.session.scalars(
        select(Run).where(Run.user_id == account_id, Run.id.in_(set(run_ids)))
    )
    return {run.id: run for run in found}


def _info(row: Share, runs: dict[str, Run]) -> ShareInfo:
    shown = [runs[run_id] for run_id in row.run_ids if run_id in runs]
    return ShareInfo(
        row.id,
        row.hint,
        tuple(row.run_ids),
        benchmark_title(shown[0]) if shown else "Deleted run",
        tuple(run.model for run in shown),
        row.hide_texts,
        row.created_at,
        row.expires_at,
        is_broken=len(shown) < len(row.run_ids),
    )


def delete_share(account_id: int, share_id: int) -> None:
    """Revoke a link: its page is gone at once.

    Raises:
        NotFound: The account has no such link.
    """
    if not 0 < share_id <= MAX_ROW_ID:
        raise NotFound("There is no such link.")  # the database would not take the number
    with transaction() as session:
        removed = session.execute(
            delete(Share).where(Share.user_id == account_id, Share.id == share_id)
        )
        if not changed_rows(removed):
            raise NotFound("There is no such link.")


def open_share(token: str) -> OpenShare:
    """Return what the link shows now.

    Raises:
        NotFound: It shows nothing: it never existed, was revoked or has expired, its account is
            disabled or deleted, or a run is. Nobody learns which.
    """
    row = None
    if len(token) <= _MAX_TOKEN_CHARS:
        row = db.session.execute(
            select(Share.user_id, Share.run_ids, Share.hide_texts)
            .join(AccountRow, AccountRow.id == Share.user_id)
            .where(
                Share.token_hash == _hash(token),
                AccountRow.disabled_at.is_(None),
                or_(Share.expires_at.is_(None), Share.expires_at > now()),
            )
        ).first()
    runs = _runs_of(row.user_id, row.run_ids) if row else {}
    if row is None or len(runs) < len(row.run_ids):
        raise NotFound("There is nothing at this address.", action="Check the address.")
    return OpenShare(tuple(runs[run_id] for run_id in row.run_ids), row.hide_texts)
