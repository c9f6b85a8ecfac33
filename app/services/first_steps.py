"""The first steps of an account: what it has done, and what to do next with real defaults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Update, exists, select, update

from app.current import get_settings
from app.db import db, now, transaction, write_in_passing
from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.errors import Conflict
from app.models import AccountRow, Run, Webhook
from app.queries.benchmark_order import FIRST_LOOK
from app.queries.benchmarks import unavailable_reason
from app.services.connections.model_lists import ListFailure, kept_listing
from app.services.connections.store import ConnectionInfo, list_connections, open_connection

LIMIT = 20
"""Samples of a first run: a minute, and next to nothing to pay."""

_LATEST = 50
_SIMULATED = "simulated/expert"
_ANOTHER_SIMULATED = "simulated/novice"


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """Which steps are done, and what the others propose.

    Attributes:
        connection: A connection of the account's or of the environment; ``None``: the step is open.
        run_id: Its latest run that is done; ``None``: the step is open.
        is_compared: Whether it has compared runs.
        has_webhook: Whether it has a webhook.
        benchmark: The title and the name of the benchmark that a first run proposes.
        model: The model that a first run proposes; empty where there are several to choose from.
        pair: Two runs to compare.
        another_model: To run the same on, for a comparison; empty where that is to be chosen.
    """

    connection: str | None
    run_id: str | None
    is_compared: bool
    has_webhook: bool
    benchmark: tuple[str, str]
    model: str
    pair: tuple[str, str] | None
    another_model: str

    @property
    def done(self) -> int:
        """How many of the four are done."""
        return sum((bool(self.connection), bool(self.run_id), self.is_compared, self.has_webhook))


def first_steps(account_id: int, is_admin: bool) -> FirstSteps | None:
    """Return how far the account is; ``None`` when it closed the list or all is done."""
    closed_at, compared_at, has_webhook = db.session.execute(
        select(
            AccountRow.first_steps_closed_at,
            AccountRow.compared_at,
            exists().where(Webhook.user_id == AccountRow.id),
        ).where(AccountRow.id == account_id)
    ).one()
    if closed_at is not None:
        return None
    connections = [each for each in list_connections(account_id, is_admin) if not each.simulated]
    runs = _latest_runs(account_id)
    steps = FirstSteps(
        connection=connections[0].name if connections else None,
        run_id=runs[0][0] if runs else None,
        is_compared=compared_at is not None,
        has_webhook=has_webhook,
        benchmark=_proposed_benchmark(account_id),
        model=_proposed_model(account_id, is_admin, connections),
        pair=_pair(runs),
        another_model=_ANOTHER_SIMULATED if runs and runs[0][2] == _SIMULATED else "",
    )
    if steps.done == 4:
        write_in_passing(_set_once(account_id, "first_steps_closed_at", now()))
        return None
    return steps


def close_first_steps(account_id: int) -> None:
    """Show the account its first steps no more."""
    with transaction() as session:
        session.execute(_set_once(account_id, "first_steps_closed_at", now()))


def note_comparison(account_id: int) -> None:
    """Remember that the account has compared runs."""
    known = select(AccountRow.compared_at).where(AccountRow.id == account_id)
    if db.session.scalar(known) is None:
        write_in_passing(_set_once(account_id, "compared_at", now()))


def _set_once(account_id: int, column: str, moment: datetime) -> Update:
    unset = getattr(AccountRow, column).is_(None)
    return update(AccountRow).where(AccountRow.id == account_id, unset).values({column: moment})


def _latest_runs(account_id: int) -> list[tuple[str, str, str]]:
    """Return id, benchmark and model of the account's latest runs that are done."""
    rows = db.session.execute(
        select(Run.id, Run.benchmark, Run.model)
        .where(Run.user_id == account_id, Run.status == "completed")
        .order_by(Run.created_at.desc())
        .limit(_LATEST)
    )
    return [(id_, benchmark, model) for id_, benchmark, model in rows]


def _pair(runs: list[tuple[str, str, str]]) -> tuple[str, str] | None:
    """Return the latest two runs of one benchmark, the older one first."""
    seen: dict[str, str] = {}
    for run_id, benchmark, _ in runs:
        if benchmark in seen:
            return run_id, seen[benchmark]
        seen[benchmark] = run_id
    return None


def _proposed_benchmark(account_id: int) -> tuple[str, str]:
    known, settings = all_benchmarks(), get_settings()
    able = [name for name in FIRST_LOOK if unavailable_reason(known[name], settings) is None]
    without_data = not able or _lacked_data(account_id)
    chosen = known[FIRST_LOOK[-1] if without_data else able[0]]
    return chosen.title, chosen.name


def _lacked_data(account_id: int) -> bool:
    """Return whether a run of the account failed for its data: another download would as well."""
    failures = db.session.scalars(
        select(Run.failure)
        .where(Run.user_id == account_id, Run.status == "failed")
        .order_by(Run.created_at.desc())
        .limit(_LATEST)
    )
    return any(failure and failure.get("code") == "dataset_unavailable" for failure in failures)


def _proposed_model(account_id: int, is_admin: bool, connections: list[ConnectionInfo]) -> str:
    """Return the only model of a connection, as servers of one's own have; no server is asked."""
    for info in connections:
        try:
            listing = kept_listing(open_connection(account_id, is_admin, info.name))
        except Conflict:
            continue  # its key cannot be opened any more; its page says so
        if listing is not None and not isinstance(listing, ListFailure) and len(listing.ids) == 1:
            return f"{info.name}/{listing.ids[0]}"
    return "" if connections else _SIMULATED
