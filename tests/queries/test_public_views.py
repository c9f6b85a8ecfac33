"""What strangers may see of comparisons."""

from __future__ import annotations

from typing import Any

from app.db import db
from app.models import Run
from app.queries.comparisons import comparison_of
from app.queries.public_views import public_comparison
from tests.run_fixtures import add_run, add_samples


def _public(account_id: int, *models: str) -> dict[str, Any]:
    ids = [add_run(account_id, model=model, status="completed", done=2) for model in models]
    for at, run_id in enumerate(ids):
        add_samples(run_id, {}, {"outcome": "incorrect", "score": 0.0} if at else {})
    rows = [db.session.get_one(Run, run_id) for run_id in ids]
    return public_comparison(comparison_of(rows), rows, hide_texts=False)


def test_verdicts_name_models_publicly_also_where_one_begins_as_another(app_context, owner):
    view = _public(owner.id, "box/llama", "box/llama-2")
    verdict = view["pairs"][0]["verdict"]
    assert "llama-2 scores" in verdict
    assert "against llama " in verdict
    assert "box" not in str(view)


def test_models_of_two_connections_that_read_alike_are_told_apart(app_context, owner):
    view = _public(owner.id, "a-box/llama", "b-box/llama")
    assert [run["model"] for run in view["runs"]] == ["llama (A)", "llama (B)"]
    assert "llama (B) scores" in view["pairs"][0]["verdict"]


def test_the_same_model_twice_has_letters_in_the_verdict_only(app_context, owner):
    view = _public(owner.id, "box/llama", "box/llama")
    assert [run["model"] for run in view["runs"]] == ["llama", "llama"]
    assert "llama (B) scores" in view["pairs"][0]["verdict"]
