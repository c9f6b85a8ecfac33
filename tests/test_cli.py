"""The operator's commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app import create_app
from app.db import db
from app.services.accounts import accounts, reset_links, sessions
from app.services.accounts.accounts import Account
from tests.app_fixtures import PASSWORD, make_settings
from tests.run_fixtures import add_run

Run = Callable[..., Result]


@pytest.fixture
def command(app: Flask) -> Run:
    """Runs ``flask users ...``."""

    def run(*arguments: str, **how: str) -> Result:
        return app.test_cli_runner().invoke(args=["users", *arguments], **how)

    return run


def test_the_first_account_becomes_administrator(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    first = run(args=["create-user", "ada@example.org", "--password", PASSWORD])
    assert first.output == "ada@example.org was created as administrator.\n"
    second = run(args=["create-user", "bob@example.org", "--password", PASSWORD])
    assert second.output == "bob@example.org was created as member.\n"


def test_what_is_wrong_with_an_account_is_said(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["create-user", "ada", "--password", "short"])
    assert result.exit_code == 1
    assert "email address" in result.output
    assert "Traceback" not in result.output


def test_stored_secrets_are_counted_when_keys_rotate(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["rotate-keys"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("0 secrets are now sealed")


def test_accounts_are_listed_with_role_state_and_runs(
    app: Flask, command: Run, owner: Account, second_user: Account
) -> None:
    with app.app_context():
        sessions.open_session(second_user, 1)
        add_run(second_user.id)
    command("disable", second_user.email)
    head, *rows = [re.split(r"  +", line) for line in command("list").output.splitlines()]
    assert head == ["EMAIL", "ROLE", "STATE", "REGISTERED", "LAST SIGN-IN", "RUNS"]
    assert [row[:3] for row in rows] == [
        ["ada@example.org", "administrator", "enabled"],
        ["grace@example.org", "member", "disabled"],
    ]
    assert rows[0][4:] == ["none recorded", "0"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", rows[1][4])
    assert rows[1][5] == "1"
    assert "ada" not in command("list", "--search", "GRACE").output
    assert command("list", "--search", "%").output == "There are no such accounts.\n"


def test_no_accounts_is_said(command: Run) -> None:
    assert command("list").output == "There are no accounts yet.\n"


def test_an_older_demo_is_repaired_by_one_command(
    app: Flask, command: Run, make_account: Callable[..., Account]
) -> None:
    make_account("demo@example.com", is_admin=True)
    make_account("me@example.org")
    result = command("promote", " ME@example.org")
    assert (result.exit_code, result.output) == (0, "me@example.org is now an administrator.\n")
    assert (
        command("promote", "me@example.org").output
        == "me@example.org is already an administrator.\n"
    )
    assert command("demote", "demo@example.com").output == "demo@example.com is now a member.\n"


@pytest.mark.parametrize("how", ["demote", "disable", "delete"])
def test_the_last_administrator_goes_by_force_only(command: Run, owner: Account, how: str) -> None:
    yes = ("--yes",) if how == "delete" else ()
    result = command(how, owner.email, *yes)
    assert result.exit_code == 1
    assert "ada@example.org is the only administrator." in result.output
    assert "--force" in result.output
    assert "administrator  enabled" in command("list").output
    assert command(how, owner.email, *yes, "--force").exit_code == 0
    assert "administrator  enabled" not in command("list").output


@pytest.mark.parametrize(
    "how", ["promote", "demote", "disable", "enable", "reset-password", "delete"]
)
def test_an_unknown_address_is_said(command: Run, owner: Account, how: str) -> None:
    result = command(how, "nobody@example.org")
    assert result.exit_code == 1
    assert "There is no account nobody@example.org." in result.output
    assert "Traceback" not in result.output
    assert command(how).exit_code == 2


def test_disabling_and_enabling_say_what_is(
    command: Run, owner: Account, second_user: Account
) -> None:
    said = [
        command(how, second_user.email).output.split(" is ")[1].strip()
        for how in ("disable", "disable", "enable", "enable")
    ]
    assert said == ["now disabled.", "already disabled.", "now enabled.", "already enabled."]


def test_a_reset_link_is_printed_and_works(app: Flask, command: Run, owner: Account) -> None:
    result = command("reset-password", owner.email)
    assert result.exit_code == 0, result.output
    url = result.output.splitlines()[0]
    with app.app_context():
        reset_links.reset_password(url.partition("#")[2], "a quite different one")
        accounts.authenticate(owner.email, "a quite different one")


def test_a_password_is_set_at_the_prompt(app: Flask, command: Run, owner: Account) -> None:
    typed = "a quite different one\n"
    result = command("reset-password", owner.email, "--password", input=typed * 2)
    assert result.exit_code == 0, result.output
    assert "a quite different one" not in result.output
    with app.app_context():
        accounts.authenticate(owner.email, "a quite different one")
    bad = command("reset-password", owner.email, "--password", "short")
    assert bad.exit_code == 1
    assert "at least 8 characters" in bad.output


def test_a_deletion_counts_what_goes_and_asks(
    app: Flask, command: Run, owner: Account, second_user: Account
) -> None:
    with app.app_context():
        add_run(second_user.id, status="completed", done=40)
        add_run(second_user.id, status="queued", done=2)
    result = command("delete", second_user.email, input="n\n")
    assert result.exit_code == 1
    assert "grace@example.org has 2 runs (1 active) and 42 samples." in result.output
    assert "grace" in command("list").output
    assert command("delete", second_user.email, input="y\n").exit_code == 0
    assert "grace" not in command("list").output


def test_a_database_without_tables_is_said(tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path))
    result = app.test_cli_runner().invoke(args=["users", "list"])
    assert result.exit_code == 1
    assert "scripts/flask db upgrade" in result.output
    assert "SELECT" not in result.output
    with app.app_context():
        db.engine.dispose()
