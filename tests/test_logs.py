"""Logs: an event and its ids, and never a key."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from app.logs import MASK, configure_logs, redact

CANARY = "sk-canary-0123456789abcdefABCDEF"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"bearer {CANARY}",
        f'{{"api_key": "{CANARY}"}}',
        f"api_key={CANARY}&x=1",
        f"Incorrect API key provided: {CANARY}.",
        f"token: {CANARY}",
        "key gsk_0123456789abcdefghij",
        "Exception on /s/q0-_Zr2VtXw9LmB4cN8sKdF0123456789abcdefghij/file [GET]",
        "key AIzaSyA0123456789abcdefghij",
        "key hf_0123456789abcdefghij",
        "key hf_abcdefghij0123456789abcdefghij",
        "key obs_0123456789abcdefghij",
        "key whsec_MDEyMzQ1Njc4OWFiY2RlZg==",
        "postgresql://studio:hunter2hunter2@db.example.org/studio",
        "redis://:hunter2hunter2@queue:6379/0",
        "password='hunter2hunter2'",
    ],
)
def test_keys_are_masked(text: str) -> None:
    shown = redact(text)
    assert MASK in shown
    for secret in (CANARY, "0123456789abcdefghij", "hunter2hunter2", "MDEyMzQ1"):
        assert secret not in shown


@pytest.mark.parametrize(
    "text",
    [
        "run ended run_id=01a20d47-f58c-7526-9baa-fb681c56e2a9 status=completed",
        "30 tokens, 5 passwords, a task-force",
        "https://example.org:8443/path",
        "in hf_hub_download, hf_raise_for_status and hf_transfer",
        'File "hub.py", line 51, in hf_hub_url(repo)',
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_canary_is_in_no_line_wherever_it_comes_from(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("INFO", log_format)
    log = logging.getLogger("app.test")
    log.info("call failed %s", CANARY)
    log.info("call failed", extra={"run_id": "r1", "reason": f"key {CANARY}"})
    try:
        raise ValueError(f"bad key {CANARY}")
    except ValueError:
        log.exception("broke")
    out, err = capsys.readouterr()
    assert out == ""
    assert CANARY not in err
    assert err.count(MASK) >= 3
    assert "Traceback" in err
    assert "r1" in err


def test_a_json_line_has_event_and_ids(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("INFO", "json")
    logging.getLogger("app.test").warning("run ended", extra={"run_id": "r1", "cost": 1.5})
    line = json.loads(capsys.readouterr().err)
    at = line.pop("at")
    assert at.endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "logger": "app.test",
        "event": "run ended",
        "run_id": "r1",
        "cost": 1.5,
    }


def test_the_level_holds_and_noisy_libraries_are_kept_down(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("WARNING", "text")
    logging.getLogger("app.test").info("not shown")
    configure_logs("DEBUG", "text")
    logging.getLogger("urllib3.connectionpool").debug("not shown")
    logging.getLogger("app.test").debug("shown", extra={"run_id": "r1"})
    err = capsys.readouterr().err
    assert "not shown" not in err
    assert err.rstrip().endswith("app.test: shown run_id=r1")
