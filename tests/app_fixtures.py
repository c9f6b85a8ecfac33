"""Fixtures of the web application: the application, browsers, API clients and accounts.

``TEST_DATABASE_URL`` runs the same tests on PostgreSQL, in a schema of their own; without it
each test has an SQLite file of its own.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from jinja2 import StrictUndefined
from pydantic import SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from app import create_app
from app.config import Settings
from app.db import db, engine_options, prepare_engine, transaction
from app.extensions import limiter
from app.models import AccountRow
from app.services.accounts import api_tokens, passwords, sessions
from app.services.accounts.accounts import Account, as_account
from tests.compiled_once import TEMPLATES, SharedRule, hurry

PASSWORD = "correct horse battery staple"
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
ENCRYPTION_KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


class Browser(FlaskClient):
    """A test client that can send forms: it brings its own CSRF token."""

    def csrf_token(self) -> str:
        """Return a token that is valid in this browser's session."""
        raw = secrets.token_hex(20)
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", raw)
        secret = str(self.application.secret_key)
        signer = URLSafeTimedSerializer(secret, salt="wtf-csrf-token")
        return str(signer.dumps(raw))

    def submit(self, path: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        """Send a form."""
        return self.post(path, data={**(data or {}), "csrf_token": self.csrf_token()}, **kwargs)

    def sign_in_as(self, account: Account) -> None:
        """Start a session without the form, whose password check is slow by design."""
        with self.application.app_context():
            signed_in = sessions.open_session(account, 1)
        with self.session_transaction() as session:
            session["_user_id"] = signed_in.session_key
            session["_fresh"] = True


class ApiClient:
    """Calls ``/api/v1`` with a bearer token."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self.token = token
        self._client = app.test_client()

    def call(self, method: str, path: str, **kwargs: Any) -> Any:
        """Send a request; ``path`` starts behind ``/api/v1``."""
        headers = dict(kwargs.pop("headers", {}))
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return self._client.open(f"/api/v1{path}", method=method, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> Any:
        """GET."""
        return self.call("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> Any:
        """POST."""
        return self.call("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> Any:
        """PUT."""
        return self.call("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> Any:
        """PATCH."""
        return self.call("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> Any:
        """DELETE."""
        return self.call("DELETE", path, **kwargs)


def make_settings(folder: Path, database_url: str | None = None, **changes: Any) -> Settings:
    """Return settings of a test; the queue's address is one where nobody answers."""
    values: dict[str, Any] = {
        "data_dir": folder,
        "secret_key": SecretStr("a-secret-for-tests-0123456789-abcdef"),
        "encryption_keys": (SecretStr(ENCRYPTION_KEY),),
        "database_url": database_url,
        "redis_url": f"unix://{folder}/no-queue.sock",
        "secure_cookies": False,
        "offline": True,
        "log_level": "WARNING",
        **changes,
    }
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]


@contextmanager
def fresh_database() -> Iterator[str | None]:
    """Make a schema of one's own in the PostgreSQL of the tests; gives ``None`` for SQLite."""
    given = os.environ.get("TEST_DATABASE_URL")
    if not given:
        yield None
        return
    url = make_url(given).set(drivername="postgresql+psycopg")
    schema = f"test_{os.getpid()}_{secrets.token_hex(4)}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    scoped = url.update_query_dict({"options": f"-csearch_path={schema}"})
    yield scoped.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(scope="session")
