"""The judge of a run: a second model that scores its answers."""

from __future__ import annotations

from app.engine.clients.base import ModelClient
from app.engine.clients.http_model import LARGEST_VERDICT_BYTES
from app.engine.clients.providers import make_client
from app.engine.clients.simulated_judge import SimulatedJudge
from app.engine.run.judging import JudgeCalls
from app.engine.run.plan import retry_policy
from app.engine.run.throttle import LocalThrottle
from app.engine.scorers.scorer_registry import judged_scorers
from app.services.connections import store
from app.services.pace.shared_throttle import open_throttle


def needs_judge(scorer: str) -> bool:
    """Return whether the scorer profile asks a judge."""
    return scorer in judged_scorers()


def judge_problem(
    judge: str | None, account_id: int, is_admin: bool, *, simulated: bool
) -> tuple[str, str] | None:
    """Return why a model cannot be the judge of a run, and what to do; ``None`` where it can.

    Args:
        judge: What was asked for, ``connection/model-id``; ``None``: nobody.
        account_id: The account.
        is_admin: Whether it also has the environment's connections.
        simulated: Whether the run's model is a simulated one.
    """
    if not judge:
        return (
            "Its answers are scored by a second model: choose a judge.",
            "Write it as connection/model, for example openai/gpt-4.1.",
        )
    name, slash, model_id = judge.partition("/")
    if not slash or not name or not model_id.strip():
        return (
            f"{judge!r} does not name a model.",
            "Write the judge as connection/model, for example openai/gpt-4.1.",
        )
    found = {info.name: info for info in store.list_connections(account_id, is_admin)}
    if name not in found:
        return (
            f"You have no connection called {name!r} for the judge.",
            "Add it in Settings → Connections.",
        )
    if found[name].simulated and not simulated:
        return (
            "A simulated judge may only judge simulated runs: its verdicts mean nothing.",
            "Choose a real model as judge.",
        )
    return None


def open_judge(judge: str, account_id: int, is_admin: bool) -> JudgeCalls:
    """Return the judge, ready for calls; only a worker does this.

    Raises:
        NotFound: The connection is gone.
        Conflict: Its key cannot be opened.
    """
    name, _, model_id = judge.partition("/")
    connection = store.open_connection(account_id, is_admin, name)
    return JudgeCalls(
        judge,
        _client(connection, model_id),
        timeout_s=connection.timeout_s,
        retry=retry_policy(connection.max_retries),
        max_connections=connection.max_connections,
        throttle=open_throttle(connection, model_id) or LocalThrottle(),
    )


def _client(connection: store.OpenConnection, model_id: str) -> ModelClient:
    if connection.simulated:
        return SimulatedJudge()
    return make_client(
        connection.kind,
        connection.base_url,
        connection.api_key,
        model_id,
        policy=connection.policy,
        max_connections=connection.max_connections,
        provider=connection.name,
        max_bytes=LARGEST_VERDICT_BYTES,
        auth=connection.auth,
        stream=connection.stream,
    )
