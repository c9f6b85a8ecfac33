"""Keeps files private from other users of this machine: folders 0700, files 0600.

Databases, uploads and secrets are the accounts' own. A umask makes new files private; those of
earlier versions are put right at every start.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from app.errors import ConfigError

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_OTHERS = 0o077
_ANYBODY_WRITES = 0o002


def keep_private(data_dir: Path, names: Iterable[str], files: Iterable[Path] = ()) -> str | None:
    """Make everything in ``data_dir`` private, and what this process writes from now on.

    Symbolic links are not followed: they may lead to what is not ours.

    Args:
        data_dir: Made if it is missing.
        names: Patterns of what in it is ours; a folder with all that is in it.
        files: Further files of ours, elsewhere.

    Returns:
        Why nothing was changed: ``data_dir`` belongs to others, too. ``None``: it is private.
    """
    folder = data_dir.resolve()
    if folder.exists() and (stranger := _stranger_in(folder)):
        return (
            f"{stranger} belongs to another user, so the permissions in {folder} stay as they "
            "are. Run all programs of the Studio as one user, who owns DATA_DIR."
        )
    os.umask(_OTHERS)
    folder.mkdir(parents=True, exist_ok=True)
    _restrict(folder)
    for pattern in names:
        for path in folder.glob(pattern):
            _restrict_tree(path)
    for path in files:
        if path.exists():
            _restrict(path)
    return None


def make_private(folder: Path) -> None:
    """Create ``folder``; refuses one that somebody else prepared in a shared place.

    Raises:
        ConfigError: It is a link, no folder, or belongs to another user.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    check_private(folder)


def check_private(folder: Path) -> None:
    """Make sure that a folder in a shared place belongs to this user.

    Raises:
        ConfigError: It is a link, no folder, or belongs to another user.
    """
    try:
        state, parent = folder.lstat(), folder.parent.stat()
    except OSError:  # not there yet; who makes it finds out about anything else
        return
    if not parent.st_mode & _ANYBODY_WRITES:
        return
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
        raise ConfigError(
            f"The queue server's folder {folder} belongs to somebody else. Remove it, or choose "
            "a DATA_DIR with a path short enough that a folder inside it can be used."
        )
    if state.st_mode & _OTHERS:
        folder.chmod(FOLDER_MODE)


def _stranger_in(folder: Path) -> Path | None:
    """Return an entry of ``folder``, or the folder itself, that another user owns."""
    mine = os.geteuid()
    if folder.stat().st_uid != mine:
        return folder
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.stat(follow_symlinks=False).st_uid != mine:
                return Path(entry.path)
    return None


def _restrict_tree(path: Path) -> None:
    if path.is_symlink():
        return
    _restrict(path)
    if path.is_dir():
        for folder, _folders, files in os.walk(path):  # does not follow links to folders
            _restrict(Path(folder))
            for name in files:
                _restrict(Path(folder, name))


def _restrict(path: Path) -> None:
    """Remove other users' permissions; skips links, pipes and vanished files."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        state = os.fstat(handle)
        wanted = FOLDER_MODE if stat.S_ISDIR(state.st_mode) else FILE_MODE
        if state.st_uid == os.geteuid() and state.st_mode & _OTHERS:
            os.fchmod(handle, wanted)
    finally:
        os.close(handle)
