"""What the services refuse, as the commands say it."""

from __future__ import annotations

import click

from app.errors import StudioError


def as_click_error(error: StudioError) -> click.ClickException:
    """Return ``error`` with its fields and what to do."""
    lines = [error.detail, *(text for texts in error.fields.values() for text in texts)]
    return click.ClickException("\n".join([*lines, *([error.action] if error.action else [])]))
