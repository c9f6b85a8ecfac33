"""API tokens."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from app.db import BUSY_TIMEOUT_MS, db, now, transaction
from app.errors import Conflict, Invalid, NotFound, Unauthorized
from app.models import ApiToken
from app.services.accounts import accounts, api_tokens
from tests.app_fixtures import PASSWORD

pytestmark = pytest.mark.usefixtures("app_context")


def _age(by: timedelta) -> None:
    with transaction() as session:
        session.execute(update(ApiToken).values(last_used_at=now() - by))


def _last_used():
    db.session.rollback()
    return db.session.scalar(select(ApiToken.last_used_at))


def test_a_token_is_its_accounts_until_it_is_deleted(owner):
    token, info = api_tokens.create_token(owner.id, "CI", ["read"])
    assert token.startswith("obs_")
    assert len(token) >= 47
    account = api_tokens.authenticate_token(token)
    assert account is not None
    assert account.id == owner.id
    assert account.scopes == {"read"}
    api_tokens.delete_token(owner.id, info.id)
    assert api_tokens.authenticate_token(token) is None


def test_write_includes_read(owner):
    token, info = api_tokens.create_token(owner.id, "CI", ["write"])
    assert set(info.scopes) == {"read", "write"}
    account = api_tokens.authenticate_token(token)
    assert account is not None
    assert account.scopes == {"read", "write"}


def test_the_database_holds_no_token(owner):
    token, info = api_tokens.create_token(owner.id, "CI", ["read"])
    stored = str(db.session.execute(text("SELECT * FROM api_tokens")).all())
    assert token not in stored
    assert info.prefix in stored


@pytest.mark.parametrize("token", ["", "obs_", "obs_unknown", "other_prefix", "obs_\ud800"])
def test_other_text_is_nobody(owner, token):
    assert api_tokens.authenticate_token(token) is None


def test_an_expired_token_is_nobody(owner):
    token, _info = api_tokens.create_token(
        owner.id, "CI", ["read"], expires_at=now() + timedelta(hours=1)
    )
    with transaction() as session:
        session.execute(update(ApiToken).values(expires_at=now()))
    assert api_tokens.authenticate_token(token) is None
    assert api_tokens.list_tokens(owner.id)[0].expired


@pytest.mark.parametrize(
    ("name", "scopes", "expires_in_s", "field"),
    [
        ("", ["read"], None, "name"),
        ("x" * 81, ["read"], None, "name"),
        ("CI", [], None, "scopes"),
        ("CI", ["admin"], None, "scopes"),
        ("CI", ["read"], -1, "expires_at"),
    ],
)
def test_fields_that_do_not_fit_are_named(owner, name, scopes, expires_in_s, field):
    expires_at = now() + timedelta(seconds=expires_in_s) if expires_in_s else None
    with pytest.raises(Invalid) as caught:
        api_tokens.create_token(owner.id, name, scopes, expires_at)
    assert list(caught.value.fields) == [field]


def test_use_is_noted_at_most_once_a_minute(owner):
    token, _info = api_tokens.create_token(owner.id, "CI", ["read"])
    api_tokens.authenticate_token(token)
    first = _last_used()
    api_tokens.authenticate_token(token)
    assert _last_used() == first
    _age(timedelta(minutes=2))
    api_tokens.authenticate_token(token)
    assert _last_used() >= first


def test_another_accounts_token_cannot_be_seen_or_deleted(owner, second_user):
    _token, info = api_tokens.create_token(owner.id, "CI", ["read"])
    assert api_tokens.list_tokens(second_user.id) == []
    with pytest.raises(NotFound):
        api_tokens.delete_token(second_user.id, info.id)


def test_expired_tokens_make_room_when_an_account_is_full(owner, monkeypatch):
    monkeypatch.setattr(api_tokens, "MAX_TOKENS", 2)
    api_tokens.create_token(owner.id, "1", ["read"], now() + timedelta(hours=1))
    api_tokens.create_token(owner.id, "2", ["read"])
    with pytest.raises(Conflict):
        api_tokens.create_token(owner.id, "3", ["read"])
    with transaction() as session:
        session.execute(update(ApiToken).where(ApiToken.name == "1").values(expires_at=now()))
    api_tokens.create_token(owner.id, "3", ["read"])
    assert {info.name for info in api_tokens.list_tokens(owner.id)} == {"2", "3"}


def test_a_sign_in_takes_the_place_of_the_token_that_would_expire_first(owner, monkeypatch):
    monkeypatch.setattr(api_tokens, "MAX_TOKENS", 3)
    api_tokens.create_token(owner.id, "lasting", ["read"])
    api_tokens.create_token(owner.id, "later", ["read"], now() + timedelta(hours=2))
    api_tokens.create_token(owner.id, "sooner", ["read"], now() + timedelta(hours=1))
    until = now() + timedelta(hours=3)
    api_tokens.create_token(owner.id, "new", ["read"], until, signed_in=owner)
    names = {info.name for info in api_tokens.list_tokens(owner.id)}
    assert names == {"lasting", "later", "new"}


def test_no_token_is_given_for_a_password_that_was_changed_meanwhile(owner):
    signed_in = accounts.authenticate("ada@example.org", PASSWORD)
    accounts.change_password(owner.id, PASSWORD, "a quite different one", None)
    with pytest.raises(Unauthorized):
        api_tokens.create_token(
            owner.id, "late", ["write"], now() + timedelta(days=1), signed_in=signed_in
        )
    assert api_tokens.list_tokens(owner.id) == []


def test_reading_with_a_token_goes_on_while_the_database_is_locked(app, owner, locked_database):
    with app.app_context():
        token, _info = api_tokens.create_token(owner.id, "CI", ["read"])
    with locked_database():
        began = time.monotonic()
        answer = app.test_client().get(
            "/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"}
        )
        waited_s = time.monotonic() - began
    assert answer.status_code == 200
    assert waited_s < BUSY_TIMEOUT_MS / 1000 / 2
    with app.app_context():
        assert api_tokens.list_tokens(owner.id)[0].last_used_at is None
        assert api_tokens.authenticate_token(token) is not None
        assert api_tokens.list_tokens(owner.id)[0].last_used_at is not None


@pytest.fixture
def locked_database(app):
    """Holds the lock that writing a token's row needs, for the length of a block."""

    @contextmanager
    def lock():
        with app.app_context(), db.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.execution_options(sqlite_begin="IMMEDIATE")
            connection.execute(update(ApiToken).values(name="locked"))
            yield
            connection.rollback()

    return lock
