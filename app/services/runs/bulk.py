"""Does one thing with many runs, and says which were left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select, update

from app.db import transaction
from app.errors import Invalid, NotFound, StudioError, Unavailable
from app.models import Run
from app.queries.run_records import RunRecord
from app.queries.runs import allowed_actions, is_canceling, runs_by_id
from app.services.field_words import words_of
from app.services.runs import lifecycle
from app.services.runs.run_request import MAX_TAGS, Tag

MOST_RUNS = 100
ACTIONS = ("tag", "cancel", "retry_errors", "delete")
_TAGS = TypeAdapter(list[Tag])


@dataclass(frozen=True, slots=True)
class Skipped:
    """A run that is left out, and why."""

    run: RunRecord
    reason: str


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """What an action would do, or did."""

    action: str
    runs: list[RunRecord] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TagChange:
    """The tags that each run gets and loses."""

    add: list[str]
    remove: list[str]


def plan(action: str, account_id: int, run_ids: Sequence[str]) -> BulkPlan:
    """Return which of the runs an action can be done with; those that are gone are left out.

    Raises:
        Invalid: There is no such action, or there are too many runs, or none.
    """
    wanted = list(dict.fromkeys(run_ids))
    if action not in ACTIONS:
        raise Invalid("There is no such action.", fields={"action": [f"One of: {ACTIONS}."]})
    if not 1 <= len(wanted) <= MOST_RUNS:
        message = f"Choose 1 to {MOST_RUNS} runs."
        raise Invalid(message, fields={"run_ids": [message]})
    planned = BulkPlan(action)
    for run in runs_by_id(account_id, wanted):
        if action == "tag" or allowed_actions(run)[action]:
            planned.runs.append(run)
        else:
            planned.skipped.append(Skipped(run, _reason(action, run)))
    return planned


def _reason(action: str, run: RunRecord) -> str:
    if action == "cancel":
        return "is being canceled" if is_canceling(run) else "is over"
    if action == "retry_errors" and not run.error:
        return "has no errors"
    return "is under way: cancel it first" if action == "delete" else "is under way"


def read_tags(add: str, remove: str) -> TagChange:
    """Return the tags in two comma-separated texts.

    Raises:
        Invalid: A tag is too long, or there is none.
    """
    found: dict[str, list[str]] = {}
    for name, text in (("add", add), ("remove", remove)):
        try:
            found[name] = _TAGS.validate_python([tag for tag in text.split(",") if tag.strip()])
        except ValidationError as error:
            words = sorted({word for words in words_of(error).values() for word in words})
            raise Invalid(" ".join(words), fields={name: words}) from None
    change = TagChange(**found)
    if not change.add and not change.remove:
        message = "Enter at least one tag."
        raise Invalid(message, fields={"add": [message]})
    return change


def carry_out(
    action: str, account_id: int, run_ids: Sequence[str], tags: TagChange | None = None
) -> BulkPlan:
    """Do it with each run that it can be done with; the others are told with the reason.

    Args:
        action: One of ``ACTIONS``.
        account_id: Whose runs they are.
        run_ids: The runs, at most ``MOST_RUNS``.
        tags: Of the action ``tag``.

    Raises:
        Invalid: As `plan`.
    """
    planned = plan(action, account_id, run_ids)
    done = BulkPlan(action, skipped=planned.skipped)
    away: Unavailable | None = None
    for run in planned.runs:
        try:
            if away is not None:
                raise away  # the others would wait for it, too
            _do(action, run, account_id, tags)
        except StudioError as error:
            away = error if isinstance(error, Unavailable) else None
            done.skipped.append(Skipped(run, error.detail.rstrip(".")))
        else:
            done.runs.append(run)
    return done


def _do(action: str, run: RunRecord, account_id: int, tags: TagChange | None) -> None:
    if action == "cancel":
        lifecycle.cancel_run(run.id, account_id)
    elif action == "retry_errors":
        lifecycle.resume_run(run.id, account_id, retry_errors=True)
    elif action == "delete":
        lifecycle.delete_run(run.id, account_id)
    elif tags is not None:
        _retag(run.id, account_id, tags)


def _retag(run_id: str, account_id: int, change: TagChange) -> None:
    mine = (Run.id == run_id, Run.user_id == account_id)
    with transaction() as session:
        # Read within it: another tab may have tagged the run since the plan was made.
        tags = session.scalar(select(Run.tags).where(*mine).with_for_update())
        if tags is None:
            raise NotFound("is gone.", code="run_not_found")
        kept = [tag for tag in dict.fromkeys((*tags, *change.add)) if tag not in change.remove]
        if len(kept) > MAX_TAGS:
            raise Invalid(f"It would have more than {MAX_TAGS} tags.")
        session.execute(update(Run).where(*mine).values(tags=kept))
