"""Serves the API on a new database and lets Schemathesis loose on it; see scripts/fuzz."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

# Left out: what ends the fuzzer's own credential, and what waits for events or other machines.
LEFT_OUT = ("logout", "delete_token", "stream_events", "test_connection", "test_webhook")
# Our refusals are finer than the schema (an address that may not be reached, a benchmark that
# does not exist), so that what fits the schema may still be refused with 422.
# /benchmarks/{name} takes any path, so that addresses below it answer GET with 404 instead of 405.
# A connection called simulated may be saved and deleted; then the built-in one is there again.
CHECKS_LEFT_OUT = (
    "use_after_free",
    "positive_data_acceptance",
    "unsupported_method",
    "allow_header_conformance",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/fuzz")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("rest", nargs="*", help="options of Schemathesis, after --")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="obs-fuzz-") as folder:
        os.environ.update(
            DATA_DIR=folder, DATABASE_URL="", REDIS_URL="", OFFLINE="true", LOG_LEVEL="ERROR"
        )
        return fuzz(Path(folder), arguments)


def fuzz(folder: Path, arguments: argparse.Namespace) -> int:
    from app import create_app
    from app.broker import queue_server
    from app.config import load_settings
    from app.extensions import limiter
    from app.supervisor.migration import migrate

    settings = load_settings()
    server = queue_server.ensure(settings.queue_dir)
    logging.disable(logging.INFO)
    try:
        migrate(settings)
        app = create_app(settings)
        limiter.enabled = False
        stay_on_this_machine()
        token = fill(app)
        web = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        try:
            return run_schemathesis(web.server_port, token, folder, arguments)
        finally:
            web.shutdown()
    finally:
        if server is not None:
            queue_server.stop(server)


def run_schemathesis(port: int, token: str, folder: Path, arguments: argparse.Namespace) -> int:
    command = [
        str(Path(sys.executable).with_name("st")),
        "run",
        f"http://127.0.0.1:{port}/api/v1/openapi.json",
        f"--header=Authorization: Bearer {token}",
        f"--max-time={arguments.seconds}",
        f"--seed={arguments.seed}",
        f"--exclude-checks={','.join(CHECKS_LEFT_OUT)}",
        "--continue-on-failure",
        "--request-timeout=15",
        "--generation-database=none",
        "--no-color",
        *(f"--exclude-operation-id={name}" for name in LEFT_OUT),
        *arguments.rest,
    ]
    return subprocess.run(command, cwd=folder, check=False).returncode


def fill(app: Any) -> str:
    """Make an account with one of everything, and return its token."""
    from threading import Event

    from app.services.accounts import accounts, api_tokens
    from app.services.runs.execution import execute
    from app.services.runs.run_request import RunRequest
    from app.services.runs.submission import submit_run
    from app.services.webhooks import endpoints

    settings = app.extensions["settings"]
    with app.app_context():
        accounts.register_account("admin@example.org", "correct horse battery staple")
        # Not an administrator: those may reach private addresses.
        account = accounts.register_account("fuzz@example.org", "correct horse battery staple")
        for protocol_free_model in ("simulated/expert", "simulated/novice"):
            wanted = RunRequest(benchmark="gen_chain_sum", model=protocol_free_model, limit=5)
            execute(submit_run(wanted, account.id, False, settings), settings, Event())
        values = {"url": "https://93.184.215.14/hook", "events": list(endpoints.EVENTS)}
        endpoints.create_webhook(account.id, values)
        token, _info = api_tokens.create_token(account.id, "fuzz", ["write"])
        return token


def stay_on_this_machine() -> None:
    """Let no name but this machine's be found, and no other address be reached."""
    find, connect = socket.getaddrinfo, socket.socket.connect

    def only_local(host: Any, *arguments: Any, **options: Any) -> Any:
        if host not in ("127.0.0.1", "localhost", "::1", None):
            raise socket.gaierror(socket.EAI_NONAME, "names are not looked up here")
        return find(host, *arguments, **options)

    def only_here(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1"):
            raise OSError(113, "only this machine is reached here")
        connect(self, address)

    socket.getaddrinfo = only_local
    socket.socket.connect = only_here  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main())
