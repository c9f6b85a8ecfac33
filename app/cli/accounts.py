"""``flask users``: who has an account and what it may do, for whoever operates the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.cli.messages import as_click_error
from app.errors import Conflict, NotFound, StudioError
from app.queries import accounts
from app.queries.accounts import AccountEntry
from app.services.account_deletion import remove_account
from app.services.account_disabling import disable_account, enable_account
from app.services.accounts import reset_links, roles


class _AccountsGroup(AppGroup):
    """Says what the services refuse, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Invoke the command."""
        try:
            return super().invoke(ctx)
        except StudioError as error:
            raise as_click_error(error) from error
        except (OperationalError, ProgrammingError) as error:
            raise click.ClickException(
                "The database does not answer, or its tables are not those of this version.\n"
                "Check DATABASE_URL or DATA_DIR; scripts/start and scripts/flask db upgrade make "
                "the tables."
            ) from error


accounts_group = _AccountsGroup("users", help="List accounts and decide what they may do.")


@contextmanager
def _forceable() -> Iterator[None]:
    """Name the way out where the last administrator would be lost."""
    try:
        yield
    except Conflict as error:
        if error.code == "last_admin":
            error.action = f"{error.action} With --force it is done anyway."
        raise


def _find(email: str) -> AccountEntry:
    entry = accounts.find_account(email)
    if entry is None:
        raise NotFound(
            f"There is no account {email}.", action="flask users list names those there are."
        )
    return entry


_email = click.argument("email")
_force = click.option(
    "--force", is_flag=True, help="Also if the Studio is left without an enabled administrator."
)


@accounts_group.command("list")
@click.option("--search", default="", metavar="TEXT", help="Only addresses that contain it.")
def list_accounts(search: str) -> None:
    """List the accounts by address."""
    head = ("EMAIL", "ROLE", "STATE", "REGISTERED", "LAST SIGN-IN", "RUNS")
    rows, cursor = [], None
    while True:
        page = accounts.list_accounts(search, limit=200, cursor=cursor)
        rows += [_columns(entry) for entry in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    if not rows:
        click.echo("There are no such accounts." if search else "There are no accounts yet.")
        return
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    for row in [head, *rows]:
        click.echo("  ".join(map(str.ljust, row, widths)).rstrip())


def _columns(entry: AccountEntry) -> tuple[str, ...]:
    return (
        entry.email,
        "administrator" if entry.is_admin else "member",
        "disabled" if entry.disabled else "enabled",
        _minute(entry.created_at),
        _minute(entry.last_sign_in_at) if entry.last_sign_in_at else "none recorded",
        str(entry.runs),
    )


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


@accounts_group.command()
@_email
def promote(email: str) -> None:
    """Make EMAIL an administrator."""
    entry = _find(email)
    changed = roles.set_admin(entry.id, True, by=None)
    click.echo(f"{entry.email} is {'now' if changed else 'already'} an administrator.")
    if entry.disabled:
        click.echo(f"The account is disabled; enable it: flask users enable {entry.email}")


@accounts_group.command()
@_email
@_force
def demote(email: str, force: bool) -> None:
    """Make EMAIL a member."""
    entry = _find(email)
    with _forceable():
        changed = roles.set_admin(entry.id, False, by=None, force=force)
    click.echo(f"{entry.email} is {'now' if changed else 'already'} a member.")


@accounts_group.command()
@_email
@_force
def disable(email: str, force: bool) -> None:
    """Let nobody use EMAIL.

    Its sessions and API tokens end at once, and its runs pause. Nothing is deleted.
    """
    entry = _find(email)
    with _forceable():
        changed = disable_account(entry.id, by=None, force=force)
    click.echo(f"{entry.email} is {'now' if changed else 'already'} disabled.")


@accounts_group.command()
@_email
def enable(email: str) -> None:
    """Let EMAIL sign in again.

    Its runs stay paused until they are resumed.
    """
    entry = _find(email)
    changed = enable_account(entry.id, by=None)
    click.echo(f"{entry.email} is {'now' if changed else 'already'} enabled.")


@accounts_group.command("reset-password")
@_email
@click.option(
    "--password",
    prompt=True,
    prompt_required=False,
    hide_input=True,
    confirmation_prompt=True,
    help="Set a password here instead; asked for if none follows.",
)
def reset_password(email: str, password: str | None) -> None:
    """Print a link that sets a new password.

    It works once and for a day; an earlier one is void.
    """
    entry = _find(email)
    if password is not None:
        reset_links.set_password(entry.id, password)
        click.echo(f"The password of {entry.email} is set; earlier sign-ins have ended.")
        return
    link = reset_links.create_reset_link(entry.id, by=None)
    click.echo(f"{link.url}\n")
    click.echo(
        f"Hand this link to {link.email}. It sets a new password, once, until "
        f"{_minute(link.expires_at)} UTC."
    )


@accounts_group.command()
@_email
@click.option("--yes", is_flag=True, help="Do not ask.")
@_force
def delete(email: str, yes: bool, force: bool) -> None:
    """Delete EMAIL with all that it has.

    What goes is counted first. This cannot be undone.
    """
    entry = _find(email)
    click.echo(f"{entry.email} has {accounts.count_belongings(entry.id).words}.")
    if not yes:
        click.confirm("Delete the account with all that?", abort=True)
    with _forceable():
        remove_account(entry.id, by=None, force=force)
    click.echo(f"{entry.email} has been deleted.")
