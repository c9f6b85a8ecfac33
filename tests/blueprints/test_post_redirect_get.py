"""A reload repeats nothing: each form that did its work is answered by a redirect."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from app.db import db
from app.models import AccountRow, Delivery, OwnBenchmark, Run, RunView, Share, Webhook
from app.models.account import ApiToken
from app.services.accounts.accounts import Account
from tests.app_fixtures import PASSWORD, Browser
from tests.fakes.local_servers import in_place_of_the_usual_ports
from tests.run_fixtures import Receiver, add_run, add_samples

RUN = {"benchmark": "gen_chain_sum", "model": "simulated/expert", "limit": "3"}
CSV = "question,answer\n" + "".join(f"What is {n}?,{n}\n" for n in range(1, 6))
MAPPED = {
    "question": "question", "target": "answer", "scorer": "exact/number", "name": "numbers",
    "prompt_template": "{question}\nANSWER: $N",
}  # fmt: skip
CONNECTION = {
    "kind": "openai_compatible", "base_url": "http://127.0.0.1:18080/v1", "max_retries": "5",
    "max_connections": "4", "timeout_s": "60",
}  # fmt: skip
COUNTED = (AccountRow, ApiToken, Run, Share, Webhook, Delivery, OwnBenchmark)


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


class Walk:
    """Sends forms, and notes which addresses answered with a redirect."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.redirected: set[str] = set()

    def send(self, browser: Browser, path: str, data: Mapping[str, Any] | None = None) -> str:
        """Send a form that fits; returns where the answer leads, which a reload asks for again."""
        answer = browser.submit(path, dict(data or {}))
        endpoint, _values = self.app.url_map.bind("localhost").match(path, "POST")
        assert answer.status_code in (302, 303), f"{endpoint}: {answer.status_code} {answer.text}"
        self.redirected.add(str(endpoint))
        return str(answer.location)


def rows(app: Flask) -> list[int]:
    with app.app_context():
        return [
            db.session.execute(select(func.count()).select_from(model)).scalar_one()
            for model in COUNTED
        ]


def newest(app: Flask, model: Any) -> str:
    with app.app_context():
        return str(db.session.execute(select(model.id).order_by(model.id.desc())).scalars().first())


