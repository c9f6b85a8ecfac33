"""Registering, proving who one is, changing the password."""

from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, update

from app.db import db, transaction
from app.errors import Conflict, Forbidden, Invalid, Unauthorized
from app.models import AccountRow, AuthSession, Run, RunEventRow
from app.services.account_deletion import delete_account
from app.services.accounts import accounts, sessions
from tests.app_fixtures import PASSWORD

pytestmark = pytest.mark.usefixtures("app_context")


def test_the_first_account_is_the_administrators_and_the_next_is_not():
    first = accounts.register_account("Ada@Example.org ", PASSWORD)
    second = accounts.register_account("grace@example.org", PASSWORD)
    assert first.is_admin
    assert first.email == "ada@example.org"
    assert not second.is_admin


def test_of_registrations_at_the_same_time_exactly_one_is_the_administrators(app):
    def register(number: int) -> None:
        with app.app_context():
            accounts.register_account(f"user{number}@example.org", PASSWORD)

    threads = [threading.Thread(target=register, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.session.scalar(select(func.count(AccountRow.id))) == 4
    assert db.session.scalar(select(func.count(AccountRow.id)).where(AccountRow.is_admin)) == 1


def test_an_address_registers_once_whatever_its_case(owner):
    with pytest.raises(Conflict) as caught:
        accounts.register_account("ADA@example.org", PASSWORD)
    assert caught.value.code == "email_taken"


@pytest.mark.parametrize(
    "email", ["", "ada", "@example.org", "ada@", "a b@example.org", "a@b@c.org", "a\x00@b.org"]
)
def test_text_that_is_no_address_is_refused(email):
    with pytest.raises(Invalid) as caught:
        accounts.register_account(email, PASSWORD)
    assert "email" in caught.value.fields


def test_a_bad_password_is_refused_before_anything_is_stored():
    with pytest.raises(Invalid) as caught:
        accounts.register_account("ada@example.org", "password")
    assert "password" in caught.value.fields
    assert not accounts.has_accounts()


def test_closed_registration_still_lets_the_first_account_in(make_app):
    closed = make_app(registration_open=False)
    with closed.app_context():
        accounts.register_account("ada@example.org", PASSWORD)
        with pytest.raises(Forbidden):
            accounts.register_account("grace@example.org", PASSWORD)


def test_the_right_password_gives_the_account(owner):
    assert accounts.authenticate(" ADA@example.org", PASSWORD) == owner


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(owner):
    with pytest.raises(Unauthorized) as wrong:
        accounts.authenticate("ada@example.org", "not the password")
    with pytest.raises(Unauthorized) as unknown:
        accounts.authenticate("nobody@example.org", PASSWORD)
    assert wrong.value.detail == unknown.value.detail
    assert wrong.value.code == unknown.value.code


def test_an_old_hash_is_renewed_at_sign_in(owner):
    old = PasswordHasher(time_cost=1, memory_cost=512).hash(PASSWORD)
    with transaction() as session:
        session.execute(update(AccountRow).values(password_hash=old))
    signed_in = accounts.authenticate("ada@example.org", PASSWORD)
    assert sessions.open_session(signed_in, 1).session_key
    renewed = db.session.get_one(AccountRow, owner.id).password_hash
    assert renewed != old
    accounts.authenticate("ada@example.org", PASSWORD)


def test_changing_the_password_ends_all_other_sessions_of_the_account_only(owner, second_user):
    mine = sessions.open_session(owner, 1)
    other = sessions.open_session(owner, 1)
    strangers = sessions.open_session(second_user, 1)
    accounts.change_password(owner.id, PASSWORD, "a quite different one", mine.session_hash)
    assert sessions.find_session(mine.session_key)
    assert sessions.find_session(other.session_key) is None
    assert sessions.find_session(strangers.session_key)
    accounts.authenticate("ada@example.org", "a quite different one")


def test_no_session_is_opened_for_a_password_that_was_changed_meanwhile(owner):
    signed_in = accounts.authenticate("ada@example.org", PASSWORD)
    accounts.change_password(owner.id, PASSWORD, "a quite different one", None)
    with pytest.raises(Unauthorized) as caught:
        sessions.open_session(signed_in, 1)
    assert caught.value.code == "bad_credentials"
    assert db.session.scalar(select(func.count()).select_from(AuthSession)) == 0
    again = accounts.authenticate("ada@example.org", "a quite different one")
    assert sessions.find_session(sessions.open_session(again, 1).session_key)


def test_the_password_changes_only_with_the_current_one(owner):
    with pytest.raises(Invalid) as caught:
        accounts.change_password(owner.id, "not the password", "a quite different one", None)
    assert "current_password" in caught.value.fields


def test_no_session_key_is_in_the_database(owner):
    signed_in = sessions.open_session(owner, 1)
    assert db.session.scalar(select(AuthSession.key_hash)) != signed_in.session_key


def test_expired_sessions_are_nobody_and_go_with_the_next_sign_in(owner):
    old = sessions.open_session(owner, 0)
    assert sessions.find_session(old.session_key) is None
    sessions.open_session(owner, 1)
    assert db.session.scalar(select(func.count()).select_from(AuthSession)) == 1


def test_deleting_an_account_takes_everything_of_it(owner, second_user):
    run = Run(
        user_id=second_user.id,
        benchmark="gsm8k",
        benchmark_version=1,
        protocol="inspect",
        model="simulated/expert",
        config={},
    )
    with transaction() as session:
        session.add(run)
        session.flush()
        session.add(RunEventRow(run_id=run.id, kind="info", message="started"))
    delete_account(second_user.id, PASSWORD)
    assert db.session.get(AccountRow, second_user.id) is None
    assert db.session.scalar(select(func.count(Run.id))) == 0
    assert db.session.scalar(select(func.count(RunEventRow.id))) == 0
    assert db.session.get(AccountRow, owner.id) is not None


def test_an_account_is_not_deleted_without_its_password(owner):
    with pytest.raises(Invalid) as caught:
        delete_account(owner.id, "not the password")
    assert "password" in caught.value.fields
    assert db.session.get(AccountRow, owner.id) is not None


def test_the_only_administrator_stays_while_there_are_others(owner, second_user):
    with pytest.raises(Conflict) as caught:
        delete_account(owner.id, PASSWORD)
    assert caught.value.code == "last_admin"
    delete_account(second_user.id, PASSWORD)
    delete_account(owner.id, PASSWORD)
    assert not accounts.has_accounts()
