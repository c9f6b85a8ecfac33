"""The order in which queued runs are taken, and each run's place in it.

Accounts take turns. The next run is one of the account with the fewest runs under way; among
equals, of the one that was served longest ago. Within an account, runs that were never taken go
before those that were, and older ones before newer ones. Runs over which a worker died are not
in it: they get a process to themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Subquery, false, func, select

from app.db import db
from app.models import AccountRow, Run


@dataclass(frozen=True, slots=True)
class Turn:
    """A queued run that is next in turn.

    Attributes:
        run_id: The run.
        account_id: Its account.
        under_way: How many runs of the account are worked on now.
    """

    run_id: str
    account_id: int
    under_way: int


def _in_order() -> Subquery:
    """Return the queued runs: ``id``, ``user_id``, ``under_way`` of the account, ``place`` from 1.

    A run that makes room for others is not under way any more.
    """
    busy = (
        select(Run.user_id, func.count().label("number"))
        .where(Run.status == "running", Run.yielding == false())
        .group_by(Run.user_id)
        .subquery()
    )
    under_way = func.coalesce(busy.c.number, 0)
    nth = func.row_number().over(partition_by=Run.user_id, order_by=(Run.served_at, Run.id))
    turns = (
        select(
            Run.id,
            Run.user_id,
            Run.served_at,
            under_way.label("under_way"),
            (under_way + nth).label("turn"),
            AccountRow.served_at.label("account_served_at"),
        )
        .join(AccountRow, AccountRow.id == Run.user_id)
        .outerjoin(busy, busy.c.user_id == Run.user_id)
        .where(Run.status == "queued", Run.worker_deaths == 0)
        .subquery()
    )
    order = (turns.c.turn, turns.c.account_served_at, turns.c.served_at, turns.c.id)
    return select(
        turns.c.id,
        turns.c.user_id,
        turns.c.under_way,
        func.row_number().over(order_by=order).label("place"),
    ).subquery()


def next_turns(limit: int = 1, *, most_under_way: int | None = None) -> list[Turn]:
    """Return the queued runs that are next in turn.

    Args:
        limit: How many at most.
        most_under_way: Leave out accounts that have so many runs under way.
    """
    queued = _in_order()
    wanted = select(queued.c.id, queued.c.user_id, queued.c.under_way)
    if most_under_way is not None:
        wanted = wanted.where(queued.c.under_way < most_under_way)
    rows = db.session.execute(wanted.order_by(queued.c.place).limit(limit))
    return [Turn(*row) for row in rows]


def queue_positions(account_id: int) -> dict[str, int]:
    """Return for each queued run of the account how many runs will be taken before it."""
    queued = _in_order()
    rows = db.session.execute(
        select(queued.c.id, queued.c.place - 1).where(queued.c.user_id == account_id)
    )
    return {str(run_id): int(before) for run_id, before in rows}


def count_under_way() -> dict[int, int]:
    """Count the running runs of each account, except those that are making room."""
    rows = db.session.execute(
        select(Run.user_id, func.count())
        .where(Run.status == "running", Run.yielding == false())
        .group_by(Run.user_id)
    )
    return {int(account_id): int(number) for account_id, number in rows}