def post_endpoints(app: Flask) -> set[str]:
    """Every address of a page that takes a form."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not rule.rule.startswith(("/api/", "/admin/"))
    }


def test_every_form_is_answered_by_a_redirect(
    app: Flask, signed_in: Browser, owner: Account, receiver: Receiver
) -> None:
    walk = Walk(app)
    newcomer = app.test_client()
    assert isinstance(newcomer, Browser)
    person = {"email": "new@example.org", "password": PASSWORD}
    walk.send(newcomer, "/register", person)
    walk.send(newcomer, "/logout")
    walk.send(newcomer, "/login", person)
    again = {"current_password": PASSWORD, "new_password": f"{PASSWORD} 2"}
    walk.send(newcomer, "/settings/account", again)
    walk.send(newcomer, "/settings/account/delete", {"password": f"{PASSWORD} 2"})
    walk.send(newcomer, "/register", person)
    govern(walk, app, signed_in, newcomer)

    run = walk.send(signed_in, "/runs", RUN)
    for action in ("cancel", "resume", "duplicate", "cancel", "delete"):
        walk.send(signed_in, f"{run}/{action}")
    with app.app_context():
        done = add_run(owner.id, status="completed", total=2, done=2, error=1, correct=1)
        failed = {"code": "timeout", "message": "Too late."}
        add_samples(
            done,
            {"sample_id": "1"},
            {"sample_id": "2", "outcome": "error", "score": None, "error": failed},
        )
    walk.send(signed_in, f"/runs/{done}/samples/1/mark", {"starred": "yes"})
    walk.send(signed_in, f"/runs/{done}/rescore", {"protocol": "studio"})
    walk.send(signed_in, f"/runs/{done}/retry-errors")
    walk.send(signed_in, "/runs/bulk", {"action": "cancel", "run_ids": done, "back": "q=x"})
    walk.send(signed_in, "/runs/columns", {"columns": "cost"})
    walk.send(signed_in, "/runs/views", {"name": "mine", "back": "q=x"})
    walk.send(signed_in, f"/runs/views/{newest(app, RunView)}/delete")

    walk.send(signed_in, "/first-steps/close")

    walk.send(signed_in, "/settings/connections/new", {**CONNECTION, "name": "mine"})
    walk.send(signed_in, "/settings/connections/mine", {**CONNECTION, "name": "mine"})
    walk.send(signed_in, "/settings/connections/simulated/test")
    walk.send(signed_in, "/settings/connections/mine/delete")

    with in_place_of_the_usual_ports("llamacpp") as (port,):
        walk.send(signed_in, "/settings/local-servers")
        server = {"name": "llamacpp", "port": str(port)}
        walk.send(signed_in, "/settings/local-servers/connect", server)

    walk.send(signed_in, "/settings/tokens", {"name": "CI", "scopes": "read"})
    walk.send(signed_in, f"/settings/tokens/{newest(app, ApiToken)}/delete")

    walk.send(signed_in, "/settings/shares", {"run_ids": done})
    walk.send(signed_in, f"/settings/shares/{newest(app, Share)}/delete")

    hook_data = {"url": receiver.url, "events": ["run.completed"], "enabled": "y"}
    hook = walk.send(signed_in, "/settings/webhooks", hook_data)
    walk.send(signed_in, hook, hook_data)
    walk.send(signed_in, f"{hook}/test")
    walk.send(signed_in, f"{hook}/deliveries/{newest(app, Delivery)}/redeliver")
    walk.send(signed_in, f"{hook}/rotate-secret")
    walk.send(signed_in, f"{hook}/delete")

    form = {
        "csrf_token": signed_in.csrf_token(),
        "file": FileStorage(io.BytesIO(CSV.encode()), "a.csv"),
    }
    sent = signed_in.post("/benchmarks/own/new", data=form, content_type="multipart/form-data")
    assert sent.status_code == 303, sent.text
    walk.redirected.add("benchmarks.upload_own")
    walk.send(signed_in, sent.location, {**MAPPED, "action": "save"})
    walk.send(signed_in, "/benchmarks/own/numbers/delete")

    # What a script of the page asks is no page that could be reloaded.
    assert post_endpoints(app) - walk.redirected == {"runs.try_one"}


def govern(walk: Walk, app: Flask, admin: Browser, other: Browser) -> None:
    """Do with the newest account whatever an administrator may."""
    account = f"/settings/users/{newest(app, AccountRow)}"
    walk.send(admin, f"{account}/role", {"admin": "yes"})
    walk.send(admin, f"{account}/role", {"admin": "no"})
    shown = admin.get(walk.send(admin, f"{account}/reset-link")).text
    found = re.search(r"/reset#[\w-]+", shown)
    assert found
    assert found.group() not in admin.get(account).text
    password_page = walk.send(other, "/reset", {"link": found.group()})
    walk.send(other, password_page, {"password": f"{PASSWORD} 3"})
    walk.send(admin, f"{account}/access", {"disabled": "yes"})
    walk.send(admin, f"{account}/delete", {"email": "new@example.org"})


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/settings/tokens", {"name": "CI", "scopes": "read"}),
        ("/settings/webhooks", {"url": "RECEIVER", "events": ["run.completed"], "enabled": "y"}),
    ],
)
def test_a_reload_makes_no_second_one_and_shows_the_secret_no_more(
    app: Flask, signed_in: Browser, receiver: Receiver, path: str, data: dict[str, object]
) -> None:
    values = {name: receiver.url if value == "RECEIVER" else value for name, value in data.items()}
    made = signed_in.submit(path, values)
    assert made.status_code == 303
    counted = rows(app)
    with signed_in.session_transaction() as session:
        assert not re.search(r"obs_|whsec_", str(dict(session))), (
            "the secret lies open in the cookie"
        )
    shown = signed_in.get(made.location).text
    (secret,) = set(re.findall(r'data-copy="((?:obs_|whsec_)[^"]+)"', shown))
    assert secret not in signed_in.get(made.location).text
    assert rows(app) == counted


def test_another_page_does_not_take_the_secret(
    app: Flask, signed_in: Browser, receiver: Receiver
) -> None:
    data = {"url": receiver.url, "events": ["run.completed"], "enabled": "y"}
    first = signed_in.submit("/settings/webhooks", data).location
    signed_in.get(first)
    rotated = signed_in.submit(f"{first}/rotate-secret").location
    second = signed_in.submit("/settings/webhooks", data)
    assert "whsec_" not in signed_in.get(rotated).text  # the newer one waits, and only it
    assert "whsec_" in signed_in.get(second.location).text


def test_a_preview_of_own_data_makes_nothing(app: Flask, signed_in: Browser) -> None:
    form = {
        "csrf_token": signed_in.csrf_token(),
        "file": FileStorage(io.BytesIO(CSV.encode()), "a.csv"),
    }
    page = signed_in.post("/benchmarks/own/new", data=form, content_type="multipart/form-data")
    before = rows(app)
    for _ in range(2):
        shown = signed_in.submit(page.location, {**MAPPED, "action": "preview"})
        assert shown.status_code == 200
    assert rows(app) == before


@pytest.mark.parametrize("changes", [{"limit": "0"}, {"model": "nobody/x"}, {"limit": "many"}])
def test_a_form_that_is_shown_again_made_nothing(
    app: Flask, signed_in: Browser, changes: dict[str, str]
) -> None:
    before = rows(app)
    assert signed_in.submit("/runs", RUN | changes).status_code == 422
    assert rows(app) == before
