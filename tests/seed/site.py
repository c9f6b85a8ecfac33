"""The real site over a database that was filled by using it: for tests, pictures and eyes.

with seeded_site(tmp_path) as site:
    site.browser("ada").get(site.path("/runs/{done}"))
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, has_request_context, request
from jinja2 import StrictUndefined
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from app import create_app
from app.broker import queue_server
from app.broker.client import get_broker
from app.db import db, transaction
from app.extensions import limiter
from app.models import Run
from app.services.accounts import accounts
from app.services.accounts.accounts import Account
from app.services.first_steps import close_first_steps
from app.services.webhooks import endpoints
from tests.app_fixtures import PASSWORD, Browser, make_settings
from tests.fakes.local_servers import in_place_of_the_usual_ports
from tests.fakes.model_server import ModelServer
from tests.fakes.webhook_receiver import receiving
from tests.queue_fixtures import die_with_tests
from tests.seed import settings as seeded_settings
from tests.seed.answers import HOSTILE, THOUGHT, Answers
from tests.seed.own_data import seed_own_data
from tests.seed.pages import Page
from tests.seed.questions import write_mirror
from tests.seed.runs import RunSeeder

MODELS = ("gpt-4.1", "gpt-4o-mini", "o4-mini", "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8")
LOCAL_SERVERS = ("ollama", "vllm/with_key", "llamacpp/router", "nothing")
PEOPLE = ("ada", "grace", "linus", "mia")
"""Ada is the administrator and has everything; Grace has nothing; Linus has a broken run, and
Mia no storage left."""


@dataclass(frozen=True, slots=True)
class Site:
    """The application, its accounts by first name, and the ids of what is in it by name."""

    app: Flask
    accounts: dict[str, Account]
    ids: dict[str, str]

    def path(self, template: str) -> str:
        """Return an address; ``{done}`` stands for the id of that name."""
        return template.format(**self.ids)

    def form(self, page: Page) -> dict[str, Any] | None:
        """Return what is posted; texts may name ids as addresses do."""
        if page.form is None:
            return None
        return {
            name: self.path(value) if isinstance(value, str) else value
            for name, value in page.form.items()
        }

    def browser(self, who: str | None = "ada") -> Browser:
        """Return a test client that ``who`` is signed in with."""
        browser = self.app.test_client()
        assert isinstance(browser, Browser)
        if who is not None:
            browser.sign_in_as(self.accounts[who])
        return browser

    def open(self, page: Page) -> TestResponse:
        """Ask for a page in a test client, until it answers as it should or often enough.

        Attempts are counted anew for each page, so that their order does not matter.
        """
        with self.app.app_context():
            limiter.reset()
        browser, path = self.browser(page.who), self.path(page.path)

        def ask() -> TestResponse:
            if page.form is None:
                return browser.get(path, follow_redirects=True)
            return browser.submit(path, self.form(page), follow_redirects=True)

        answer, left = ask(), page.tries - 1
        while answer.status_code != page.status and left:
            answer, left = ask(), left - 1
        return answer

    def cookie(self, who: str) -> str:
        """Return the session cookie of a browser that ``who`` is signed in with."""
        cookie = self.browser(who).get_cookie("studio_session")
        assert cookie is not None
        return cookie.value

    @contextmanager
    def served(self, port: int = 0) -> Iterator[str]:
        """Serve the site on the loopback; gives its address."""
        server = make_server("127.0.0.1", port, self.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@contextmanager
def seeded_site(folder: Path, database_url: str | None = None) -> Iterator[Site]:
    """Make the site in ``folder``; its queue server, model server and receiver live as long."""
    answers = Answers()
    with ExitStack() as stack:
        queue_url = stack.enter_context(_queue_server())
        server = stack.enter_context(
            ModelServer(answer=answers, models=MODELS, api_key=seeded_settings.KEY)
        )
        receiver = stack.enter_context(receiving())
        stack.enter_context(in_place_of_the_usual_ports(*LOCAL_SERVERS))
        receiver.status_of |= {"/hook/busy": 503, "/hook/gone": 410}
        write_mirror(folder / "mirror")
        app = _make_app(folder, database_url, queue_url)
        stack.callback(_close, app)
        with app.app_context():
            people = {
                name: accounts.register_account(f"{name}@example.org", PASSWORD) for name in PEOPLE
            }
            ids = _fill(app, people["ada"], server, answers, receiver.url)
            ids |= seeded_settings.seed_governed(people)
            ids["broken"] = _add_broken_run(people["linus"])
            mias = RunSeeder(app, people["mia"], server, answers)
            mias.fill_storage()
            ids["no_storage"] = mias.ids["no_storage"]
            endpoints.create_webhook(people["mia"].id, {"url": receiver.url})
            close_first_steps(people["ada"].id)
        yield Site(app, people, ids)


@contextmanager
def _queue_server() -> Iterator[str]:
    # A short path: that of a socket may have 103 bytes only.
    with tempfile.TemporaryDirectory(prefix="obs-seed-") as folder:
        process = queue_server.ensure(Path(folder), in_child=die_with_tests)
        assert process is not None
        try:
            yield f"unix://{folder}/{queue_server.SOCKET_NAME}"
        finally:
            queue_server.stop(process)


def _make_app(folder: Path, database_url: str | None, queue_url: str) -> Flask:
    settings = make_settings(
        folder / "data",
        database_url,
        redis_url=queue_url,
        datasets_dir=folder / "mirror",
        egress_allow="127.0.0.0/8",
        rq_dashboard=True,
    )
    app = create_app(settings)
    app.jinja_env.undefined = StrictUndefined
    app.test_client_class = Browser
    app.context_processor(_disk_as_asked)
    with app.app_context():
        db.create_all()
    return app


def _disk_as_asked() -> dict[str, str]:
    """Show the banner of a disk that is low or full, as this machine's hardly is, on request."""
    asked = request.args.get("seed_disk", "") if has_request_context() else ""
    return {"disk_level": asked} if asked else {}


