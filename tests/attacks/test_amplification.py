"""Small requests that made large answers, rows or pages: what is shown is a product of nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
import requests

from tests.attacks.site import Account, Site
from tests.attacks.watch import Watch

MB = 1024 * 1024


def send(account: Account, what: str, text: str, **fields: str) -> requests.Response:
    """Send a file to be looked at, or to be saved."""
    return account.http(
        "POST",
        f"/api/v1/benchmarks/own{what}",
        files={"file": ("own.jsonl", text.encode())},
        data=fields,
        timeout_s=120,
    )


def mapped(**fields: str) -> dict[str, str]:
    """Return the fields of a mapping."""
    return {"question": "q", "target": "a", "scorer": "exact/text", **fields}


def wide_rows() -> str:
    """Return 18 MB: twenty rows with 200 columns each, all of them different and long."""
    return "\n".join(
        json.dumps({f"{row}-{column}-{'n' * 4_500}": 1 for column in range(200)})
        for row in range(20)
    )


def long_rows() -> str:
    """Return three rows of a megabyte."""
    return "\n".join(json.dumps({"q": "x" * (MB - 100), "a": str(n)}) for n in range(3))


def full_rows() -> str:
    """Return rows of 200 long cells."""
    return "\n".join(
        json.dumps({"q": "?", "a": "1", **{f"c{n}": "<" * 5_000 for n in range(190)}})
        for _ in range(10)
    )


ATTACKS: dict[str, Callable[[Account], requests.Response]] = {
    "places": lambda account: send(
        account, "/preview", long_rows(), **mapped(prompt_template="{question}" * 400)
    ),
    "ten places": lambda account: send(
        account, "/preview", long_rows(), **mapped(prompt_template="{question}" * 10)
    ),
    "save": lambda account: send(
        account, "", long_rows(), **mapped(name="mine", prompt_template="{question}" * 10)
    ),
    "long": lambda account: send(account, "/preview", long_rows(), **mapped()),
    "wide": lambda account: send(account, "/preview", wide_rows()),
    "full": lambda account: send(account, "/preview", full_rows(), **mapped()),
}


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_nothing_grows(site: Site, watch: Watch, attack: str) -> None:
    """Each from four accounts, three times at once."""
    accounts = [site.account(name) for name in ("ada", "eve", "bob", "joe")]
    answers: list[requests.Response] = []

    def repeat(account: Account) -> None:
        answers.extend(ATTACKS[attack](account) for _ in range(2))

    threads = [
        threading.Thread(target=repeat, args=(account,)) for account in accounts for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert len(answers) == 24
    assert {answer.status_code for answer in answers} <= {200, 422, 429, 503}
    assert any(answer.status_code in (200, 422) for answer in answers)
    assert max(len(answer.content) for answer in answers) < MB
