"""Commands of the operator: ``flask --app wsgi`` with users, create-user, rotate-keys or db."""

from __future__ import annotations

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.cli.accounts import accounts_group
from app.cli.messages import as_click_error
from app.db import MIGRATIONS, db
from app.errors import StudioError
from app.services import sealing
from app.services.accounts import accounts


def install(app: Flask) -> None:
    """Add the commands to ``app``."""
    app.cli.add_command(rotate_keys)
    app.cli.add_command(create_user)
    app.cli.add_command(accounts_group)
    app.cli.add_command(migrations)


@click.command("rotate-keys")
@with_appcontext
def rotate_keys() -> None:
    """Re-encrypt all stored secrets with the first of ENCRYPTION_KEYS."""
    try:
        count = sealing.rotate_keys()
    except StudioError as error:
        raise as_click_error(error) from error
    click.echo(f"{count} secrets are now sealed with the first key; the other keys can be removed.")


@click.command("create-user")
@click.argument("email")
@click.password_option(help="Asked for if not given.")
@with_appcontext
def create_user(email: str, password: str) -> None:
    """Create an account for EMAIL; the first account becomes the administrator."""
    try:
        account = accounts.register_account(email, password)
    except StudioError as error:
        raise as_click_error(error) from error
    role = "administrator" if account.is_admin else "member"
    click.echo(f"{account.email} was created as {role}.")


@click.command(
    "db",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
@with_appcontext
def migrations(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Migrate the database; ``db --help`` lists how."""
    # Imported here: web server and worker would hold 10 MB that they never need.
    from flask_migrate import Migrate
    from flask_migrate.cli import db as commands

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    Migrate(app, db, directory=str(MIGRATIONS))
    commands.main(list(arguments), prog_name=context.command_path)
