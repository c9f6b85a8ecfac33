"""What an account may have at most, when several requests add to it at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from app.db import db, transaction
from app.errors import Conflict, StudioError, Unauthorized
from app.models import AccountRow, ApiToken, Connection, Webhook
from app.services.account_deletion import delete_account
from app.services.accounts import api_tokens
from app.services.accounts.accounts import lock_account, serialize_registrations
from app.services.connections import store
from app.services.webhooks import endpoints
from tests.app_fixtures import PASSWORD

WAIT_S = 0.3


def meanwhile(app, act: Callable[[], object], change: Callable[[], None]) -> StudioError | None:
    """Start ``act`` while this thread may write, then ``change``; return what ``act`` raised."""
    raised: list[StudioError] = []

    def run() -> None:
        with app.app_context():
            try:
                act()
            except StudioError as error:
                raised.append(error)
            finally:
                db.session.remove()

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(WAIT_S)  # so that it has come as far as it can
    change()
    db.session.commit()
    thread.join(20)
    assert not thread.is_alive()
    return raised[0] if raised else None


def hook(user_id: int) -> None:
    endpoints.create_webhook(user_id, {"url": "https://8.8.8.8/", "events": ["run.failed"]})


@pytest.mark.parametrize(
    ("module", "name", "add"),
    [
        (endpoints, "MAX_WEBHOOKS", hook),
        (api_tokens, "MAX_TOKENS", lambda user_id: api_tokens.create_token(user_id, "x", ["read"])),
        (
            store,
            "MAX_CONNECTIONS_PER_ACCOUNT",
            lambda user_id: store.save_connection(
                user_id, True, f"c{time.monotonic_ns()}", {"base_url": "https://8.8.8.8/v1"}
            ),
        ),
    ],
    ids=["webhooks", "tokens", "connections"],
)
def test_requests_at_once_do_not_get_past_a_limit(app, owner, monkeypatch, module, name, add):
    monkeypatch.setattr(module, name, 1)
    with app.app_context():
        session = db.session()
        session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
        lock_account(session, owner.id)
        add_raw = {
            endpoints: lambda: session.add(
                Webhook(id="w", user_id=owner.id, url="u", events=[], sealed_secret="s")
            ),
            api_tokens: lambda: session.add(
                ApiToken(user_id=owner.id, name="x", token_hash="h", hint="x", scopes=[])
            ),
            store: lambda: session.add(
                Connection(user_id=owner.id, name="x", kind="openai", base_url="u")
            ),
        }[module]
        assert isinstance(meanwhile(app, lambda: add(owner.id), add_raw), Conflict)


def test_an_account_that_was_deleted_gets_nothing_more(app, owner):
    with app.app_context():
        with transaction() as session:
            session.delete(session.get_one(AccountRow, owner.id))
        for add in (hook, lambda user_id: api_tokens.create_token(user_id, "x", ["read"])):
            with pytest.raises(Unauthorized):
                add(owner.id)


def test_the_only_administrator_does_not_leave_while_somebody_joins(app, make_account):
    # An account whose hash the service can check.
    admin = make_account("first@example.org", is_admin=True)
    with app.app_context():
        session = db.session()
        session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
        serialize_registrations(session)
        error = meanwhile(
            app,
            lambda: delete_account(admin.id, PASSWORD),
            lambda: session.add(AccountRow(email="second@example.org", password_hash="x")),
        )
        assert isinstance(error, Conflict)
        assert error.code == "last_admin"
