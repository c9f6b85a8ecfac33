"""Where a demo keeps its data, and what a start says of it.

The first account of an installation is its administrator: in the usual folder that is to be the
operator's, not the demo's.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from app.config import Settings

EMAIL = "demo@example.com"


def account_file(settings: Settings) -> Path:
    """Return the file with the password of the demo's account."""
    return settings.data_dir.resolve() / "secrets" / "demo_account.json"


def describe(settings: Settings, variables: Mapping[str, str] | None) -> str | None:
    """Return what the operator should know of a demo in this folder; ``None``: nothing.

    Args:
        settings: Those in force.
        variables: With which this demo was kept apart; ``None`` for a start without one. Earlier
            versions ran the demo in the usual folder.
    """
    if variables is not None:
        return (
            "  The demo has a folder of its own; your own data is not touched. Open it again:\n"
            f"    {_assigned(variables)} scripts/start\n"
        )
    file = account_file(settings)
    if not file.exists():
        return None
    here = _assigned({"DATA_DIR": str(settings.data_dir.resolve())})
    return (
        f"  This folder holds a demo. Its account is {EMAIL}, its password is in {file}.\n"
        "  To make your own account an administrator, register it, then:\n"
        f"    {here} scripts/flask users promote YOUR-EMAIL\n"
    )


def _assigned(variables: Mapping[str, str]) -> str:
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
