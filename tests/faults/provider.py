"""The scripted provider: ``tests/fakes/model_server.py`` as a process, and its questions."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.queue_fixtures import die_with_tests

SERVER = Path(__file__).parents[1] / "fakes" / "model_server.py"
QUESTIONS = 1300


def write_questions(mirror: Path) -> Path:
    """Write questions where the loader looks for GSM8K; returns the file of scripted answers.

    Every fourth answer is wrong, so that a score says which samples it is made of.
    """
    split = mirror / "openai__gsm8k" / "main"
    split.mkdir(parents=True)
    answers = {}
    with (split / "test.jsonl").open("w") as file:
        for number in range(QUESTIONS):
            question = f"Tom has {number} apples and buys 7 more. How many apples has he now?"
            worked = f"{number} + 7 = {number + 7}\n#### {number + 7}"
            file.write(json.dumps({"question": question, "answer": worked}) + "\n")
            said = number + 7 if number % 4 else 0
            answers[f"Tom has {number} apples"] = f"Answer: {said}"
    script = mirror / "answers.json"
    script.write_text(json.dumps(answers))
    return script


class Provider:
    """A provider in a process of its own, told over HTTP how to behave."""

    def __init__(self, script: Path | None, api_key: str, latency_s: float) -> None:
        command = [sys.executable, str(SERVER), f"--latency={latency_s}", f"--api-key={api_key}"]
        if script is not None:
            command.append(f"--answers={script}")
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_tests
        )
        assert self._process.stdout is not None
        self.address = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.base_url = f"{self.address}/v1"

    def stats(self) -> dict[str, Any]:
        """Return calls, their answers by status, calls in flight."""
        with urlopen(f"{self.address}/_stats", timeout=5) as answer:  # noqa: S310 - our own
            found: dict[str, Any] = json.load(answer)
            return found

    @property
    def calls(self) -> int:
        """How many calls came in."""
        return int(self.stats()["calls"])

    def control(self, **change: Any) -> None:
        """Change the behaviour from now on; see ``POST /_control``."""
        request = Request(f"{self.address}/_control", json.dumps(change).encode())  # noqa: S310
        with urlopen(request, timeout=5) as answer:  # noqa: S310 - our own
            answer.read()

    def wait_for_calls(self, number: int, timeout_s: float = 30.0) -> None:
        """Return when so many calls have come in: the kill points are told so."""
        deadline = time.monotonic() + timeout_s
        while self.calls < number:
            assert time.monotonic() < deadline, f"{self.calls} of {number} calls"
            time.sleep(0.004)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
