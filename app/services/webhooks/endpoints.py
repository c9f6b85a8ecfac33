"""Webhook endpoints of an account: create, change, delete."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import uuid_utils
from sqlalchemy import delete, func, select, update

from app.db import changed_rows, db, transaction
from app.errors import Conflict, Invalid, NotFound
from app.models import Webhook
from app.net.signing import new_secret
from app.services.accounts.accounts import lock_account
from app.services.accounts.roles import administers
from app.services.egress import check_address, webhook_policy
from app.services.sealing import seal

EVENTS = ("run.completed", "run.failed", "run.canceled", "run.paused")
DEFAULT_EVENTS = ("run.completed", "run.failed", "run.paused")
"""All but the one that a user's own click causes."""

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {"description": "", "events": DEFAULT_EVENTS, "enabled": True, "long_schedule": False}
)
"""What a new endpoint has unless it is told otherwise, in the form as in the API."""

MAX_WEBHOOKS = 20


def list_webhooks(account_id: int) -> list[Webhook]:
    """Return the account's endpoints, oldest first."""
    return list(
        db.session.scalars(
            select(Webhook).where(Webhook.user_id == account_id).order_by(Webhook.created_at)
        )
    )


def get_webhook(webhook_id: str, account_id: int) -> Webhook:
    """Return one endpoint of the account.

    Raises:
        NotFound: There is none.
    """
    hook = db.session.scalar(
        select(Webhook).where(Webhook.id == webhook_id, Webhook.user_id == account_id)
    )
    if hook is None:
        raise NotFound("There is no such webhook in this account.", code="webhook_not_found")
    return hook


def create_webhook(account_id: int, values: dict[str, Any]) -> tuple[str, str]:
    """Create an endpoint; returns its id and its secret, which is shown only once.

    Args:
        account_id: The owner.
        values: ``url``, and what differs from ``DEFAULTS``.

    Raises:
        Invalid: The address may not be reached, or an event is not known.
        Conflict: The account has as many as it may.
    """
    values = _checked(account_id, {**DEFAULTS, **values})
    secret = new_secret()
    hook = Webhook(
        id=str(uuid_utils.uuid7()), user_id=account_id, sealed_secret=seal(secret), **values
    )
    with transaction() as session:
        lock_account(session, account_id)
        number = session.scalar(select(func.count(Webhook.id)).where(Webhook.user_id == account_id))
        if (number or 0) >= MAX_WEBHOOKS:
            raise Conflict(
                f"An account has at most {MAX_WEBHOOKS} webhooks.",
                code="too_many_webhooks",
                action="Delete one that you no longer need.",
            )
        session.add(hook)
        session.flush()
        hook_id = hook.id
    return hook_id, secret


def update_webhook(webhook_id: str, account_id: int, values: dict[str, Any]) -> None:
    """Change an endpoint; enabling it again resets its failures.

    Raises:
        NotFound: There is no such endpoint.
        Invalid: As for ``create_webhook``.
    """
    get_webhook(webhook_id, account_id)
    changes = _checked(account_id, values)
    if changes.get("enabled"):
        changes |= {"failures_in_a_row": 0, "disabled_reason": None}
    if changes:
        with transaction() as session:
            session.execute(update(Webhook).where(Webhook.id == webhook_id).values(**changes))


def rotate_secret(webhook_id: str, account_id: int) -> str:
    """Give an endpoint a new secret and return it; the old one stops signing at once.

    Raises:
        NotFound: There is no such endpoint.
    """
    get_webhook(webhook_id, account_id)
    secret = new_secret()
    with transaction() as session:
        session.execute(
            update(Webhook).where(Webhook.id == webhook_id).values(sealed_secret=seal(secret))
        )
    return secret


def delete_webhook(webhook_id: str, account_id: int) -> None:
    """Delete an endpoint with its history.

    Raises:
        NotFound: There is no such endpoint.
    """
    with transaction() as session:
        gone = session.execute(
            delete(Webhook).where(Webhook.id == webhook_id, Webhook.user_id == account_id)
        )
    if not changed_rows(gone):
        raise NotFound("There is no such webhook in this account.", code="webhook_not_found")


def _checked(account_id: int, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values to store: each event once."""
    if "url" in values:
        policy = webhook_policy(is_admin=administers(account_id))
        db.session.rollback()  # resolving a name can take seconds: no transaction meanwhile
        check_address(values["url"], policy, account_id, "url")
    if "events" in values:
        unknown = [event for event in values["events"] if event not in EVENTS]
        if unknown or not values["events"]:
            raise Invalid(
                "Choose at least one event from the list.",
                fields={"events": [f"Choose from: {', '.join(EVENTS)}."]},
            )
        return {**values, "events": list(dict.fromkeys(values["events"]))}
    return dict(values)