def database_url() -> Iterator[str | None]:
    """The PostgreSQL schema of this session; ``None``: SQLite."""
    with fresh_database() as url:
        yield url


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash in a millisecond; tests/services/accounts/test_passwords.py tests the real cost."""
    monkeypatch.setattr(passwords, "_hasher", CHEAP_HASHER)
    monkeypatch.setattr(passwords, "_DECOY", CHEAP_HASHER.hash("nobody's"))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and no rows; a copy takes a hundredth of making them."""
    path = tmp_path_factory.mktemp("empty") / "studio.db"
    engine = create_engine(f"sqlite:///{path}", **engine_options("sqlite"))
    prepare_engine(engine)
    db.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def make_app(
    tmp_path: Path,
    database_url: str | None,
    empty_database: Path,
    cheap_passwords: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Flask]]:
    """Makes applications with other settings: ``make_app(registration_open=False)``."""
    made: list[Flask] = []
    monkeypatch.setattr(Flask, "url_rule_class", SharedRule)

    def make(**changes: Any) -> Flask:
        chosen = make_settings(tmp_path, database_url, **changes)
        app = create_app(chosen)
        app.config.update(TESTING=True, RATELIMIT_STORAGE_URI="memory://")
        app.config["RATELIMIT_STORAGE_OPTIONS"] = {}
        app.jinja_env.undefined = StrictUndefined
        app.jinja_env.bytecode_cache = TEMPLATES
        app.test_client_class = Browser
        limiter._storage_options.clear()
        limiter.init_app(app)
        with app.app_context():
            hurry(db.engine)
            if not chosen.database_files:
                db.create_all()
        if chosen.database_files and not (file := chosen.database_files[0]).exists():
            shutil.copyfile(empty_database, file)
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            if database_url is not None:
                _empty_tables()
            db.engine.dispose()


def _empty_tables() -> None:
    names = ", ".join(table.name for table in db.metadata.sorted_tables)
    with db.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The application with an empty database."""
    return make_app()


@pytest.fixture
def app_context(app: Flask) -> Iterator[Flask]:
    """The application, with its context open: for tests of services."""
    with app.app_context():
        yield app


@pytest.fixture
def client(app: Flask) -> Browser:
    """A browser that nobody has signed in with."""
    browser = app.test_client()
    assert isinstance(browser, Browser)
    return browser


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of ``PASSWORD``, made once."""
    return CHEAP_HASHER.hash(PASSWORD)


@pytest.fixture
def make_account(app: Flask, password_hash: str) -> Callable[..., Account]:
    """Makes accounts: ``make_account("ada@example.org", is_admin=True)``."""

    def make(email: str, *, is_admin: bool = False) -> Account:
        with app.app_context():
            user = AccountRow(email=email, password_hash=password_hash, is_admin=is_admin)
            with transaction() as session:
                session.add(user)
                session.flush()
                return as_account(user)

    return make


@pytest.fixture
def owner(make_account: Callable[..., Account]) -> Account:
    """The first account, an administrator's."""
    return make_account("ada@example.org", is_admin=True)


@pytest.fixture
def second_user(owner: Account, make_account: Callable[..., Account]) -> Account:
    """Another account, not an administrator's."""
    return make_account("grace@example.org")


def _api_of(app: Flask, account: Account) -> ApiClient:
    with app.app_context():
        token, _info = api_tokens.create_token(account.id, "tests", ["write"])
    return ApiClient(app, token)


@pytest.fixture
def signed_in(app: Flask, client: Browser, owner: Account) -> Browser:
    """A browser that ``owner`` is signed in with."""
    client.sign_in_as(owner)
    return client


@pytest.fixture
def second_browser(app: Flask, second_user: Account) -> Browser:
    """A browser that ``second_user`` is signed in with."""
    browser = app.test_client()
    assert isinstance(browser, Browser)
    browser.sign_in_as(second_user)
    return browser


@pytest.fixture
def api(app: Flask, owner: Account) -> ApiClient:
    """The API with a token of ``owner``."""
    return _api_of(app, owner)


@pytest.fixture
def second_api(app: Flask, second_user: Account) -> ApiClient:
    """The API with a token of ``second_user``."""
    return _api_of(app, second_user)


@pytest.fixture
def stranger_api(app: Flask) -> ApiClient:
    """The API without a credential."""
    return ApiClient(app, None)
