"""Decisions, sign-ins, resets and workers lock in one order: no two wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from app.db import db
from app.errors import StudioError
from app.services.account_disabling import disable_account, enable_account
from app.services.accounts import reset_links, sessions
from app.services.accounts.accounts import Account, authenticate
from app.services.runs.leases import claim_run
from tests.app_fixtures import PASSWORD
from tests.run_fixtures import add_run

pytestmark = pytest.mark.usefixtures("app_context")
ROUNDS = 25


def decide(account: Account) -> None:
    disable_account(account.id, by=None)
    enable_account(account.id, by=None)


def sign_in(account: Account) -> None:
    sessions.open_session(authenticate(account.email, PASSWORD), 1)


def reset(account: Account) -> None:
    url = reset_links.create_reset_link(account.id, by=None).url
    reset_links.reset_password(url.partition("#")[2], PASSWORD)


def work(account: Account) -> None:
    claim_run(add_run(account.id, status="queued"), 10)


def test_no_two_of_them_wait_for_each_other(
    app: Flask, owner: Account, second_user: Account
) -> None:
    broken: list[Exception] = []

    def repeat(act: Callable[[Account], None]) -> None:
        with app.app_context():
            for _ in range(ROUNDS):
                try:
                    act(second_user)
                except StudioError:
                    continue  # it was disabled, or the link void
                except Exception as error:  # noqa: BLE001 - of a deadlock
                    broken.append(error)
                finally:
                    db.session.remove()

    threads = [
        threading.Thread(target=repeat, args=(act,)) for act in (decide, sign_in, reset, work)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert broken == []
