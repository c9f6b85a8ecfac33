"""What a Studio on a full disk still does, what it refuses, and how it goes on by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import update

from app.broker.client import get_broker
from app.db import db, now, transaction
from app.engine.disk_full import DISK_FULL
from app.errors import Unavailable
from app.jobs.execute_run import execute_alone, execute_run
from app.models import Run
from app.recorder import recorder
from app.recorder.result_rows import upsert_samples
from app.services.accounts.accounts import Account
from app.services.runs import disk_recovery
from app.services.storage import disk_space
from app.services.storage.storage_watch import StorageWatch
from tests.app_fixtures import ApiClient, Browser
from tests.run_fixtures import RUN, add_run, columns_of
from tests.small_disk import disk_of, fill

Start = Callable[..., str]
Work = Callable[[str], dict[str, Any]]


@pytest.fixture
def disk() -> Iterator[Path]:
    with disk_of(32) as folder:
        yield folder


@pytest.fixture
def app(
    make_app: Callable[..., Flask], broker_url: str, disk: Path, database_url: str | None
) -> Iterator[Flask]:
    """A Studio whose data is on a small disk, with a queue server elsewhere."""
    Redis.from_url(broker_url).flushdb()
    (disk / "data").mkdir()
    app = make_app(redis_url=broker_url, data_dir=disk / "data", metrics=True)
    yield app
    with app.app_context():
        get_broker().connection_pool.disconnect()
        db.session.remove()
        db.engine.dispose()


def test_with_little_room_new_work_is_refused_and_all_can_be_read(
    disk: Path, api: ApiClient, signed_in: Browser, start_run: Start
) -> None:
    run_id = start_run()
    fill(disk / "ballast", 2_000_000)
    refused = api.post("/runs", json=RUN)
    assert (refused.status_code, refused.json["code"]) == (503, "disk_low")
    assert "free some space" in refused.json["action"] or "freed" in refused.json["action"]
    assert refused.headers["Retry-After"] == "30"
    assert api.post(f"/runs/{run_id}/cancel").status_code < 300  # small things still work
    assert api.post(f"/runs/{run_id}/resume").json["code"] == "disk_low"
    page = signed_in.get("/")
    assert page.status_code == 200
    assert "The disk of the Studio is nearly full" in page.text
    assert signed_in.get("/health").json["disk"] == "low"
    ready = signed_in.get("/ready")
    assert ready.json["checks"]["disk"] == "low"
    assert 'studio_disk_level{level="low"} 1' in signed_in.get("/metrics").text
    (disk / "ballast").unlink()
    assert "The disk of the Studio" not in signed_in.get("/").text
    assert api.post("/runs", json=RUN).status_code == 201


def test_with_no_room_at_all_pages_are_served_and_changes_say_why(
    disk: Path, app: Flask, api: ApiClient, signed_in: Browser, start_run: Start
) -> None:
    if db_is_server(app):
        pytest.skip("its disk is another one")
    run_id = start_run()
    fill(disk / "ballast")
    number, refused = 0, api.post("/tokens", json={"name": "n", "scopes": ["read"]})
    while refused.status_code == 201 and number < 190:  # until SQLite's log needs room, too
        number += 1
        refused = api.post("/tokens", json={"name": f"n{number}", "scopes": ["read"]})
    assert (refused.status_code, refused.json["code"]) == (503, "disk_full")
    assert refused.json["action"]
    for path in ("/", f"/runs/{run_id}", "/settings/account", "/benchmarks", "/health"):
        assert signed_in.get(path).status_code == 200, path
    assert signed_in.get("/health").json["disk"] == "full"
    form = signed_in.submit("/settings/tokens", {"name": "x", "scope": "read", "expires": ""})
    assert form.status_code == 503
    assert "disk of the Studio is full" in form.text
    (disk / "ballast").unlink()
    assert api.post("/tokens", json={"name": "later", "scopes": ["read"]}).status_code == 201


def db_is_server(app: Flask) -> bool:
    with app.app_context():
        return db.engine.dialect.name != "sqlite"


def test_room_for_what_is_wanted_is_asked_for(app: Flask) -> None:
    with app.app_context():
        disk_space.require_room()
        left = disk_space.room().free_bytes
        with pytest.raises(Unavailable):
            disk_space.require_room(left)


def test_a_run_pauses_before_the_disk_is_full_and_goes_on_by_itself(
    disk: Path, app: Flask, start_run: Start, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start_run(limit=40)
    asked = iter([None, None])

    def look(self: StorageWatch) -> Any:
        return next(asked, DISK_FULL)

    monkeypatch.setattr(StorageWatch, "look", look)
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == ("paused", "disk_full")
    assert "by itself" in row["failure"]["action"]
    assert 0 < row["done"] < 40  # what was paid for is kept
    monkeypatch.undo()
    with app.app_context():
        assert disk_recovery.go_on_when_there_is_room() == 0  # it rests first
        rest(run_id)
        fill(disk / "ballast", 2_000_000)
        assert disk_recovery.go_on_when_there_is_room() == 0
        (disk / "ballast").unlink()
        assert disk_recovery.go_on_when_there_is_room() == 1
        assert disk_recovery.go_on_when_there_is_room() == 0
    row = work(run_id)
    assert (row["status"], row["done"], row["failure"]) == ("completed", 40, None)


def rest(run_id: str) -> None:
    with transaction() as session:
        session.execute(
            update(Run).where(Run.id == run_id).values(finished_at=now() - timedelta(hours=1))
        )


def test_runs_that_paused_for_other_reasons_wait_for_their_account(
    app: Flask, owner: Account
) -> None:
    with app.app_context():
        for code in ("budget_reached", "account_storage_full"):
            run_id = add_run(owner.id, status="paused", failure={"code": code, "message": "x"})
            rest(run_id)
        assert disk_recovery.go_on_when_there_is_room() == 0


@pytest.mark.parametrize("job", [execute_run, execute_alone])
def test_no_run_is_begun_on_a_full_disk(
    disk: Path, app: Flask, start_run: Start, job: Callable[[str], None]
) -> None:
    run_id = start_run()
    fill(disk / "ballast")
    with app.app_context():
        job(run_id)
        row = columns_of(run_id)
        assert (row["status"], row["started_at"]) == ("queued", None)
        (disk / "ballast").unlink()
        job(run_id)
        assert columns_of(run_id)["status"] == "completed"


def test_the_reserve_lets_the_pause_be_written(
    disk: Path, app: Flask, start_run: Start, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db_is_server(app):
        pytest.skip("its disk is another one")
    with app.app_context():
        disk_recovery.go_on_when_there_is_room()
    assert (disk / "data" / "reserve").exists()
    run_id = start_run(limit=300)

    def fill_first(connection: Any, rows: Any) -> None:
        if not (disk / "ballast").exists():
            fill(disk / "ballast")
        upsert_samples(connection, rows)

    monkeypatch.setattr(recorder, "upsert_samples", fill_first)
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == ("paused", "disk_full")
    os.unlink(disk / "ballast")


def test_the_look_at_the_disk_is_rare(app: Flask, owner: Account) -> None:
    with app.app_context():
        watch = StorageWatch(owner.id, app.extensions["settings"])
        assert watch.look() is None
        measured = watch._disk_at
        assert watch.look() is None
        assert watch._disk_at == measured
