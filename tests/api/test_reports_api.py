"""Results as Markdown and as one HTML file, from the API."""

from __future__ import annotations

import pytest

from tests.run_fixtures import add_run, add_samples


@pytest.fixture
def run_ids(app, owner):
    with app.app_context():
        ids = [add_run(owner.id, status="completed", done=2, scored=2) for _ in range(2)]
        for run_id in ids:
            add_samples(run_id, {}, {})
        return ids


def test_results_are_had_as_markdown_and_as_one_file(api, second_api, run_ids):
    run, pair = f"/runs/{run_ids[0]}", f"run_ids={','.join(run_ids)}"
    for path, media_type, begin in (
        (f"{run}/report.md", "text/plain", "### "),
        (f"{run}/export?format=html", "text/html", "<!DOCTYPE html>"),
        (f"/compare/report.md?{pair}", "text/plain", "### "),
        (f"/compare/report.html?{pair}&hide_texts=true", "text/html", "<!DOCTYPE html>"),
    ):
        answer = api.get(path)
        assert (answer.status_code, answer.mimetype) == (200, media_type), path
        assert answer.text.strip().startswith(begin)
        assert second_api.get(path).status_code == 404
