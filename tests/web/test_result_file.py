"""A run as one HTML file."""

from __future__ import annotations

import re

import pytest

from app.db import db
from app.models import Run
from app.web.result_file import run_file
from app.web.shared_results import STRANGERS
from tests.run_fixtures import add_run, add_samples

MOST_BYTES = 2_000_000


@pytest.fixture
def file_of(app, owner):
    """Makes a run with such samples and returns its file as text."""

    def make(*samples: dict[str, object], **options: bool) -> str:
        with app.test_request_context():
            run_id = add_run(
                owner.id, status="completed", total=len(samples), done=len(samples), scored=1
            )
            add_samples(run_id, *samples)
            row = db.session.get_one(Run, run_id)
            hide_texts = options.get("hide_texts", False)
            answer = run_file(row, hide_texts=hide_texts, reader=STRANGERS)
            assert answer.is_streamed
            return "".join(answer.response)  # type: ignore[arg-type]

    return make


def test_a_thousand_samples_of_any_text_take_less_than_two_megabytes(file_of):
    long = {
        "completion": "<漢" * 4000,
        "input": [{"role": "user", "content": '"' * 9000}],
        "target": "&" * 900,
        "answer": "'" * 900,
        "category": "🦜" * 90,
        "outcome": "unparsable",
    }
    text = file_of(*({**long, "sample_id": f"{'<' * 190}{at}"} for at in range(1000)))
    assert text.count('<details class="shared-sample') == 1000
    assert 1_000_000 < len(text.encode()) < MOST_BYTES


def test_a_small_run_has_its_texts_whole(file_of):
    text = file_of({"completion": "word " * 2000 + "the end"}, {})
    assert "word " * 2000 + "the end" in text


def test_it_loads_nothing_and_runs_nothing(file_of):
    text = file_of({"completion": "</style><script>alert(1)</script>"}, {})
    assert "<script" not in text
    assert "<style>" in text
    assert "default-src 'none'" in text
    assert re.findall(r"url\(|@import|@font-face|\ssrc=|\shref=", text) == []


def test_hidden_texts_are_not_in_it(file_of):
    text = file_of({"completion": "planted"}, {"target": "planted"}, hide_texts=True)
    assert "planted" not in text
    assert "question 0" not in text
    assert text.count("Correct") >= 2
