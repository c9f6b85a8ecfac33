"""The whole visit through nginx: connect a model, run a benchmark, watch, read."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from itertools import pairwise

from tests.app_fixtures import PASSWORD
from tests.deployment.conftest import EMAIL
from tests.deployment.events import Listener
from tests.deployment.site import Client, Site, wait_until
from tests.fakes.model_server import ModelServer

SAMPLES = 12
LATENCY_S = 0.3


def test_a_run_from_the_first_page_to_its_samples(
    site: Site, make_client: Callable[..., Client], provider: ModelServer
) -> None:
    browser = make_client("127.0.0.20")
    refused = browser.get("/runs/new")
    assert refused.status_code == 302
    assert refused.headers["Location"].startswith("/login")
    assert browser.submit("/login", email=EMAIL, password=PASSWORD).status_code == 303
    assert browser.get("/runs/new").status_code == 200

    saved = browser.submit(
        "/settings/connections/new",
        name="visit",
        kind="openai_compatible",
        base_url=provider.base_url,
        api_key="sk-a-key-for-the-visit-0123456789",
        max_retries="5",
        max_connections="2",
        timeout_s="10",
    )
    assert saved.status_code == 303, saved.text
    tested = browser.submit("/settings/connections/visit", "/settings/connections/visit/test")
    assert tested.status_code in (200, 303)
    assert "0123456789" not in browser.get("/settings/connections/visit").text

    started = browser.submit(
        "/runs/new",
        "/runs",
        benchmark="gen_chain_sum",
        model="visit/fake-large",
        limit=str(SAMPLES),
    )
    assert started.status_code == 303, started.text
    assert started.headers["Location"].startswith("/runs/")
    path = started.headers["Location"]
    listener = Listener(browser, f"{path}/events").start()
    page = browser.get(path)
    assert page.status_code == 200
    listener.wait_done(60)

    events = listener.events
    assert events[-1].name == "done"
    assert [event.id for event in events] == sorted(
        (event.id for event in events), key=lambda each: [int(part) for part in each.split("-")]
    )
    first = next(event for event in events if event.name == "sample")
    answered_at = provider.requests[0].at + LATENCY_S
    delay_s = first.at - answered_at
    assert -0.1 < delay_s < 1.5, f"the first sample was shown {delay_s:.2f} s after its answer"
    progress = [event for event in events if event.name == "progress"]
    assert len(progress) >= 3
    gaps = [after.at - before.at for before, after in pairwise(progress)]
    assert max(gaps) < 1.5, "events are held back on the way"
    assert events[-1].at - first.at > LATENCY_S * SAMPLES / 2 / 2, "they came all at once"
    sys.stderr.write(
        f"\nfirst sample through nginx {delay_s * 1000:.0f} ms after its answer; "
        f"{len(events)} events, longest gap of progress {max(gaps) * 1000:.0f} ms\n"
    )

    wait_until(lambda: "Done" in browser.get(path).text, site.logs, 10)
    listed = browser.get(f"{path}/samples")
    assert listed.status_code == 200
    sample = re.search(rf'href="({re.escape(path)}/samples/[^"?]+[^"]*)"', listed.text)
    assert sample is not None
    shown = browser.get(sample[1].replace("&amp;", "&"))
    assert shown.status_code == 200
    assert "ANSWER:" in shown.text
    exported = browser.get(f"{path}/export?format=jsonl")
    assert len(exported.text.strip().splitlines()) == SAMPLES
    assert len(provider.requests) == SAMPLES


def test_a_program_runs_a_benchmark_through_the_api(site: Site, api: Client, model: str) -> None:
    began = time.monotonic()
    body = {"benchmark": "gen_chain_sum", "model": model, "limit": 4}
    answer = api.post("/api/v1/runs", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].startswith(("/api/v1/runs/", api.base))
    run = answer.json()
    listener = Listener(api, f"/api/v1/runs/{run['run_id']}/events").start()
    listener.wait_done(60)
    done = api.get(f"/api/v1/runs/{run['run_id']}").json()
    assert (done["status"], done["counts"]["done"]) == ("completed", 4)
    assert time.monotonic() - began < 30


def test_a_late_viewer_is_told_everything_and_let_go(site: Site, api: Client, model: str) -> None:
    body = {"benchmark": "gen_chain_sum", "model": model, "limit": 2}
    run_id = api.post("/api/v1/runs", json=body).json()["run_id"]
    path = f"/api/v1/runs/{run_id}/events"
    Listener(api, path).start().wait_done(60)
    late = Listener(api, path).start()
    late.wait_done(10)
    assert late.events[-1].name == "done"
    assert sum(event.name == "sample" for event in late.events) == 2
