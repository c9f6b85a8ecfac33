"""The operator's commands."""

from __future__ import annotations

from flask import Flask

from tests.app_fixtures import PASSWORD


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
