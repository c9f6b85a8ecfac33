"""Who administers: given and taken, and never nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.errors import Conflict, Forbidden, NotFound, StudioError
from app.models import AccountRow
from app.services.account_deletion import delete_account, remove_account
from app.services.account_disabling import disable_account, enable_account
from app.services.accounts import reset_links
from app.services.accounts.accounts import Account, register_account
from app.services.accounts.roles import set_admin
from tests.app_fixtures import PASSWORD

pytestmark = pytest.mark.usefixtures("app_context")
MakeAccount = Callable[..., Account]


def admins() -> set[str]:
    db.session.rollback()
    governing = select(AccountRow.email).where(
        AccountRow.is_admin, AccountRow.disabled_at.is_(None)
    )
    return set(db.session.scalars(governing))


def test_a_role_is_given_and_taken(owner: Account, second_user: Account) -> None:
    assert set_admin(second_user.id, True, by=owner.id)
    assert not set_admin(second_user.id, True, by=owner.id)
    assert admins() == {owner.email, second_user.email}
    assert set_admin(owner.id, False, by=second_user.id)
    assert admins() == {second_user.email}


def lose_by_demotion(account_id: int, force: bool = False) -> None:
    set_admin(account_id, False, by=None, force=force)


def lose_by_disabling(account_id: int, force: bool = False) -> None:
    disable_account(account_id, by=None, force=force)


def lose_by_removal(account_id: int, force: bool = False) -> None:
    remove_account(account_id, by=None, force=force)


LOSSES = [lose_by_demotion, lose_by_disabling, lose_by_removal]


@pytest.mark.parametrize("lose", LOSSES)
def test_the_last_administrator_stays_unless_the_operator_forces_it(
    owner: Account, make_account: MakeAccount, lose: Callable[..., None]
) -> None:
    other = make_account("locked@example.org", is_admin=True)
    disable_account(other.id, by=None)  # who cannot sign in does not count
    with pytest.raises(Conflict) as caught:
        lose(owner.id)
    assert caught.value.code == "last_admin"
    assert admins() == {owner.email}
    lose(owner.id, force=True)
    assert admins() == set()
    set_admin(other.id, True, by=None)
    enable_account(other.id, by=None)
    assert admins() == {other.email}


def test_the_last_enabled_administrator_does_not_delete_itself(
    owner: Account, make_account: MakeAccount
) -> None:
    other = make_account("locked@example.org", is_admin=True)
    disable_account(other.id, by=None)
    with pytest.raises(Conflict) as caught:
        delete_account(owner.id, PASSWORD)
    assert caught.value.code == "last_admin"


def test_nobody_decides_who_is_no_administrator(owner: Account, second_user: Account) -> None:
    decisions: list[Callable[[], object]] = [
        lambda: set_admin(second_user.id, True, by=second_user.id),
        lambda: disable_account(owner.id, by=second_user.id),
        lambda: enable_account(owner.id, by=second_user.id),
        lambda: remove_account(owner.id, by=second_user.id),
        lambda: reset_links.create_reset_link(owner.id, by=second_user.id),
    ]
    for decide in decisions:
        with pytest.raises(Forbidden) as caught:
            decide()
        assert caught.value.code == "admins_only"
    set_admin(second_user.id, True, by=owner.id)
    disable_account(second_user.id, by=owner.id)  # and so is who is disabled
    with pytest.raises(Forbidden):
        set_admin(second_user.id, False, by=second_user.id)


def test_an_account_that_is_gone_is_not_found(owner: Account) -> None:
    for decide in (
        lambda: set_admin(999, True, by=owner.id),
        lambda: disable_account(999, by=owner.id),
        lambda: remove_account(999, by=None),
        lambda: reset_links.set_password(999, PASSWORD),
    ):
        with pytest.raises(NotFound):
            decide()


LOSE: dict[str, Callable[[int, int], object]] = {
    "demote": lambda account_id, by: set_admin(account_id, False, by=by),
    "disable": lambda account_id, by: disable_account(account_id, by=by),
    "remove": lambda account_id, by: remove_account(account_id, by=by),
}


@pytest.mark.parametrize("again", range(3))
@pytest.mark.parametrize(
    "how",
    [("demote", "demote"), ("disable", "disable"), ("remove", "remove"), ("demote", "remove")],
    ids="-".join,
)
def test_administrators_who_end_each_other_at_once_leave_one(
    app: Flask, owner: Account, make_account: MakeAccount, how: tuple[str, str], again: int
) -> None:
    other = make_account("grace@example.org", is_admin=True)
    barrier, refused = threading.Barrier(2), []

    def end(target: Account, by: Account, lose: str) -> None:
        with app.app_context():
            barrier.wait(20)
            try:
                LOSE[lose](target.id, by.id)
            except StudioError as error:
                refused.append(error.code)
            finally:
                db.session.remove()

    threads = [
        threading.Thread(target=end, args=(other, owner, how[0])),
        threading.Thread(target=end, args=(owner, other, how[1])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(admins()) == 1
    assert refused == ["admins_only"]


def test_who_registers_after_the_last_account_went_is_the_administrator(owner: Account) -> None:
    remove_account(owner.id, by=None, force=True)
    assert register_account("new@example.org", PASSWORD).is_admin
