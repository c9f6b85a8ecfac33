"""What piles up is removed: parts that nobody writes to any more, ended sessions, a long WAL."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.db import db, now, transaction
from app.models import AuthSession
from app.services.accounts.accounts import Account
from app.services.storage import leftovers


@pytest.fixture(autouse=True)
def due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_swept_at", float("-inf"))


def test_parts_go_after_a_day_and_whole_files_stay(tmp_path: Path) -> None:
    parts = [
        "datasets/hub/blobs/0a1b2c",
        "datasets/hub/blobs/a.incomplete",
        "datasets/x/.1f.csv",
        "own/uploads/1-2.part",
    ]
    whole = ["datasets/x/test.jsonl", "own/abc/rows.jsonl", "secrets/secret_key", "studio.db"]
    for name in [*parts, *whole, "own/uploads/new.part"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        if not name.endswith("new.part"):
            os.utime(path, (time.time() - 2 * leftovers.KEPT_S,) * 2)
    (tmp_path / "datasets/x/.gitattributes").symlink_to(tmp_path / "studio.db")
    assert leftovers.remove_parts(tmp_path) == len(parts)
    assert not any((tmp_path / name).exists() for name in parts)
    for name in [*whole, "own/uploads/new.part", "datasets/x/.gitattributes"]:
        assert (tmp_path / name).exists(), name


def test_sessions_that_are_over_go(app_context: Flask, owner: Account) -> None:
    with transaction() as session:
        for key, hours in (("over", -1), ("valid", 1)):
            expires = now() + timedelta(hours=hours)
            session.add(AuthSession(key_hash=key, user_id=owner.id, expires_at=expires))
    leftovers.sweep_leftovers()
    assert [row.key_hash for row in db.session.query(AuthSession)] == ["valid"]
    with transaction() as session:
        session.add(AuthSession(key_hash="next", user_id=owner.id, expires_at=now()))
    leftovers.sweep_leftovers()  # not so soon again
    assert db.session.query(AuthSession).count() == 2


def test_a_long_wal_is_given_back(
    app_context: Flask, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app_context.extensions["settings"]
    if not settings.database_files:
        pytest.skip("SQLite only")
    wal = settings.database_files[1]
    db.session.remove()
    assert wal.stat().st_size > 0
    leftovers.shorten_wal(settings)
    assert wal.stat().st_size > 0  # short enough
    monkeypatch.setattr(leftovers, "MAX_WAL_BYTES", 0)
    leftovers.shorten_wal(settings)
    assert wal.stat().st_size == 0