def _close(app: Flask) -> None:
    with app.app_context():
        get_broker().connection_pool.disconnect()
        db.session.remove()
        db.engine.dispose()


def _fill(
    app: Flask, ada: Account, server: ModelServer, answers: Answers, receiver_url: str
) -> dict[str, str]:
    seeded_settings.seed_connections(ada, server.base_url)
    seeded_settings.seed_tokens(ada)
    hooks = seeded_settings.seed_webhooks(ada, receiver_url)
    upload = seed_own_data(ada, app.extensions["settings"])
    runs = RunSeeder(app, ada, server, answers)
    ids = {**hooks, "upload": upload, **runs.seed()}
    seeded_settings.deliver_all()
    ids |= seeded_settings.seed_shares(ada, ids)
    for outcome in ("correct", "incorrect", "refused", "truncated", "unparsable"):
        ids[f"{outcome}_sample"] = runs.sample("done", outcome=outcome)
    ids["error_sample"] = runs.sample("with_errors", outcome="error")
    ids["partial_sample"] = runs.sample("facts", outcome="partial")
    ids["judged_sample"] = runs.sample("judged")
    ids["simulated_sample"] = runs.sample("simulated")
    ids["long_sample"] = runs.sample("long")
    ids["hostile_sample"] = runs.sample("done", HOSTILE)
    ids["thought_sample"] = runs.sample("done", THOUGHT)
    ids["city_sample"] = runs.sample("cities")
    return ids


def _add_broken_run(account: Account) -> str:
    """Add a run that no service would have made: its page breaks, as after a bad migration."""
    run = Run(
        user_id=account.id,
        benchmark="gsm8k",
        benchmark_version=1,
        protocol="inspect",
        model="openai/gpt-4o-mini",
        status="completed",
        config={},
        breakdown={"items": [{}]},
    )
    with transaction() as session:
        session.add(run)
        session.flush()
        return run.id
