"""Uploads by the dozen and by the 100 MB, of one account and of several at the same time."""

from __future__ import annotations

import threading
from pathlib import Path

import requests

from app.services.own_benchmarks import uploads
from tests.attacks.site import Account, Site
from tests.attacks.watch import Watch

MB = 1024 * 1024
ROW = b'{"q": "' + b"x" * 2_000 + b'", "a": "1"}\n'


def send(account: Account, content: bytes, **fields: str) -> requests.Response:
    """Send a file as a benchmark."""
    return account.http(
        "POST",
        "/api/v1/benchmarks/own",
        files={"file": ("own.jsonl", content)},
        data={"question": "q", "target": "a", "scorer": "exact/text", **fields},
        timeout_s=300,
    )


def test_many_large_files_at_once_are_taken_in_turn(site: Site, watch: Watch) -> None:
    """Six of 90 MB from each of two accounts: two on their way for each, the others wait."""
    accounts = [site.account("ada"), site.account("eve")]
    content = ROW * (90 * MB // len(ROW))
    answers: list[int] = []

    def attack(account: Account, number: int) -> None:
        try:
            answers.append(send(account, content, name=f"big{number}").status_code)
        except requests.ConnectionError:  # refused before the body was read
            answers.append(429)

    threads = [
        threading.Thread(target=attack, args=(account, number))
        for account in accounts
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(400)
    assert len(answers) == 12
    assert set(answers) <= {201, 422, 429, 503}
    assert 201 in answers
    assert 429 in answers
    uploads_left = list((Path(site.settings.data_dir) / "own" / "uploads").glob("*"))
    assert uploads_left == [], "what was refused, and what was saved, waits for nothing"


def test_files_of_the_page_do_not_pile_up(site: Site, watch: Watch) -> None:
    """The page keeps a file for the next step: five of an account at most."""
    eve = site.account("eve")
    for number in range(12):
        with site.app.app_context():
            import io

            uploads.keep_upload(eve.id, io.BytesIO(ROW * 2_000), f"{number}.jsonl", site.settings)
    waiting = list((Path(site.settings.data_dir) / "own" / "uploads").glob(f"{eve.id}-*"))
    assert len(waiting) == uploads.MAX_WAITING


def test_uploads_are_limited_in_rate(site: Site, watch: Watch) -> None:
    """Small ones by the dozen end in 429."""
    eve = site.account("eve")
    codes = [send(eve, ROW, name="small").status_code for _ in range(25)]
    assert 429 in codes
    assert codes[0] == 201
