"""Links from a comparison to the samples that flipped, whatever their names."""

from __future__ import annotations

from flask import Flask, url_for
from markupsafe import escape

from app.services.accounts.accounts import Account
from tests.app_fixtures import Browser
from tests.run_fixtures import add_run, add_samples

NAMES = ["a b", "math/1?x=y#z", "100%", "größe", "a&b=c;d", "..", "q'\"<>"]


def test_each_leads_to_the_sample_in_its_run(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        ids = [add_run(owner.id, status="completed") for _ in range(3)]
        for at, run_id in enumerate(ids):
            score = float(at % 2)
            add_samples(run_id, *[{"sample_id": name, "score": score} for name in NAMES])
    html = signed_in.get(f"/compare?run_ids={','.join(ids)}").text
    with app.test_request_context():
        for run_id in ids:
            for name in NAMES:
                link = url_for("runs.sample", run_id=run_id, sample_id=name, epoch=1)
                assert f'href="{escape(link)}"' in html, link
