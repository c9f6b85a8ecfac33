"""``/s/<token>``: what a stranger with a link sees, and all that he does not."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from app.db import db, now, transaction
from app.models import AccountRow, Run, Share
from app.services import shares
from app.services.account_deletion import remove_account
from app.services.account_disabling import disable_account, enable_account
from app.services.connections import store
from app.services.runs.lifecycle import delete_run
from app.web.rate_limits import SHARED_FILE_LIMIT
from tests.run_fixtures import add_run, add_samples

HOST = "10.7.7.7"
PRIVATE = (
    "ada@example.org",
    "secret-box",
    HOST,
    "/home/ada",
    "sk-planted",
    "planted note",
    "planted name",
    "planted-tag",
    "planted log line",
)
"""What the account knows of a run, and nobody else."""
TEXTS = ("question 0", "ANSWER: 4", "s0", "planted target")
SAID = f"No connection to http://{HOST}:8000/v1 with sk-planted from /home/ada/x."


@pytest.fixture
def runs(app, owner):
    """Two runs whose every column holds something private."""
    with app.app_context():
        store.save_connection(
            owner.id,
            True,
            "secret-box",
            {"kind": "openai_compatible", "base_url": f"http://{HOST}:8000/v1"},
        )
        ids = [_add_private_run(owner.id, number) for number in range(2)]
        db.session.remove()
    return ids


def _add_private_run(account_id: int, number: int) -> str:
    run_id = add_run(
        account_id,
        status="completed",
        model=f"secret-box//home/ada/models/llama-{number}.gguf",
        simulated=False,
        total=4,
        done=4,
        correct=3,
        error=1,
        scored=3,
        score_sum=3.0,
        score_square_sum=3.0,
        cost_usd=1.25,
        tags=["planted-tag"],
        notes="planted note",
        name="planted name",
        failure={"code": "connection", "message": SAID, "action": SAID},
        notices=[{"code": "parameter_dropped", "message": SAID}],
        served_models=[{"model": "/home/ada/models/llama.gguf", "fingerprint": HOST, "n": 3}],
        breakdown={"items": [{"key": "sums", "n": 3, "value": 1.0, "ci95": [0.4, 1.0]}]},
        score={
            "metric": "accuracy",
            "value": 1.0,
            "stderr": 0.0,
            "n": 3,
            "ci95": [0.4, 1.0],
            "bounds": [0.75, 1.0],
        },
        config={
            "judge": "secret-box//home/ada/models/judge.gguf",
            "extra_body": {"user": "ada@example.org", "key": "sk-planted"},
            "system_message": f"You are at {HOST}.",
        },
        digests={"scorer": "judge@1 by secret-box/llama", "dataset": "d" * 64},
    )
    failed = {"code": "connection", "message": SAID}
    add_samples(
        run_id,
        {"target": "planted target"},
        {"outcome": "incorrect", "score": 0.0} if number else {},
        {"detail": {"path": "/home/ada/x"}, "explanation": SAID, "reply_id": "sk-planted"},
        {"outcome": "error", "score": None, "error": failed, "answer": None, "completion": ""},
    )
    return run_id


@pytest.fixture
def share(app, owner, runs):
    """Shares the runs: ``share()``, ``share(count=2)``; returns the path of the link."""

    def make(count: int = 1, **options: Any) -> str:
        with app.app_context():
            url, _ = shares.create_share(owner.id, runs[:count], **options)
        return urlsplit(url).path

    return make


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        named = ("href", "src", "action", "data-copy", "srcset", "poster")
        self.found |= {value for name, value in attrs if name in named and value}


def walk(client, start: str) -> dict[str, Any]:
    """Open a page and all that can be reached from it; returns the answers by address."""
    seen: dict[str, Any] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen[path] = answer = client.get(path, buffered=True)
        if answer.mimetype == "text/html":
            links = _Links()
            links.feed(answer.text)
            waiting += [link.partition("#")[0] for link in links.found if link != "#"]
    return seen


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("hide_texts", [False, True])
def test_a_link_shows_its_runs_and_nothing_else(client, share, runs, count, hide_texts):
    start = share(count, hide_texts=hide_texts)
    answers = walk(client, start)
    pages = {path: each for path, each in answers.items() if not path.startswith("/static/")}
    assert all(path.startswith(start) for path in pages)
    for path, answer in answers.items():
        assert answer.status_code == 200, path
        assert "Set-Cookie" not in answer.headers
    for path, answer in pages.items():
        assert [word for word in (*PRIVATE, *runs) if word in answer.text] == [], path
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert '<meta name="robots" content="noindex, nofollow, noarchive">' in answer.text
        assert "<script" not in answer.text
        if hide_texts:
            assert [word for word in TEXTS if word in answer.text] == [], path
    assert "llama-0.gguf" in answers[start].text
    assert len(pages) == (2 if count == 2 else 5)


def test_a_link_opens_no_other_address(app, client, share, runs):
    token = share().removeprefix("/s/")
    values = {"run_id": runs[0], "sample_id": "s0", "share_id": 1, "token_id": 1, "name": token}
    closed = 0
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint.startswith(("shares.", "static", "docs.")):
            continue
        given = {name: values.get(name, 1) for name in rule.arguments}
        with app.test_request_context():
            path = app.url_map.bind("localhost").build(rule.endpoint, given)
        for credential in ({}, {"Authorization": f"Bearer {token}"}):
            answer = client.get(path, headers=credential, buffered=True)
            assert [word for word in PRIVATE if word in answer.text] == [], path
            closed += answer.status_code in (302, 303, 401, 404)
    assert closed > 60


def test_texts_are_there_unless_they_are_hidden(client, share):
    listed = client.get(share() + "/samples").text
    assert all(word in listed for word in TEXTS)
    hidden = client.get(share(hide_texts=True) + "/samples").text
    assert "Correct" in hidden
    assert ">1<" in hidden


def test_dead_links_all_look_alike(app, client, share, owner, runs):
    expired, revoked, of_deleted, of_two = (share(), share(), share(), share(2))
    with app.app_context():
        with transaction() as session:
            token_hash = shares._hash(expired.removeprefix("/s/"))
            session.execute(
                update(Share)
                .where(Share.token_hash == token_hash)
                .values(expires_at=now() - timedelta(seconds=1))
            )
        infos = shares.list_shares(owner.id)
        shares.delete_share(owner.id, infos[2].id)
    assert client.get(of_two).status_code == client.get(of_deleted).status_code == 200
    with app.app_context(), transaction() as session:
        session.delete(session.get_one(Run, runs[0]))
    answers = [
        client.get(path)
        for path in (expired, revoked, of_deleted, of_two, "/s/never-was", "/s/" + "x" * 43)
    ]
    plain = {re.sub(r"[0-9a-f]{16}", "", answer.text) for answer in answers}
    assert {answer.status_code for answer in answers} == {404}
    assert len(plain) == 1
    for answer in answers:
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
    for path in (revoked, "/s/never-was"):
        assert client.get(path + "/samples").status_code == 404
        assert client.get(path + "/file").status_code == 404


def test_links_of_a_disabled_account_are_dead_until_it_is_enabled(app, client, share, owner):
    path = share()
    with app.app_context():
        disable_account(owner.id, by=None, force=True)
    assert client.get(path).status_code == 404
    with app.app_context():
        enable_account(owner.id, by=None)
    assert client.get(path).status_code == 200
    with app.app_context():
        remove_account(owner.id, by=None, force=True)
        assert db.session.query(Share).count() == db.session.query(AccountRow).count() == 0
    assert client.get(path).status_code == 404


def test_a_comparison_has_no_samples_of_one_run(client, share):
    assert client.get(share(2) + "/samples").status_code == 404


def test_a_running_run_shows_its_state_and_looks_again(app, client, owner):
    with app.app_context():
        run_id = add_run(owner.id, status="running", done=1, correct=1, scored=1, score_sum=1.0)
        add_samples(run_id, {})
        url, _ = shares.create_share(owner.id, [run_id])
    page = client.get(urlsplit(url).path)
    assert "Running" in page.text
    assert "1 / 4" in page.text
    assert page.headers["Refresh"] == "30"


def test_pages_that_do_not_change_are_not_loaded_again(client, share):
    assert "Refresh" not in client.get(share()).headers


def test_who_tries_links_or_files_too_often_has_to_wait(client, share):
    path = share() + "/file"
    most = int(SHARED_FILE_LIMIT.split()[0])
    assert {client.get(path).status_code for _ in range(most)} == {200}
    assert client.get(path).status_code == 429
    missed = [client.get(f"/s/guess-{number}").status_code for number in range(125)]
    assert (missed[0], missed[-1]) == (404, 429)


def test_a_deleted_run_takes_its_link_along(app, client, share, owner, runs):
    path = share()
    with app.app_context():
        delete_run(runs[0], owner.id)
        assert [info.is_broken for info in shares.list_shares(owner.id)] == [True]
    assert client.get(path).status_code == 404
