"""Texts that made a pattern take minutes, and with it every thread of a web process."""

from __future__ import annotations

import json
import threading

import requests

from tests.attacks.site import Account, Site
from tests.attacks.watch import Watch


def send(account: Account, rows: list[dict[str, object]], **fields: str) -> requests.Response:
    """Ask for the preview of a file with these rows."""
    text = "\n".join(json.dumps(row) for row in rows)
    values = {"question": "q", "target": "a", "choices": "o", "scorer": "mcq/inspect", **fields}
    return account.http(
        "POST",
        "/api/v1/benchmarks/own/preview",
        files={"file": ("own.jsonl", text)},
        data=values,
        timeout_s=60,
    )


def test_blanks_between_options_hold_nobody(site: Site, watch: Watch) -> None:
    """900 KB of blanks took a minute in each of four requests, until the processes were killed."""
    accounts = [site.account(name) for name in ("ada", "eve", "bob", "joe")]
    row: dict[str, object] = {"q": "?", "a": "A", "o": "a" + " " * 900_000 + "b"}
    answers: list[int] = []

    def attack(account: Account) -> None:
        answers.extend(send(account, [row]).status_code for _ in range(3))

    threads = [threading.Thread(target=attack, args=(each,)) for each in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    assert len(answers) == 12
    assert set(answers) <= {200, 422, 429, 503}
    assert 422 in answers  # one option is not enough, it says
