"""Runs in every state that a page can show, each brought there by the product itself."""

from __future__ import annotations

from datetime import timedelta
from threading import Event
from typing import Any

from flask import Flask
from sqlalchemy import update

from app.db import db, now, transaction
from app.jobs.rescore_run import rescore_run
from app.models import Run, SampleRow
from app.services.accounts.accounts import Account
from app.services.runs import lifecycle, rescoring
from app.services.runs.execution import execute
from app.services.runs.leases import claim_run
from app.services.runs.run_request import RunRequest
from app.services.runs.submission import submit_run
from tests.fakes.model_server import ModelServer
from tests.seed.answers import LONG_WINDED, Answers
from tests.seed.questions import WORD_PROBLEMS

PRICED = "openai/gpt-4o-mini"
LONG_NAME = "together/Qwen/Qwen3-235B-A22B-Instruct-2507-FP8"
FOREVER_S = 10 * 365 * 86_400.0
SMALL_RUN = {"benchmark": "gen_swaps", "model": "simulated/expert", "limit": 2}
AGES_H = (0.2, 1, 3, 20, 26, 50, 75, 120, 170, 200, 260, 340)


class RunSeeder:
    """Submits and executes runs of one account; must be used in the context of ``app``."""

    def __init__(self, app: Flask, account: Account, server: ModelServer, answers: Answers) -> None:
        self._settings = app.extensions["settings"]
        self._account = account
        self._server = server
        self._answers = answers
        self.ids: dict[str, str] = {}

    def seed(self) -> dict[str, str]:
        """Make all runs; returns their ids by name."""
        self._compared()
        self._of_other_benchmarks()
        self._that_stopped()
        self._with_errors()
        self.finish("long", model=f"openai/{LONG_WINDED}", limit=2)
        self._grow_older()
        self._under_way()
        return self.ids

    def submit(self, name: str, /, **options: Any) -> str:
        """Ask for a run as the form does."""
        asked = {"benchmark": "gsm8k", "model": PRICED, "max_connections": 4, "max_retries": 0}
        request = RunRequest.model_validate(asked | options)
        account = self._account
        run_id = submit_run(request, account.id, account.is_admin, self._settings)
        self.ids[name] = run_id
        return run_id

    def finish(self, name: str, /, **options: Any) -> str:
        """Ask for a run and work on it until it ends."""
        run_id = self.submit(name, **options)
        execute(run_id, self._settings, Event())
        return run_id

    def leave(self, name: str, calls: int, /, **options: Any) -> str:
        """Work on a run for some calls; then its worker must go."""
        run_id = self.submit(name, **{"max_connections": 1, **options})
        execute(run_id, self._settings, self._answers.stop_after(calls))
        return run_id

    def _compared(self) -> None:
        done = self.finish(
            "done",
            limit=60,
            name="nightly, third prompt",
            tags=["nightly", "prompt-v3"],
            notes="Baseline before the prompt change.",
            budget_usd=2.0,
            seed=42,
        )
        rescoring.ask_rescoring(done, self._account.id, "openbench")
        rescore_run(done, "openbench")
        self.finish("other", model=LONG_NAME, limit=60, stream=True)
        self.finish("epochs", model="openai/gpt-4.1", limit=20, epochs=3, temperature=0.7)
        again = self.finish("rescoring", limit=40, protocol="openbench")
        rescoring.ask_rescoring(again, self._account.id, "inspect")

    def _of_other_benchmarks(self) -> None:
        self.finish("simulated", benchmark="gen_chain_sum", model="simulated/novice", limit=40)
        for number in range(8):  # more than fit on a page of the dashboard
            self.finish(f"small_{number}", **SMALL_RUN)
        self.finish("cities", benchmark="own/cities")
        self.finish("facts", benchmark="own/facts")
        self.finish("judged", benchmark="own/judged", judge="openai/gpt-4.1")

    def _that_stopped(self) -> None:
        canceled = self.leave("canceled", 9, limit=40)
        lifecycle.cancel_run(canceled, self._account.id)
        self._server.fail("quota", match=WORD_PROBLEMS[7].text)
        self.finish("paused", limit=40, max_connections=1)
        self._server.behaviour.rules.clear()
        self.finish("over_budget", limit=60, max_connections=1, budget_usd=0.0012, max_tokens=40)

    def _with_errors(self) -> None:
        # As JSON, a quote stands escaped in the body: these questions have none.
        for number in (3, 8):
            self._server.fail("context", match=WORD_PROBLEMS[number].text)
        self.finish("with_errors", limit=40)
        for number in range(10, 25):
            self._server.fail("server_error", match=WORD_PROBLEMS[number].text)
        self.finish("failed", limit=40)
        self._server.behaviour.rules.clear()
        self.finish("refused", model="wrong-key/gpt-4o", limit=10)

    def fill_storage(self) -> None:
        """Let a run pause because the account's stored answers have reached their limit."""
        full = self.finish("stored", **SMALL_RUN)
        paused = self.submit("no_storage", **{**SMALL_RUN, "limit": 40, "max_connections": 1})
        with transaction() as session:
            limit_bytes = self._settings.account_storage_mb * 10**6
            session.execute(update(Run).where(Run.id == full).values(stored_bytes=limit_bytes))
        execute(paused, self._settings, Event())

    def _grow_older(self) -> None:
        """Spread the runs over two weeks, as if they had not all been made within seconds."""
        for age_h, run_id in zip(AGES_H, reversed(self.ids.values()), strict=False):
            run = db.session.get_one(Run, run_id)
            by = timedelta(hours=age_h)
            values: dict[str, Any] = {
                name: getattr(run, name) - by
                for name in ("created_at", "started_at", "finished_at")
                if getattr(run, name)
            }
            with transaction() as session:
                session.execute(update(Run).where(Run.id == run_id).values(**values))

    def _under_way(self) -> None:
        self.submit("queued", limit=30)
        self.submit("queued_behind", limit=30)
        claim_run(self.submit("started", limit=30, model="simulated/slow"), FOREVER_S)
        claim_run(self.leave("running", 17, limit=40), FOREVER_S)
        waiting = claim_run(self.leave("waiting", 11, limit=40), FOREVER_S)
        assert waiting is not None
        wait = {
            "provider": "openai",
            "until": (now() + timedelta(days=1)).isoformat(),
            "message": "The server openai limits the rate of calls.",
        }
        download = {
            "message": "Downloading TIGER-Lab/MMLU-Pro",
            "done_bytes": 1_240_000,
            "total_bytes": 4_150_000,
        }
        preparing = claim_run(self.submit("preparing", limit=30), FOREVER_S)
        assert preparing is not None
        with transaction() as session:
            for run_id, values in (
                (waiting.run_id, {"waiting": wait}),
                (preparing.run_id, {"preparing": download}),
            ):
                session.execute(update(Run).where(Run.id == run_id).values(**values))

    def sample(self, run: str, said: str = "", **wanted: Any) -> str:
        """Return the id of the first sample of a run with this in its answer, and these columns."""
        found = (
            db.session.query(SampleRow)
            .filter_by(run_id=self.ids[run], **wanted)
            .filter(SampleRow.completion.contains(said, autoescape=True))
            .order_by(SampleRow.position)
            .first()
        )
        assert found is not None, f"the run {run} has no sample with {wanted}"
        return found.sample_id
