"""Pages of runs: the dashboard, the form, a run, its samples, what can be done with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.db import now, transaction
from app.models import Rescoring, RunEventRow
from app.services.accounts.accounts import Account
from tests.app_fixtures import ApiClient, Browser
from tests.run_fixtures import add_run, add_samples, columns_of

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]
FORM = {"benchmark": "gen_chain_sum", "model": "simulated/expert", "limit": "3"}


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture
def finished(app: Flask, owner: Account) -> str:
    """A run with samples of several outcomes and two epochs."""
    score = {
        "metric": "accuracy",
        "value": 0.5,
        "stderr": 0.1,
        "ci95": [0.3, 0.7],
        "bounds": [0.4, 0.6],
        "n": 4,
    }
    with app.app_context():
        run_id = add_run(
            owner.id,
            status="completed",
            total=6,
            done=6,
            correct=4,
            incorrect=1,
            error=1,
            scored=5,
            score_sum=4.0,
            score_square_sum=4.0,
            score=score,
            scores={"studio": score},
            breakdown={"items": [{"key": "easy", "n": 4, "value": 0.5, "ci95": [0.3, 0.7]}]},
            config={"epochs": 2},
            tags=["nightly"],
            notes="<script>alert(1)</script>",
        )
        add_samples(
            run_id,
            {"sample_id": "s0", "epoch": 1, "category": "easy"},
            {"sample_id": "s0", "epoch": 2, "position": 0},
            {"sample_id": "s1", "completion": "<img src=x onerror=alert(1)>"},
            {"sample_id": "s2", "outcome": "incorrect", "score": 0.0},
            {
                "sample_id": "s3",
                "outcome": "error",
                "score": None,
                "error": {"code": "timeout", "message": "Too late.", "action": "Wait longer."},
            },
            {"sample_id": "dir/s5"},
        )
        with transaction() as session:
            session.add(RunEventRow(run_id=run_id, kind="retry", message="Asked again."))
    return run_id


def links(html: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', html)]


def test_strangers_are_sent_to_sign_in(client: Browser) -> None:
    for path in ("/", "/runs/new", "/runs/x", "/runs/x/samples", "/benchmarks", "/compare"):
        answer = client.get(path)
        assert answer.status_code in (302, 303), path
        assert "/login" in answer.headers["Location"]


def test_an_empty_dashboard_leads_to_the_first_run(signed_in: Browser) -> None:
    html = signed_in.get("/").text
    assert "No runs yet" in html
    assert any(link.startswith("/runs/new?benchmark=") for link in links(html))


def test_the_dashboard_lists_filters_and_pages(
    app: Flask, signed_in: Browser, owner: Account, finished: str
) -> None:
    with app.app_context():
        for _ in range(26):
            add_run(owner.id, status="failed", model="simulated/novice", tags=["bulk"])
        running = add_run(owner.id, status="running", simulated=False, done=3, cost_usd=1.5)
    signed_in.submit("/first-steps/close")
    html = signed_in.get("/").text
    assert running in html
    assert "28" in html
    older = next(link for link in links(html) if "cursor=" in link)
    second = signed_in.get(older).text
    assert finished in second
    assert finished not in html
    assert finished in signed_in.get("/?tag=nightly").text
    active = signed_in.get("/?status=active").text
    assert running in active
    assert finished not in active
    assert "No run matches" in signed_in.get("/?q=nothing-like-it").text
    assert signed_in.get("/?cursor=nonsense").status_code == 422


def test_the_form_is_filled_in_from_the_address_or_an_earlier_run(
    signed_in: Browser, finished: str
) -> None:
    html = signed_in.get("/runs/new?benchmark=gsm8k&model=simulated/novice&limit=7").text
    assert 'maxlength="120"' in html  # of its name, as where it is edited
    assert re.search(r'name="limit"[^>]*value="7"', html) or 'value="7"' in html
    assert "simulated/novice" in html
    copied = signed_in.get(f"/runs/new?from={finished}").text
    assert "nightly" in copied
    assert signed_in.get("/runs/new?from=unknown").status_code == 404


def test_sending_the_form_starts_a_run(app: Flask, signed_in: Browser) -> None:
    answer = signed_in.submit("/runs", FORM | {"tags": "a, b,", "temperature": " 0.5 "})
    assert answer.status_code == 303
    run_id = answer.headers["Location"].rpartition("/")[2]
    with app.app_context():
        row = columns_of(run_id)
    assert (row["tags"], row["total"], row["config"]["temperature"]) == (["a", "b"], 3, 0.5)
    page = signed_in.get(answer.headers["Location"])
    assert page.status_code == 200
    assert run_id in page.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"limit": "abc"}, "This must be a whole number."),
        ({"limit": "2.5"}, "This must be a whole number."),
        ({"temperature": "warm"}, "This must be a number."),
        ({"budget_usd": "nan"}, "This must be a finite number."),
        ({"limit": "0"}, "This must be at least 1."),
        ({"benchmark": ""}, "Choose a benchmark."),
        ({"model": "nobody/x"}, "no connection called"),
        ({"benchmark": "nope"}, "no benchmark called"),
        ({"tags": ",".join("abcdefghijklmnopqrstuvwxyz")}, "20"),
    ],
)
def test_a_form_that_does_not_fit_comes_back_with_what_is_wrong(
    signed_in: Browser, changes: dict[str, str], words: str
) -> None:
    answer = signed_in.submit("/runs", FORM | changes)
    assert answer.status_code == 422
    assert words in answer.text
    assert "simulated/expert" in answer.text or "model" in changes


def test_page_and_api_share_the_limit_of_new_runs(signed_in: Browser, api: ApiClient) -> None:
    for _ in range(10):
        assert api.post("/runs", json={**FORM, "limit": 1}).status_code == 201
    refused = signed_in.submit("/runs", FORM)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_a_form_without_its_token_changes_nothing(signed_in: Browser) -> None:
    assert signed_in.post("/runs", data=FORM).status_code == 400
    assert "No runs yet" in signed_in.get("/").text


def test_without_a_queue_the_form_says_so(make_app: Callable[..., Flask], owner: Account) -> None:
    browser = make_app().test_client()
    assert isinstance(browser, Browser)
    browser.sign_in_as(owner)
    answer = browser.submit("/runs", FORM)
    assert answer.status_code == 503
    assert "queue server does not answer" in answer.text


def test_a_run_under_way_and_one_that_ended_have_their_page(
    app: Flask, signed_in: Browser, owner: Account, finished: str, start_run: Start, work: Work
) -> None:
    html = signed_in.get(f"/runs/{finished}").text
    assert "<script>alert(1)</script>" not in html
    assert "<img src=x" not in html
    assert "Asked again." in html
    assert "easy" in html
    assert html.count("<svg") >= 2
    run_id = start_run()
    assert signed_in.get(f"/runs/{run_id}").status_code == 200
    work(run_id)
    assert signed_in.get(f"/runs/{run_id}").status_code == 200
    with app.app_context():
        failed = add_run(
            owner.id,
            status="failed",
            failure={"code": "auth", "message": "Wrong key.", "action": "Fix it."},
        )
        waiting = add_run(owner.id, status="running", benchmark="removed", protocol="gone")
    html = signed_in.get(f"/runs/{failed}").text
    assert "Wrong key." in html
    assert "Fix it." in html
    assert signed_in.get(f"/runs/{waiting}").status_code == 200
    assert signed_in.get("/runs/unknown").status_code == 404


def test_samples_are_listed_and_filtered(signed_in: Browser, finished: str) -> None:
    html = signed_in.get(f"/runs/{finished}/samples").text
    assert "<img src=x" not in html
    assert f"/runs/{finished}/samples/dir/s5?epoch=1" in links(html)
    errors = signed_in.get(f"/runs/{finished}/samples?outcome=error&category=&q=").text
    assert f"/runs/{finished}/samples/s3?epoch=1&outcome=error" in links(errors)
    assert f"/runs/{finished}/samples/s2?epoch=1" not in errors
    assert signed_in.get(f"/runs/{finished}/samples?category=easy&q=question").status_code == 200


def test_the_samples_page_has_further_pages(app: Flask, signed_in: Browser, owner: Account) -> None:
    with app.app_context():
        run_id = add_run(owner.id)
        add_samples(run_id, *[{} for _ in range(60)])
    html = signed_in.get(f"/runs/{run_id}/samples?q=question").text
    older = next(link for link in links(html) if "cursor=" in link)
    assert "q=question" in older
    assert f"/runs/{run_id}/samples/s59?epoch=1&q=question" in links(signed_in.get(older).text)


def test_a_search_that_is_too_long_is_left_out_of_the_list(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        run_id = add_run(owner.id)
        add_samples(run_id, {})
    for page in ("samples", "samples/s0"):
        answer = signed_in.get(f"/runs/{run_id}/{page}?q={'x' * 201}")
        assert answer.status_code == 200
        assert "question 0" in answer.text
    assert (
        "Search for at most 200 characters"
        in signed_in.get(f"/runs/{run_id}/samples?q={'x' * 201}").text
    )


def test_a_sample_stays_in_the_list_it_was_opened_from(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        run_id = add_run(owner.id)
        add_samples(
            run_id,
            *[
                {"outcome": "correct" if at % 3 else "incorrect", "category": "c"}
                for at in range(180)
            ],
        )
    here = f"/runs/{run_id}/samples"
    kept = "outcome=incorrect&category=c&q=question"
    html = signed_in.get(f"{here}/s153?epoch=1&{kept}").text
    around = links(html)
    assert "52 of 60" in html
    assert f"{here}/s150?epoch=1&{kept}" in around
    assert f"{here}/s156?epoch=1&{kept}" in around
    back = next(link for link in around if link.startswith(f"{here}?"))
    assert "Samples: Wrong, c, “question”" in html
    listed = links(signed_in.get(back).text)
    assert f"{here}/s153?epoch=1&{kept}" in listed
    assert f"{here}/s147?epoch=1&{kept}" not in listed
    # What no longer fits, as an error that was asked again, still leads on.
    other = signed_in.get(f"{here}/s154?epoch=1&{kept}").text
    assert {f"{here}/s153?epoch=1&{kept}", f"{here}/s156?epoch=1&{kept}"} <= set(links(other))
    first = signed_in.get(f"{here}/s0").text
    assert "1 of 180" in first
    assert f"{here}" in links(first)


def test_one_sample_shows_all_and_leads_to_its_neighbours(
    signed_in: Browser, finished: str
) -> None:
    html = signed_in.get(f"/runs/{finished}/samples/s2").text
    around = links(html)
    assert f"/runs/{finished}/samples/s1?epoch=1" in around
    assert "Samples</a>" in html
    assert f"/runs/{finished}/samples/s3?epoch=1" in around
    error = signed_in.get(f"/runs/{finished}/samples/s3").text
    assert "Too late." in error
    assert "Wait longer." in error
    first = links(signed_in.get(f"/runs/{finished}/samples/s0").text)
    assert f"/runs/{finished}/samples/s0?epoch=2" in first
    assert signed_in.get(f"/runs/{finished}/samples/dir/s5").status_code == 200
    assert signed_in.get(f"/runs/{finished}/samples/s9").status_code == 404
    assert signed_in.get(f"/runs/{finished}/samples/s0?epoch=x").status_code == 200


def test_the_actions_do_what_they_say_and_come_back(
    app: Flask, signed_in: Browser, start_run: Start, finished: str
) -> None:
    run_id = start_run()

    def act(name: str, which: str = run_id, **data: str) -> str:
        answer = signed_in.submit(f"/runs/{which}/{name}", data)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])

    def status(which: str = run_id) -> str:
        with app.app_context():
            return str(columns_of(which)["status"])

    assert act("cancel").endswith(f"/runs/{run_id}")
    assert status() == "canceled"
    act("cancel")  # twice is no mistake on a page
    assert "This run is over" in signed_in.get(f"/runs/{run_id}").text
    act("resume")
    assert status() == "queued"
    assert "from=" in act("duplicate")
    act("retry-errors", finished)
    assert status(finished) == "queued"
    act("cancel", finished)
    act("rescore", finished, protocol="studio")
    assert act("delete", finished) == "/"
    assert signed_in.get(f"/runs/{finished}").status_code == 404
    refused = signed_in.submit(f"/runs/{run_id}/delete")
    assert refused.status_code == 409
    assert "Cancel it first." in refused.text


def test_many_categories_show_their_ends_and_lead_to_their_samples(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    items = [
        {"key": f"subject {at:02}", "n": 100 - at, "value": at / 57, "ci95": [at / 60, at / 50]}
        for at in range(57)
    ]
    with app.app_context():
        run_id = add_run(owner.id, status="completed", breakdown={"items": items})

    def shown(query: str = "") -> list[str]:
        html = signed_in.get(f"/runs/{run_id}{query}").text
        return re.findall(r"samples\?category=subject\+(\d\d)", html)

    best_first = [f"{at:02}" for at in range(56, -1, -1)]
    assert shown() == best_first[:10] + best_first[-10:]
    assert shown("?categories=all") == best_first
    assert shown("?breakdown=name&categories=all") == best_first[::-1]
    assert shown("?breakdown=samples") == best_first[::-1][:10] + best_first[::-1][-10:]
    assert shown("?breakdown=nonsense&categories=x") == shown()
    assert "37 more between" in signed_in.get(f"/runs/{run_id}").text


def test_a_run_that_is_being_canceled_says_so(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        run_id = add_run(
            owner.id,
            status="running",
            cancel_requested_at=now(),
            lease_until=now().timestamp() + 600,
        )
    for page in (f"/runs/{run_id}", "/"):
        html = signed_in.get(page).text
        assert "Canceling" in html
        assert "pill-pulse" not in html
    assert "cancel-dialog" not in signed_in.get(f"/runs/{run_id}").text


def test_a_tag_that_filters_is_shown_and_leads_back(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        tagged, other = add_run(owner.id, tags=["a b"]), add_run(owner.id)
    html = signed_in.get("/?tag=a+b&q=gen&status=queued").text
    assert f"/runs/{tagged}" in links(html)
    assert f"/runs/{other}" not in links(html)
    assert "Remove the filter Tag: a b" in html
    assert "/?q=gen&status=queued" in links(html) or "/?status=queued&q=gen" in links(html)
    assert "/?tag=a%20b" in links(signed_in.get(f"/runs/{tagged}").text)
    found = signed_in.get(f"/?q={tagged[-8:].upper()}").text
    assert f"/runs/{tagged}" in links(found)
    assert f"/runs/{other}" not in links(found)


def test_a_scoring_under_way_is_shown_and_its_end_is_told(
    app: Flask, signed_in: Browser, finished: str
) -> None:
    address = f"/runs/{finished}/rescorings"
    assert "data-rescoring" not in signed_in.get(f"/runs/{finished}").text
    with app.app_context(), transaction() as session:
        session.add(Rescoring(run_id=finished, protocol="openbench", done=2))
    html = signed_in.get(f"/runs/{finished}").text
    assert "Scoring again under openbench" in html
    assert address in html
    assert signed_in.get(address).json == {
        "items": [{"protocol": "openbench", "done": 2}],
        "last": "Asked again.",
    }
    with app.app_context(), transaction() as session:
        session.query(Rescoring).delete()
        session.add(RunEventRow(run_id=finished, kind="info", message="Scored again."))
    assert signed_in.get(address).json == {"items": [], "last": "Scored again."}


def test_the_progress_of_a_scoring_is_the_owners_alone(
    client: Browser, second_user: Account, finished: str
) -> None:
    client.sign_in_as(second_user)
    assert client.get(f"/runs/{finished}/rescorings").status_code == 404


def test_before_the_first_answer_the_cost_is_not_called_unknown(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        waiting = add_run(owner.id, status="queued", simulated=False, cost_usd=None, done=0)
        add_run(owner.id, status="completed", simulated=False, cost_usd=None, total=1, done=1)
    shown = re.search(r'data-live="cost">([^<]*)<', signed_in.get(f"/runs/{waiting}").text)
    assert shown
    assert shown[1] == "–"
    cells = re.findall(r"data-run-cost>(.*?)</td>", signed_in.get("/").text, re.DOTALL)
    assert [re.sub("<[^>]+>", "", cell).strip() for cell in cells] == ["unknown", "–"]


def test_a_long_run_shows_how_its_score_developed(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        run_id = add_run(owner.id, status="completed", scored=30, done=30, score_sum=30.0)
        add_samples(run_id, *[{} for _ in range(30)])
    assert "Running score" in signed_in.get(f"/runs/{run_id}").text


def test_the_page_of_a_run_does_not_need_the_queue(
    make_app: Callable[..., Flask], owner: Account
) -> None:
    away = make_app()
    with away.app_context():
        run_id = add_run(owner.id)
    browser = away.test_client()
    assert isinstance(browser, Browser)
    browser.sign_in_as(owner)
    assert browser.get(f"/runs/{run_id}").status_code == 200


def test_a_download_is_a_file(signed_in: Browser, finished: str) -> None:
    answer = signed_in.get(f"/runs/{finished}/export")
    assert answer.mimetype == "text/csv"
    assert answer.text.count("\n") >= 7
    assert signed_in.get(f"/runs/{finished}/export?format=xml").status_code == 422


def test_samples_are_sorted_and_filtered_by_latency_and_tokens(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        run_id = add_run(owner.id)
        add_samples(run_id, *[{"latency_ms": at * 100, "output_tokens": at} for at in range(5)])
    here = f"/runs/{run_id}/samples"
    kept = "min_latency_ms=100&max_tokens=3&sort=-latency"
    html = signed_in.get(f"{here}?{kept}").text
    order = re.findall(r"samples/(s\d)\?epoch=1", html)
    assert order == ["s3", "s2", "s1"]
    assert f"{here}/s2?epoch=1&{kept}" in links(html)
    assert f"{here}?max_tokens=3&sort=-latency" in links(html), "the chip takes a range away"
    beside = signed_in.get(f"{here}/s2?epoch=1&{kept}").text
    assert "2 of 3" in beside
    assert "At least 100 ms, at most 3 output tokens, slowest first".lower() in beside.lower()
    wrong = signed_in.get(f"{here}?min_tokens=few&sort=best&category=").text
    assert "Tokens from must be a whole number, not “few”" in wrong
    assert "There is no sort “best”" in wrong


def test_an_answer_shows_what_the_scorer_took_and_is_read_raw_or_formatted(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        run_id = add_run(owner.id)
        hostile = "**2** <img src=x>\n\nANSWER: **4**"
        add_samples(run_id, {"completion": hostile}, {"completion": "4"})
    here = f"/runs/{run_id}/samples/s0?epoch=1"
    raw = signed_in.get(here).text
    assert '&lt;img src=x&gt;\n\nANSWER: **<mark title="What the scorer took">4</mark>**' in raw
    formatted = signed_in.get(f"{here}&text=formatted").text
    assert "<strong><mark>4</mark></strong>" in formatted
    assert "<img" not in formatted
    assert f"/runs/{run_id}/samples/s1?epoch=1&text=formatted" in links(formatted)
    assert "<mark" not in signed_in.get(f"/runs/{run_id}/samples/s1").text


def test_a_sample_is_starred_marked_and_noted(
    signed_in: Browser, second_browser: Browser, finished: str
) -> None:
    here = f"/runs/{finished}/samples/dir/s5"
    there = f"{here}/mark?epoch=1&sort=-latency"
    for form in ({"starred": "yes"}, {"to_review": "yes"}, {"note": "See <b>\r\nthis"}):
        answer = signed_in.submit(there, form)
        assert answer.status_code == 303
        assert answer.location == f"{here}?epoch=1&sort=-latency"
    html = signed_in.get(here).text
    assert html.count('aria-pressed="true"') == 2
    assert "See &lt;b&gt;\nthis</textarea>" in html
    marked = signed_in.get(f"/runs/{finished}/samples?mark=to_review").text
    assert f"{here}?epoch=1&mark=to_review" in links(marked)
    assert f"/runs/{finished}/samples/s2?epoch=1&mark=to_review" not in links(marked)
    signed_in.submit(there, {"starred": "no"})
    assert signed_in.get(here).text.count('aria-pressed="true"') == 1
    long = signed_in.submit(there, {"note": "x" * 2001}, follow_redirects=True).text
    assert "A note has at most 2,000 characters; this one has 2,001." in long
    assert second_browser.submit(there, {"starred": "yes"}).status_code == 404
    assert signed_in.submit(f"/runs/{finished}/samples/nix/mark").status_code == 404


def test_the_same_question_leads_to_the_run_before(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        old, new = add_run(owner.id), add_run(owner.id)
        for run_id in (old, new):
            add_samples(run_id, {}, {})
    html = signed_in.get(f"/runs/{new}/samples/s1?epoch=1&outcome=correct").text
    assert f"/runs/{old}/samples/s1?epoch=1" in links(html)
