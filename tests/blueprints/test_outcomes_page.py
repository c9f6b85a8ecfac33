"""What the outcomes mean is told in one place for readers of pages and of documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.engine.types import Outcome
from app.models.run import COUNTED
from app.services.accounts.accounts import Account
from app.template_filters.words import OUTCOME_MEANINGS, OUTCOME_WORDS
from tests.app_fixtures import Browser
from tests.run_fixtures import add_run, add_samples

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "outcomes.md"


def test_every_outcome_has_a_meaning_and_a_word() -> None:
    named = [each.outcome for each in OUTCOME_MEANINGS]
    assert set(named) == {*Outcome, "skipped"}
    assert set(named) <= {*COUNTED, "skipped"}
    assert {each.outcome: each.word for each in OUTCOME_MEANINGS} == {
        **OUTCOME_WORDS, "skipped": "Skipped",
    }  # fmt: skip


def test_the_document_says_what_the_page_says() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for each in OUTCOME_MEANINGS:
        assert f"| {each.word} | {each.meaning} | {each.counts} |" in text


@pytest.mark.parametrize("visitor", ["signed_in", "client"])
def test_the_page_explains_each_outcome(request: pytest.FixtureRequest, visitor: str) -> None:
    page = request.getfixturevalue(visitor).get("/docs/outcomes")
    assert page.status_code == 200
    for each in OUTCOME_MEANINGS:
        assert each.meaning in page.text
        assert f'id="{each.outcome}"' in page.text


def test_pages_of_runs_and_samples_lead_there(
    app: Flask, owner: Account, signed_in: Browser
) -> None:
    with app.app_context():
        run_id = add_run(owner.id, status="completed", done=1, refused=1)
        add_samples(run_id, {"sample_id": "a", "outcome": "refused", "score": 0.0})
    assert 'href="/docs/outcomes"' in signed_in.get(f"/runs/{run_id}").text
    assert 'href="/docs/outcomes#refused"' in signed_in.get(f"/runs/{run_id}/samples/a").text
