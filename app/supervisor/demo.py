"""``scripts/start --demo``: one benchmark on a simulated model, through the HTTP API alone."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

import requests

from app.config import load_settings
from app.formats import percent
from app.supervisor.demo_data import EMAIL, account_file
from app.supervisor.terminal import complain, is_interactive, say

MODEL = "simulated/expert"
PREFERRED = "gen_word_problems"
SAMPLES = 120
TIMEOUT_S = 300.0
_ENDED = frozenset({"completed", "failed", "canceled", "paused"})


class DemoFailed(Exception):
    """The demo cannot go on; the text says why."""


class Api:
    """The JSON API at ``address``."""

    def __init__(self, address: str) -> None:
        self._base = f"{address}/api/v1"
        self._session = requests.Session()
        self._session.trust_env = False

    def call(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """Return the JSON of an answer.

        Raises:
            DemoFailed: The answer is an error.
        """
        answer = self._session.request(
            method, self._base + path, json=body, params=query, timeout=30
        )
        if not answer.ok:
            raise DemoFailed(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def use(self, token: str) -> None:
        """Send ``token`` with every request from now on."""
        self._session.headers["Authorization"] = f"Bearer {token}"


def sign_in(api: Api, keep_in: Path) -> str:
    """Sign in to the demo account, creating it if needed; return its password."""
    if keep_in.exists():
        password = str(json.loads(keep_in.read_text())["password"])
    else:
        password = secrets.token_urlsafe(18)
        api.call("POST", "/auth/register", {"email": EMAIL, "password": password})
        keep_in.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(keep_in, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump({"email": EMAIL, "password": password}, file)
    credential = {"email": EMAIL, "password": password, "token_name": "demo"}
    api.use(api.call("POST", "/auth/login", credential)["token"])
    return password


def choose_benchmark(api: Api) -> str:
    """Return a benchmark that needs no network."""
    names = [item["name"] for item in api.call("GET", "/benchmarks", offline="true")["items"]]
    generated = sorted(name for name in names if name.startswith("gen_"))
    if not generated:
        raise DemoFailed("there is no generated benchmark")
    return PREFERRED if PREFERRED in generated else str(generated[0])


def follow(api: Api, run_id: str) -> dict[str, Any]:
    """Show the progress of a run until it ends; return it."""
    deadline = time.monotonic() + TIMEOUT_S
    shown: tuple[str, int] | None = None
    while time.monotonic() < deadline:
        run: dict[str, Any] = api.call("GET", f"/runs/{run_id}")
        counts = run["counts"]
        stage = (run["status"], 4 * counts["done"] // max(counts["total"], 1))
        if is_interactive():
            sys.stdout.write(f"\r  {run['status']}: {counts['done']} of {counts['total']} samples ")
            sys.stdout.flush()
        elif stage != shown:
            shown = stage
            say(f"  {run['status']}: {counts['done']} of {counts['total']} samples")
        if run["status"] in _ENDED:
            say()
            return run
        time.sleep(0.25)
    raise DemoFailed(f"the run did not end within {TIMEOUT_S:.0f} s")


def show(run: dict[str, Any], address: str, password: str) -> None:
    """Print the result as a table."""
    score, counts, usage = run["score"], run["counts"], run["usage"]
    rows = [
        ("Benchmark", f"{run['benchmark']} (version {run['benchmark_version']})"),
        ("Model", f"{run['model']}" + (" (simulated)" if run["simulated"] else "")),
        ("Status", run["status"]),
    ]
    if score:
        low, high = score["ci95"]
        value = f"{percent(score['value'])}   95% interval {percent(low)} to {percent(high)}"
        rows.append(("Score", f"{value} ({score['metric']})"))
    rows += [
        ("Samples", f"{counts['done']}: {counts['correct']} correct, {counts['incorrect']} not"),
        ("Tokens", f"{usage['input_tokens']} in, {usage['output_tokens']} out"),
        ("Duration", f"{run['duration_s'] or 0:.1f} s"),
        ("Page", f"{address}/runs/{run['run_id']}"),
        ("Sign in", f"{EMAIL}, password {password}"),
    ]
    if run["error"]:
        rows.append(("Error", run["error"]["message"]))
    rule = "  " + "-" * 78
    say(rule)
    for name, text in rows:
        say(f"  {name:<10} {text}")
    say(rule)


def main() -> int:
    """Run the demo; return its exit code."""
    parser = argparse.ArgumentParser(prog="app.supervisor.demo", description=__doc__)
    parser.add_argument("address", help="of a running Studio, such as http://127.0.0.1:8000")
    address = parser.parse_args().address
    api = Api(address)
    try:
        password = sign_in(api, account_file(load_settings()))
        benchmark = choose_benchmark(api)
        say(f"  Demo: {SAMPLES} samples of {benchmark} on {MODEL}")
        request = {"benchmark": benchmark, "model": MODEL, "limit": SAMPLES}
        run = follow(api, api.call("POST", "/runs", request)["run_id"])
    except (DemoFailed, requests.RequestException) as error:
        complain(f"The demo failed: {error}")
        return 1
    show(run, address, password)
    return 0 if run["status"] == "completed" else 1


if __name__ == "__main__":
    sys.exit(main())
