"""Links that set a new password: once, for a day, and for nobody else."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.db import db, now, transaction
from app.errors import Conflict, Invalid, NotFound, StudioError, Unauthorized
from app.models import ApiToken, AuthSession, ResetLink
from app.services.account_deletion import remove_account
from app.services.account_disabling import disable_account
from app.services.accounts import accounts, api_tokens, passwords, reset_links, roles, sessions
from app.services.accounts.accounts import Account
from tests.app_fixtures import PASSWORD

pytestmark = pytest.mark.usefixtures("app_context")
NEW = "a quite different one"


def link_for(account: Account) -> str:
    url = reset_links.create_reset_link(account.id, by=None).url
    assert url.startswith("http://127.0.0.1:8000/reset#")
    return url.partition("#")[2]


def test_a_link_sets_the_password_once_and_ends_all_sign_ins(
    owner: Account, second_user: Account
) -> None:
    mine, other = sessions.open_session(second_user, 1), sessions.open_session(owner, 1)
    later = now() + timedelta(days=1)
    signed_in, _ = api_tokens.create_token(
        second_user.id, "x", ["read"], later, signed_in=second_user
    )
    lasting, _ = api_tokens.create_token(second_user.id, "CI", ["read"])
    secret = link_for(second_user)
    assert reset_links.find_reset_email(secret) == second_user.email
    assert reset_links.reset_password(secret, NEW).id == second_user.id
    assert accounts.authenticate(second_user.email, NEW).id == second_user.id
    with pytest.raises(Unauthorized):
        accounts.authenticate(second_user.email, PASSWORD)
    assert sessions.find_session(mine.session_key) is None
    assert sessions.find_session(other.session_key) is not None
    assert api_tokens.authenticate_token(signed_in) is None
    assert api_tokens.authenticate_token(lasting) is not None
    with pytest.raises(NotFound) as caught:
        reset_links.reset_password(secret, "yet another password")
    assert caught.value.code == "reset_link_void"
    accounts.authenticate(second_user.email, NEW)


def test_a_password_that_does_not_do_leaves_the_link_good(owner: Account) -> None:
    secret = link_for(owner)
    with pytest.raises(Invalid) as caught:
        reset_links.reset_password(secret, "short")
    assert "password" in caught.value.fields
    accounts.authenticate(owner.email, PASSWORD)
    reset_links.reset_password(secret, NEW)


def test_links_that_expired_were_replaced_or_made_up_are_all_the_same(owner: Account) -> None:
    first = link_for(owner)
    second = link_for(owner)
    assert db.session.scalar(select(func.count()).select_from(ResetLink)) == 1
    answers = set()
    with transaction() as session:
        session.execute(update(ResetLink).values(expires_at=now() - timedelta(seconds=1)))
    for secret in (first, second, "made-up", "", "x" * 5000, "\ud800"):
        with pytest.raises(NotFound) as caught:
            reset_links.find_reset_email(secret)
        answers.add(caught.value.detail)
        with pytest.raises(NotFound):
            reset_links.reset_password(secret, NEW)
    assert len(answers) == 1
    accounts.authenticate(owner.email, PASSWORD)


def test_strangers_cannot_make_the_server_hash(
    owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hashing(_password: str) -> str:
        raise AssertionError("hashed for a link that is not valid")

    monkeypatch.setattr(reset_links, "hash_password", hashing)
    with pytest.raises(NotFound):
        reset_links.reset_password("made-up", NEW)


def test_two_who_use_a_link_at_once_set_one_password(app: Flask, owner: Account) -> None:
    secret = link_for(owner)
    barrier, outcomes = threading.Barrier(2), []

    def use(password: str) -> None:
        with app.app_context():
            barrier.wait(20)
            try:
                reset_links.reset_password(secret, password)
                outcomes.append(password)
            except StudioError as error:
                outcomes.append(error.code)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=use, args=(f"a fine password {n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(outcomes) == 2
    assert outcomes.count("reset_link_void") == 1
    (password,) = (text for text in outcomes if text != "reset_link_void")
    accounts.authenticate(owner.email, password)


def test_the_database_and_the_log_hold_no_link(
    owner: Account, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        link = reset_links.create_reset_link(owner.id, by=None)
        secret = link.url.partition("#")[2]
        assert secret not in repr(link)
        for table in db.metadata.sorted_tables:
            for row in db.session.execute(table.select()):
                assert secret not in str(tuple(row))
        reset_links.reset_password(secret, NEW)
    assert secret not in caplog.text
    assert NEW not in caplog.text


def test_a_disabled_account_gets_none_and_loses_what_it_had(
    owner: Account, second_user: Account
) -> None:
    secret = link_for(second_user)
    disable_account(second_user.id, by=owner.id)
    with pytest.raises(NotFound):
        reset_links.reset_password(secret, NEW)
    with pytest.raises(Conflict) as caught:
        reset_links.create_reset_link(second_user.id, by=owner.id)
    assert caught.value.code == "account_disabled"


@pytest.mark.parametrize("end", ["demote", "disable", "remove"])
def test_links_end_with_the_role_of_who_made_them(
    owner: Account, second_user: Account, end: str
) -> None:
    roles.set_admin(second_user.id, True, by=owner.id)
    url = reset_links.create_reset_link(owner.id, by=second_user.id).url
    if end == "demote":
        roles.set_admin(second_user.id, False, by=owner.id)
    elif end == "disable":
        disable_account(second_user.id, by=owner.id)
    else:
        remove_account(second_user.id, by=owner.id)
    with pytest.raises(NotFound):
        reset_links.reset_password(url.partition("#")[2], NEW)
    accounts.authenticate(owner.email, PASSWORD)


def test_the_operator_sets_a_password_and_ends_what_the_old_one_opened(owner: Account) -> None:
    sessions.open_session(owner, 1)
    link_for(owner)
    with pytest.raises(Invalid):
        reset_links.set_password(owner.id, "short")
    reset_links.set_password(owner.id, NEW)
    accounts.authenticate(owner.email, NEW)
    for table in (AuthSession, ResetLink, ApiToken):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_a_sign_in_that_a_reset_overtakes_is_refused(owner: Account) -> None:
    checked = accounts.authenticate(owner.email, PASSWORD)
    reset_links.reset_password(link_for(owner), NEW)
    with pytest.raises(Unauthorized):
        sessions.open_session(checked, 1)
    assert passwords.verify_password(None, NEW) is False
