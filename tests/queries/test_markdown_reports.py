"""Results as Markdown."""

from __future__ import annotations

from typing import Any

from app.db import db
from app.models import Run
from app.queries.comparisons import comparison_of
from app.queries.markdown_reports import comparison_markdown, run_markdown
from tests.run_fixtures import add_run, add_samples

SCORE = {
    "metric": "accuracy",
    "value": 0.75,
    "stderr": 0.1,
    "n": 4,
    "ci95": [0.3, 0.95],
    "bounds": [0.75, 0.75],
}


def _run(account_id: int, **columns: Any) -> Run:
    values = {"status": "completed", "done": 4, "scored": 4, "score": SCORE, "simulated": False}
    run_id = add_run(account_id, **{**values, **columns})
    wrong = {"outcome": "incorrect", "score": 0.0}
    add_samples(run_id, {}, {}, {}, wrong if columns.get("model") else {})
    return db.session.get_one(Run, run_id)


def test_a_run_is_a_table_with_its_settings(app_context, owner):
    text = run_markdown(_run(owner.id, cost_usd=0.5, model="openai/gpt-4o"))
    assert text.startswith("### ")
    assert ", `openai/gpt-4o`\n" in text
    assert "| **75.0%** | 30.0–95.0 | 4 | 0 | 0 | \\$0.50 |" in text
    assert "Temperature `0.0`" in text


def test_names_mean_nothing_to_markdown(app_context, owner):
    items = [
        {"key": f"a|b <img> [x](y) {at}", "n": 2, "value": 0.5, "ci95": [0.1, 0.9]}
        for at in range(2)
    ]
    text = run_markdown(_run(owner.id, model="box/`|x`", breakdown={"items": items}))
    assert "`'\\|x'`" in text
    assert "a\\|b \\<img\\> \\[x\\](y) 0" in text


def test_what_is_not_finished_or_not_real_says_so(app_context, owner):
    text = run_markdown(_run(owner.id, status="running", simulated=True, done=2))
    assert "> Simulated model" in text
    assert "> The run is running: 2 of 4 samples." in text
    failed = run_markdown(_run(owner.id, status="failed", done=2))
    assert "> The run failed: 2 of 4 samples." in failed


def test_a_comparison_says_what_can_be_said_of_each_pair(app_context, owner):
    rows = [_run(owner.id), _run(owner.id, model="my-box/llama")]
    text = comparison_markdown(comparison_of(rows), rows)
    assert "| A | `simulated/expert` |" in text
    assert "| B | `llama` |" in text
    assert "- **B against A**: " in text
    assert "0 won, 1 lost, 3 the same." in text
    assert "my-box" not in text
