"""Secrets at rest."""

from __future__ import annotations

import base64

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from app.db import db, transaction
from app.errors import Conflict
from app.models import Connection, Webhook
from app.services import sealing
from app.services.connections import store
from tests.app_fixtures import ENCRYPTION_KEY

NEW_KEY = base64.urlsafe_b64encode(b"n" * 32).decode()
KEY = "sk-canary-0123456789abcdef"


def _save(user_id: int) -> None:
    store.save_connection(
        user_id, True, "local", {"base_url": "http://127.0.0.1:18080/v1", "api_key": KEY}
    )


def test_what_was_sealed_opens_again_and_shows_nothing(app_context):
    sealed = sealing.seal(KEY)
    assert KEY not in sealed
    assert sealing.open_sealed(sealed) == KEY
    assert sealing.seal(KEY) != sealed


def test_text_that_was_changed_or_sealed_elsewhere_does_not_open(app_context):
    with pytest.raises(Conflict) as caught:
        sealing.open_sealed("gAAAA" + sealing.seal(KEY)[5:-4] + "AAAA")
    assert caught.value.code == "sealed_secret_unreadable"


def test_after_rotation_the_old_key_may_go(make_app, tmp_path):
    old = make_app()
    with old.app_context():
        from app.services.accounts.accounts import register_account

        owner = register_account("ada@example.org", "correct horse battery staple")
        _save(owner.id)
        with transaction() as session:
            session.add(
                Webhook(
                    id="w", user_id=owner.id, url="x", events=[], sealed_secret=sealing.seal("s")
                )
            )
        before = db.session.scalar(select(Connection.updated_at))
    both = make_app(encryption_keys=(SecretStr(NEW_KEY), SecretStr(ENCRYPTION_KEY)))
    with both.app_context():
        assert sealing.rotate_keys() == 2
        assert db.session.scalar(select(Connection.updated_at)) == before
    new = make_app(encryption_keys=(SecretStr(NEW_KEY),))
    with new.app_context():
        assert store.open_connection(owner.id, True, "local").api_key == KEY
        assert sealing.open_sealed(db.session.scalars(select(Webhook.sealed_secret)).one()) == "s"


def test_rotation_without_the_old_key_changes_nothing(make_app, owner, app):
    with app.app_context():
        _save(owner.id)
        sealed = db.session.scalar(select(Connection.sealed_key))
    other = make_app(encryption_keys=(SecretStr(NEW_KEY),))
    with other.app_context():
        with pytest.raises(Conflict):
            sealing.rotate_keys()
        assert db.session.scalar(select(Connection.sealed_key)) == sealed


def test_a_key_is_in_no_representation_and_not_in_the_database(app_context, owner):
    _save(owner.id)
    opened = store.open_connection(owner.id, True, "local")
    assert opened.api_key == KEY
    assert KEY not in repr(opened)
    info = store.get_connection(owner.id, True, "local")
    assert KEY not in repr(info)
    assert info.api_key_hint == "cdef"
    row = db.session.execute(select(Connection.__table__)).one()
    assert KEY not in str(row)
    assert ENCRYPTION_KEY not in repr(app_context.extensions["settings"])
