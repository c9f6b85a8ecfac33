"""A planted key and a planted webhook secret go through every way that can fail.

Afterwards everything that is written or shown anywhere is searched for them: the database row by
row, the queue server key by key, every file, every log line (also before its redaction), every
page, API answer and export. They may be nowhere but sealed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app.broker.client import get_broker
from app.broker.queues import ALONE, QUEUES, enqueue_run
from app.db import db, transaction
from app.extensions import limiter
from app.logs import configure_logs
from app.models import Delivery, Run, SampleRow, Webhook
from app.services import sealing
from app.services.accounts.accounts import Account
from app.services.connections import store
from app.services.webhooks import endpoints
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.model_server import FAULTS, Answer, Call, ModelServer
from tests.run_fixtures import Receiver, add_run, deliver_now

# Random, and of no shape that a redaction by pattern knows.
KEY = "q7Zr2VtXw9LmB4cN8sKdF3hJ6pGy1TaE"
PIECE = 10
SLOW = {"hang", "drip"}


def _error(status: int, text: str) -> Answer:
    body = {"error": {"message": text, "type": "invalid_request_error", "code": None}}
    return Answer(status=status, body=json.dumps(body).encode())


def _said(call: Call) -> str:
    """What a careless provider repeats of a request."""
    return call.headers.get("authorization") or call.headers.get("x-api-key") or ""


ECHOES: dict[str, Callable[[Call], Answer]] = {
    "401": lambda call: _error(401, f"Incorrect API key provided: {_said(call)}"),
    "400": lambda call: _error(400, f"Cannot parse the header Authorization: {_said(call)}"),
    "403": lambda call: _error(403, _said(call)),
    "429": lambda call: _error(429, f"Rate limit reached for {KEY} on tokens per min"),
    "500": lambda call: _error(500, f"Traceback: {dict(call.headers)}"),
    "error_in_200": lambda call: _error(200, _said(call)),
    "html": lambda call: Answer(
        status=502,
        body=f"<title>{_said(call)}</title><pre>{_said(call)}</pre>".encode(),
        content_type="text/html",
    ),
    "not_json": lambda call: Answer(body=_said(call).encode(), content_type="text/plain"),
    "header": lambda call: Answer(text="4", headers=(("x-request-id", _said(call)),)),
    "error_header": lambda call: Answer(
        status=500, body=b"{}", headers=(("request-id", KEY), ("retry-after", KEY))
    ),
    "answer": lambda call: Answer(text=f"My key is {_said(call)}. ANSWER: {KEY}"),
    "answer_cut": lambda call: Answer(text=_said(call), finish_reason="length"),
}


@pytest.fixture
def app(make_app: Callable[..., Flask], broker_url: str) -> Iterator[Flask]:
    Redis.from_url(broker_url).flushdb()
    app = make_app(
        redis_url=broker_url,
        egress_allow="127.0.0.0/8",
        log_level="DEBUG",
        metrics=True,
        rq_dashboard=True,
    )
    app.config["PROPAGATE_EXCEPTIONS"] = False  # as in production: the error page, and the log
    yield app
    configure_logs("WARNING", "text")
    with app.app_context():
        get_broker().connection_pool.disconnect()


class Lines(logging.Handler):
    """Keeps every record as text, before anything is masked."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text: list[str] = []
        self._formatter = logging.Formatter("%(name)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        self.text.append(f"{self._formatter.format(record)} {vars(record)}")


@pytest.fixture
def lines(app: Flask) -> Iterator[Lines]:
    """All log lines, those of libraries too."""
    handler = Lines()
    loggers = [logging.getLogger(), *(logging.getLogger(n) for n in ("urllib3", "werkzeug"))]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.fixture
def secret(app: Flask, owner: Account, receiver: Receiver) -> str:
    """The secret of a webhook to ``receiver``."""
    with app.app_context():
        _, secret = endpoints.create_webhook(
            owner.id, {"url": receiver.url, "events": list(endpoints.EVENTS)}
        )
    return secret


@pytest.fixture
def echo_provider() -> Iterator[str]:
    """The address of a provider whose list of models repeats the request's headers.

    The first part of the path is the status.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = {name.lower(): value for name, value in self.headers.items()}
            text = said.get("authorization") or said.get("x-api-key") or ""
            body = json.dumps(
                {"data": [{"id": text}, {"id": "m"}]}
                if self.path.startswith("/200")
                else {"error": {"message": f"bad header: {said}"}}
            ).encode()
            self.send_response(int(self.path.split("/")[1]))
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-request-id", text)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(60)
    server.server_close()


def _connect(app: Flask, owner: Account, name: str, base_url: str, kind: str) -> None:
    with app.app_context():
        store.save_connection(
            owner.id,
            True,
            name,
            {"kind": kind, "base_url": base_url, "api_key": KEY, "max_retries": 0},
        )


class Search:
    """Everything that was found anywhere, searched for pieces of the secrets."""

    def __init__(self, *secrets: str) -> None:
        self._pieces = {piece for secret in secrets for piece in _pieces(secret)}
        self.found: list[str] = []
        self.places = 0

    def look(self, place: str, content: str | bytes) -> None:
        text = content if isinstance(content, bytes) else content.encode()
        self.places += 1
        for piece in self._pieces:
            at = text.find(piece)
            if at >= 0:
                self.found.append(f"{place}: ...{text[max(0, at - 60) : at + 40]!r}")
                return

    def look_all(self, place: str, contents: list[str]) -> None:
        """Look into many short texts at once, which is much faster than one by one."""
        self.look(place, "\n".join(contents))
        self.places += len(contents) - 1


def _pieces(secret: str) -> set[bytes]:
    """All parts of ten characters, of the secret and of what it is in other clothes."""
    forms = {
        secret,
        secret[::-1],
        base64.b64encode(secret.encode()).decode().rstrip("="),
        base64.b64encode(f"Bearer {secret}".encode()).decode().rstrip("="),
        secret.encode().hex(),
        quote(secret, safe=""),
    }
    return {form[at : at + PIECE].encode() for form in forms for at in range(len(form) - PIECE + 1)}


def test_the_search_finds_pieces_and_other_clothes() -> None:
    for text in (f"x{KEY}", KEY[5:15], base64.b64encode(KEY.encode()), KEY[::-1]):
        search = Search(KEY)
        search.look("here", text)
        assert search.found, text
    search = Search(KEY)
    search.look("hint", f"...{KEY[-4:]}")
    assert not search.found


def test_planted_secrets_appear_nowhere_but_sealed(
    app: Flask,
    owner: Account,
    api: ApiClient,
    signed_in: Browser,
    work: Callable[..., dict[str, Any]],
    lines: Lines,
    secret: str,
    receiver: Receiver,
    echo_provider: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limiter, "enabled", False)
    bare_secret = secret.removeprefix("whsec_")
    answers: dict[str, str] = {}

    def note(what: str, answer: Any) -> None:
        answers[f"{what} {len(answers)}"] = f"{answer.status_code} {answer.headers} {answer.text}"

    run_ids = _fail_runs(app, owner, work)
    _fail_connection_tests(app, owner, api, signed_in, echo_provider, note)
    _fail_forms(app, api, signed_in, note, monkeypatch)
    _fail_deliveries(app, api, receiver, run_ids, f"{secret} {bare_secret}", note)
    _fail_job(app, monkeypatch, owner)
    _browse(app, api, signed_in, run_ids, note)

    search = Search(KEY, bare_secret)
    for place, text in answers.items():
        search.look(place, text)
    search.look_all("log record", lines.text)
    written = capfd.readouterr()
    search.look("standard output", written.out)
    search.look("standard error", written.err)
    _search_database(app, search)
    _search_queue(app, search)
    for file in tmp_path.rglob("*"):
        if file.is_file():
            search.look(f"file {file.name}", file.read_bytes())
    assert len(lines.text) > 50
    assert search.places > 500
    assert not search.found, "\n".join(search.found[:20])
    _assert_still_sealed(app, secret)


def _fail_runs(app: Flask, owner: Account, work: Callable[..., dict[str, Any]]) -> list[str]:
    """Run against every fault and every echo, in both protocols."""

    def careless(call: Call) -> Answer:
        return ECHOES[call.model.partition("echo-")[2]](call)

    run_ids = []
    with ModelServer(answer=careless) as server:
        for kind in ("openai_compatible", "anthropic"):
            name = f"c-{kind[:6]}"
            _connect(app, owner, name, server.base_url, kind)
            faults = {f"fault:{each}" for each in FAULTS if kind != "anthropic" or each in SLOW}
            for model in sorted(faults | {f"echo-{each}" for each in ECHOES}):
                with app.app_context():
                    run_id = add_run(
                        owner.id,
                        status="queued",
                        model=f"{name}/{model}",
                        simulated=False,
                        config={"timeout_s": 0.3, "limit": 2, "max_error_rate": 0.1},
                        total=2,
                    )
                work(run_id)
                run_ids.append(run_id)
    return run_ids


def _fail_connection_tests(
    app: Flask,
    owner: Account,
    api: ApiClient,
    browser: Browser,
    echo_provider: str,
    note: Callable[[str, Any], None],
) -> None:
    for kind in ("openai_compatible", "anthropic"):
        for number, status in enumerate((200, 401, 404, 500)):
            name = f"t{number}-{kind[:6]}"
            _connect(app, owner, name, f"{echo_provider}/{status}", kind)
            if kind == "openai_compatible":
                note(name, api.post(f"/connections/{name}/test"))
            note(name, browser.submit(f"/settings/connections/{name}/test"))
    _connect(app, owner, "nobody", "http://127.0.0.1:65431/v1", "openai_compatible")
    note("nobody", api.post("/connections/nobody/test"))
    note("models", api.get("/models"))


def _fail_forms(
    app: Flask,
    api: ApiClient,
    browser: Browser,
    note: Callable[[str, Any], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Send the key in forms and bodies that are refused, and into a service that breaks."""
    form = {"name": "typed", "kind": "openai_compatible", "api_key": KEY}
    for changes in ({"base_url": "nonsense"}, {"base_url": "http://169.254.169.254"}, {"name": ""}):
        note("form", browser.submit("/settings/connections/new", {**form, **changes}))
    note("csrf", browser.post("/settings/connections/new", data=form))
    body = {"kind": "openai_compatible", "api_key": KEY, "base_url": "http://127.0.0.1:65431/v1"}
    for wrong in (
        {**body, "base_url": "nonsense"},
        {**body, "kind": "other"},
        {**body, "max_retries": "many"},
        {**body, "api_key": KEY + "\n"},
        {**body, "api_key": KEY + "é"},
        {**body, "api_key": [KEY]},
        {**body, "api_key": KEY * 100},
        {**body, "surplus": KEY},
    ):
        note("put", api.put("/connections/wrong", json=wrong))
    malformed = json.dumps(body)[:-1]
    headers = {"Content-Type": "application/json"}
    note("malformed", api.put("/connections/wrong", data=malformed, headers=headers))
    note("text", api.put("/connections/wrong", data=KEY, headers={"Content-Type": "text/plain"}))

    def broken(*_: object, **__: object) -> str:
        raise RuntimeError("the vault is broken")

    with monkeypatch.context() as patch:
        patch.setattr(sealing, "seal", broken)
        patch.setattr(store, "seal", broken, raising=False)
        note("broken", api.put("/connections/wrong", json=body))
        note("broken", browser.submit("/settings/connections/new", {**form, **body}))
    note("bad token", ApiClient(app, KEY).get("/runs"))


def _fail_deliveries(
    app: Flask,
    api: ApiClient,
    receiver: Receiver,
    run_ids: list[str],
    echo: str,
    note: Callable[[str, Any], None],
) -> None:
    """Let the receiver fail and repeat all that it knows."""
    (hook,) = api.get("/webhooks").json["items"]
    padding = b"x" * 990  # the secret lies across the place where the excerpt is cut
    for status, body in (
        (500, echo.encode()),
        (200, echo.encode()),
        (400, padding + echo.encode()),
    ):
        receiver.status, receiver.body = status, body
        note("hook test", api.post(f"/webhooks/{hook['id']}/test"))
        with app.app_context():
            ids = db.session.scalars(
                select(Delivery.id).where(Delivery.status == "pending").limit(3)
            ).all()
            db.session.rollback()
            for delivery_id in ids:
                deliver_now(delivery_id)
    assert len(receiver.received) > 6
    for change in ({"url": "nonsense"}, {"events": ["run.other"]}, {"url": echo}):
        note("hook", api.patch(f"/webhooks/{hook['id']}", json=change))
    del run_ids


def _fail_job(app: Flask, monkeypatch: pytest.MonkeyPatch, owner: Account) -> None:
    """Let a job of RQ's die while the key is open in its memory."""
    from app.services.runs import execution

    def dies(*_: object, **__: object) -> None:
        raise MemoryError("no memory left")

    with app.app_context():
        run_id = add_run(owner.id, status="queued", model="c-openai/echo-401", simulated=False)
        enqueue_run(run_id, 0, alone=True)  # else a thread would die, and not the job
        with monkeypatch.context() as patch:
            patch.setattr(execution, "run_benchmark", dies)
            patch.setattr(execution, "_finish", dies)
            worker = SimpleWorker(list(QUEUES), connection=get_broker(), serializer=JSONSerializer)
            worker.work(burst=True, logging_level="DEBUG")
        assert get_broker().zcard(f"rq:failed:{ALONE}") == 1
        enqueue_run(add_run(owner.id, status="queued"), 0)


def _browse(
    app: Flask,
    api: ApiClient,
    browser: Browser,
    run_ids: list[str],
    note: Callable[[str, Any], None],
) -> None:
    """Open every page and ask for everything that the API tells."""
    pages = ["/", "/benchmarks", "/runs/new", "/docs", "/health", "/ready", "/metrics"]
    pages += [f"/settings/{name}" for name in ("connections", "webhooks", "tokens", "account")]
    pages += ["/settings/connections/c-openai", "/nowhere", "/api/v1/openapi.json"]
    pages += [f"/admin/rq{path}" for path in ("/", "/0/view/workers", "/0/data/workers.json")]
    pages += ["/admin/rq/0/data/jobs/runs/failed/8/asc/1.json"]
    (hook,) = api.get("/webhooks").json["items"]
    pages.append(f"/settings/webhooks/{hook['id']}")
    with app.app_context():
        broker: Any = get_broker()
        jobs = [job.decode() for job in broker.zrange("rq:failed:runs", 0, -1)]
    pages += [f"/admin/rq/0/data/job/{job}.json" for job in jobs]
    for run_id in run_ids:
        pages += [f"/runs/{run_id}", f"/runs/{run_id}/samples", f"/runs/new?from={run_id}"]
    for path in pages:
        note(path, browser.get(path))
    note("compare", browser.get(f"/compare?run_ids={run_ids[0]},{run_ids[1]}"))
    for path in (
        "/connections",
        "/connections/c-openai",
        "/webhooks",
        "/tokens",
        "/runs?limit=200",
    ):
        note(path, api.get(path))
    note("deliveries", api.get(f"/webhooks/{hook['id']}/deliveries"))
    for run_id in run_ids:
        note("run", api.get(f"/runs/{run_id}"))
        note("samples", api.get(f"/runs/{run_id}/samples"))
        for form in ("csv", "jsonl", "json"):
            note("export", api.get(f"/runs/{run_id}/export?format={form}"))
        with contextlib.closing(api.get(f"/runs/{run_id}/events")) as events:
            note("events", events)
    with app.app_context():
        samples = db.session.execute(select(SampleRow.run_id, SampleRow.sample_id)).all()
        db.session.rollback()
    for run_id, sample_id in samples:
        note("sample", browser.get(f"/runs/{run_id}/samples/{sample_id}"))


def _search_database(app: Flask, search: Search) -> None:
    with app.app_context():
        for table in db.metadata.sorted_tables:
            for row in db.session.execute(select(table)):
                search.look(f"table {table.name}", str(row))
        db.session.rollback()


def _search_queue(app: Flask, search: Search) -> None:
    with app.app_context():
        broker = get_broker()
        for key in broker.scan_iter("*"):
            for part in _parts(broker, key):
                search.look(f"queue key {key.decode()}", part)
                with contextlib.suppress(zlib.error):
                    search.look(f"queue key {key.decode()}", zlib.decompress(part))
                with contextlib.suppress(ValueError, zlib.error):
                    search.look("unpacked", zlib.decompress(base64.b64decode(part)))


def _parts(broker: Any, key: bytes) -> list[bytes]:
    kind = broker.type(key).decode()
    if kind == "hash":
        return [part for pair in broker.hgetall(key).items() for part in pair]
    if kind == "stream":
        entries = broker.xrange(key)
        return [part for _, fields in entries for pair in fields.items() for part in pair]
    found = {
        "string": lambda: [broker.get(key) or b""],
        "list": lambda: broker.lrange(key, 0, -1),
        "set": lambda: list(broker.smembers(key)),
        "zset": lambda: broker.zrange(key, 0, -1),
    }[kind]()
    return list(found)


def _assert_still_sealed(app: Flask, secret: str) -> None:
    """The search would also pass if nothing had been kept at all."""
    with app.app_context():
        opened = store.open_connection
        with transaction() as session:
            runs = session.scalars(select(Run.user_id)).first()
            hook = session.scalars(select(Webhook)).first()
            assert hook is not None
            assert sealing.open_sealed(hook.sealed_secret) == secret
        assert runs is not None
        assert opened(runs, True, "c-openai").api_key == KEY
