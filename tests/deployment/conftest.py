"""The deployment suite: a production site of real programs. Run it with ``scripts/deployment``.

``TEST_DATABASE_URL`` names a PostgreSQL database whose account may create others; without it the
site keeps its data in SQLite, and what needs a database server is skipped. The ordinary suite
does not collect this folder.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import URL, make_url

from tests.app_fixtures import PASSWORD
from tests.deployment.image import Image
from tests.deployment.site import Client, Site
from tests.fakes.model_server import Call, ModelServer

EMAIL = "ada@example.org"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take parts away last: for a while afterwards each process counts attempts by itself."""
    items.sort(key=lambda item: "test_outages" in item.nodeid)


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    """What the Dockerfile builds, in a clean folder."""
    image = Image()
    yield image
    image.close()


@pytest.fixture(scope="session")
def database() -> Iterator[URL | None]:
    """A database of this suite's own; ``None``: SQLite."""
    given = os.environ.get("TEST_DATABASE_URL")
    if not given:
        yield None
        return
    server = make_url(given).set(drivername="postgresql")
    name = f"deployment_{os.getpid()}_{secrets.token_hex(3)}"
    _sql(server, SQL("CREATE DATABASE {}").format(Identifier(name)))
    yield server.set(database=name)
    _sql(server, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def _sql(server: URL, statement: object) -> None:
    address = server.render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


@pytest.fixture(scope="session")
def site(image: Image, database: URL | None) -> Iterator[Site]:
    """The site, with its first account registered."""
    if shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") is None:
        pytest.skip("nginx is not installed (Debian: apt-get install nginx-light)")
    site = Site(image, database)
    try:
        site.open()
        browser = Client(site.tls_url, site.certificate)
        entered = browser.submit("/register", email=EMAIL, password=PASSWORD)
        assert entered.status_code == 303, site.logs()
        yield site
    finally:
        site.close()


@pytest.fixture
def make_client(site: Site) -> Iterator[Callable[..., Client]]:
    """Makes clients with an address of their own: ``make_client("127.0.0.7", tls=False)``."""
    made: list[Client] = []

    def make(source: str = "127.0.0.1", *, tls: bool = True) -> Client:
        client = Client(site.tls_url if tls else site.url, site.certificate, source)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def token(site: Site) -> str:
    """An API token of the first account."""
    client = Client(site.tls_url, site.certificate, "127.0.0.200")
    body = {"email": EMAIL, "password": PASSWORD, "token_name": "deployment"}
    answer = client.post("/api/v1/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    client.close()
    return str(answer.json()["token"])


@pytest.fixture
def api(make_client: Callable[..., Client], token: str) -> Client:
    """A program with that token."""
    client = make_client()
    client.headers["Authorization"] = f"Bearer {token}"
    return client


@pytest.fixture
def provider() -> Iterator[ModelServer]:
    """A provider that answers after 0.3 s."""

    def answer(call: Call) -> str:
        return f"ANSWER: {call.number}"

    with ModelServer(latency_s=0.3, answer=answer) as server:
        yield server


@pytest.fixture
def model(api: Client, provider: ModelServer) -> str:
    """The name of a model on ``provider``."""
    body = {"kind": "openai_compatible", "base_url": provider.base_url, "max_connections": 2}
    assert api.put("/api/v1/connections/local", json=body).status_code in (200, 201)
    return "local/fake-large"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show what the programs wrote, beside a failure."""
    report: pytest.TestReport = yield  # type: ignore[misc, assignment]
    site = getattr(item, "funcargs", {}).get("site")
    if report.failed and site is not None:
        report.sections.append(("programs of the site", site.logs()))
    return report  # type: ignore[return-value]
