"""The list of runs: order, filters as chips, columns, saved views, the file, many runs at once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from app.queries import run_views
from app.services.accounts.accounts import Account
from app.services.runs import bulk, saved_views
from tests.app_fixtures import Browser
from tests.run_fixtures import add_run, columns_of

SCORE = {
    "metric": "accuracy",
    "value": 0.5,
    "stderr": 0.1,
    "ci95": [0.3, 0.7],
    "bounds": [0.4, 0.6],
    "n": 4,
}


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture
def add(app: Flask, owner: Account) -> Callable[..., str]:
    """Adds a run of the owner: ``add(status="failed")``."""

    def add_one(**columns: Any) -> str:
        with app.app_context():
            return add_run(owner.id, **columns)

    return add_one


def links(html: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', html)]


def shown(html: str) -> list[str]:
    """Return the ids of the runs in a list, in its order."""
    return re.findall(r'name="run_ids"\s+value="([^"]+)"', html)


def told(browser: Browser, answer: Any) -> str:
    """Return the page that an action leads to."""
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["Location"]).text


def test_a_heading_sorts_by_its_column_and_again_the_other_way_round(
    signed_in: Browser, add: Callable[..., str]
) -> None:
    good = add(status="completed", score={**SCORE, "value": 0.9})
    bad = add(status="completed", score={**SCORE, "value": 0.1})
    none = add(status="queued")
    assert shown(signed_in.get("/").text) == [none, bad, good]
    assert "/?q=sim&sort=-score" in links(signed_in.get("/?q=sim").text)
    best = signed_in.get("/?sort=-score").text
    assert shown(best) == [good, bad, none]
    assert 'aria-sort="descending"' in best
    assert "/?sort=score" in links(best)
    assert shown(signed_in.get("/?sort=score").text) == [bad, good, none]
    assert "/?sort=model" in links(best)
    assert "/" in links(best)  # by age again
    assert signed_in.get("/?sort=color").status_code == 422


def test_every_filter_is_a_chip_that_takes_it_away(
    signed_in: Browser, add: Callable[..., str]
) -> None:
    old = add(created_at=datetime(2026, 1, 31, 23, 59, 59, 999_999, UTC), tags=["a"])
    add(created_at=datetime(2026, 2, 1, tzinfo=UTC), tags=["a"])
    address = "/?status=queued&benchmark=gen_chain_sum&tag=a&q=sim&from=2026-01-31&to=2026-01-31"
    html = signed_in.get(address).text
    assert shown(html) == [old]
    chips = re.findall(r'aria-label="Remove the filter ([^"]+)"', html)
    assert chips == [
        "Status: Queued",
        "Benchmark: gen_chain_sum",
        "Tag: a",
        "Search: sim",
        "From: 2026-01-31 UTC",
        "Until: 2026-01-31 UTC",
    ]
    assert address.replace("&from=2026-01-31", "") in links(html)
    assert "Remove the filter Status" not in signed_in.get("/?status=completed").text
    refused = signed_in.get("/?from=soon")
    assert refused.status_code == 422
    assert "such as 2026-01-31" in refused.text


def test_the_chosen_columns_stay_the_accounts_own(
    app: Flask, signed_in: Browser, add: Callable[..., str], owner: Account
) -> None:
    add(error=3, total=7, done=7)

    def headings(address: str = "/") -> list[str]:
        head = signed_in.get(address).text.partition("<tbody>")[0]
        cells = re.findall(r"<th\b.*?</th>", head, re.DOTALL)
        return [text for cell in cells if (text := re.sub(r"<[^>]+>", "", cell).strip())]

    usual = ["Run", "Status", "Model", "Score, 95% CI", "Samples", "Duration", "Cost", "Created"]
    assert headings() == usual
    answer = signed_in.submit(
        "/runs/columns", {"columns": ["errors", "model", "nonsense"], "back": "q=sim&columns=cost"}
    )
    assert answer.headers["Location"] == "/?q=sim"
    assert headings() == ["Run", "Model", "Errors"]
    assert headings("/?columns=cost") == ["Run", "Cost"]
    with app.app_context():
        assert run_views.chosen_columns(owner.id) == ["model", "errors"]
    signed_in.submit("/runs/columns", {"usual": "1"})
    assert headings() == usual


def test_a_view_is_saved_opened_replaced_and_removed(
    app: Flask, signed_in: Browser, add: Callable[..., str], owner: Account, second_user: Account
) -> None:
    add(tags=["night & day"])
    sent = {"name": " Nightly  ones ", "back": "tag=night+%26+day&sort=-cost&cursor=x&evil=1"}
    html = told(signed_in, signed_in.submit("/runs/views", sent))
    assert "Saved the view Nightly ones." in html
    with app.app_context():
        (view,) = run_views.saved_views(owner.id)
        assert run_views.saved_views(second_user.id) == []
    assert view.query.startswith("tag=night+%26+day&sort=-cost&columns=status,model,")
    assert f"/?{view.query}" in links(html)
    assert re.search(r'aria-current="true">\s*<svg.*?</svg>Nightly ones', html, re.DOTALL)
    signed_in.submit("/runs/views", {"name": "Nightly ones", "back": "q=x"})
    with app.app_context():
        (view,) = run_views.saved_views(owner.id)
        assert view.query.startswith("q=x&")
        saved_views.delete_view(second_user.id, view.id)
        assert len(run_views.saved_views(owner.id)) == 1
    told(signed_in, signed_in.submit(f"/runs/views/{view.id}/delete"))
    with app.app_context():
        assert run_views.saved_views(owner.id) == []
    assert signed_in.submit("/runs/views", {"name": " "}).status_code == 422
    assert signed_in.submit("/runs/views", {"name": "x" * 61}).status_code == 422


def test_an_account_has_so_many_views_and_no_more(
    app: Flask, app_context: Flask, signed_in: Browser, owner: Account
) -> None:
    for number in range(saved_views.MOST_VIEWS):
        saved_views.save_view(owner.id, f"view {number}", "")
    assert signed_in.submit("/runs/views", {"name": "one more"}).status_code == 409
    saved_views.save_view(owner.id, "view 3", "q=again")  # replaced: that is none more


def test_the_list_is_a_file_of_harmless_cells(
    app: Flask, signed_in: Browser, add: Callable[..., str], second_user: Account
) -> None:
    first = add(name="=1+1", tags=["a", "b"], notes="-SUM(A1)", score=SCORE, status="completed")
    second = add(status="failed", failure={"code": "auth", "message": "@key", "action": None})
    with app.app_context():
        foreign = add_run(second_user.id)
    answer = signed_in.get("/runs/export?sort=status")
    assert answer.mimetype == "text/csv"
    assert 'filename="runs.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["run_id"] for row in rows] == [first, second]
    assert (rows[0]["name"], rows[0]["notes"], rows[0]["tags"]) == ("'=1+1", "'-SUM(A1)", "a, b")
    assert (rows[0]["score"], rows[0]["ci95_high"], rows[0]["total"]) == ("0.5", "0.7", "4")
    assert (rows[1]["error_code"], rows[1]["error_message"]) == ("auth", "'@key")
    ticked = signed_in.get(f"/runs/export?run_ids={second}&run_ids={foreign}&back=q%3Dx").text
    assert [row["run_id"] for row in csv.DictReader(io.StringIO(ticked))] == [second]
    found = signed_in.get("/runs/export?back=status%3Dfailed&all=1&bom").text
    assert found.startswith("\ufeffrun_id,")
    assert first not in found
    assert second in found
    assert signed_in.get("/runs/export?all=1&back=q%3D%2500gen%252500").status_code == 200


def test_deleting_many_counts_asks_and_tells_what_was_left_out(
    app: Flask, signed_in: Browser, add: Callable[..., str], second_user: Account
) -> None:
    over = [add(status="failed", done=3), add(status="completed", done=4)]
    active = add(status="running")
    with app.app_context():
        foreign = add_run(second_user.id, status="completed")
    ids = ",".join([*over, active, foreign, "unknown"])
    asked = signed_in.get(f"/runs/bulk?action=delete&run_ids={ids}&back=q%3Dsim").text
    assert "Delete 2 runs?" in asked
    assert "7 samples" in asked
    assert "is under way: cancel it first" in asked
    assert foreign not in asked
    sent = {"action": "delete", "run_ids": ids, "back": "q=sim"}
    assert signed_in.post("/runs/bulk", data=sent).status_code == 400  # no token, nothing done
    assert signed_in.submit("/runs/bulk", {**sent, "back": "from=x"}).status_code == 422
    answer = signed_in.submit("/runs/bulk", sent)
    assert answer.headers["Location"] == "/?q=sim"
    html = told(signed_in, answer)
    assert "Deleted 2 runs." in html
    assert f"Left out 1 run ({active[-8:]}): is under way: cancel it first." in html
    assert shown(html) == [active]
    with app.app_context():
        assert columns_of(foreign)["status"] == "completed"
    asked = signed_in.get(f"/runs/bulk?action=delete&run_ids={ids}").text
    assert "that you do not have, or not any more" in asked
    assert '<li class="row break">' in asked  # names of 120 letters fit a phone
    assert "The first" not in asked
    again = told(signed_in, signed_in.submit("/runs/bulk", sent))
    assert "that you do not have, or not any more" in again
    assert "Deleted" not in again


def test_tags_of_many_are_added_and_removed(
    app: Flask, signed_in: Browser, add: Callable[..., str]
) -> None:
    first, second = add(tags=["old", "kept"]), add()
    full = add(tags=[f"t{number}" for number in range(20)])
    ids = f"{first},{second},{full}"
    assert "Tag 3 runs?" in signed_in.get(f"/runs/bulk?action=tag&run_ids={ids}").text
    sent = {"action": "tag", "run_ids": ids, "add": "new, kept", "remove": "old"}
    html = told(signed_in, signed_in.submit("/runs/bulk", sent))
    assert "Tagged 2 runs." in html
    assert "It would have more than 20 tags." in html
    with app.app_context():
        assert columns_of(first)["tags"] == ["kept", "new"]
        assert columns_of(second)["tags"] == ["new", "kept"]
        assert len(columns_of(full)["tags"]) == 20
    for wrong in ({"add": " , "}, {"add": "x" * 41}):
        refused = signed_in.submit("/runs/bulk", {**sent, "remove": "", **wrong})
        assert refused.status_code == 422
        assert 'name="add"' in refused.text


def test_canceling_and_retrying_many(
    app: Flask, signed_in: Browser, add: Callable[..., str]
) -> None:
    queued, failed, clean = (
        add(status="queued"),
        add(status="failed", error=2),
        add(status="failed"),
    )
    ids = f"{queued},{failed},{clean}"
    asked = signed_in.get(f"/runs/bulk?action=retry_errors&run_ids={ids}").text
    assert "Retry the errors of 1 run?" in asked
    assert "2 samples that ended in an error are asked again" in asked
    assert "has no errors" in asked
    html = told(
        signed_in, signed_in.submit("/runs/bulk", {"action": "retry_errors", "run_ids": ids})
    )
    assert "Retrying the errors of 1 run." in html
    html = told(signed_in, signed_in.submit("/runs/bulk", {"action": "cancel", "run_ids": ids}))
    assert "Canceled 2 runs." in html
    assert "is over" in html
    with app.app_context():
        assert {columns_of(run_id)["status"] for run_id in (queued, failed)} == {"canceled"}
    nothing = signed_in.get(f"/runs/bulk?action=cancel&run_ids={queued}").text
    assert "This can be done with none of them." in nothing


def test_all_of_the_list_are_taken_a_hundred_at_a_time(
    signed_in: Browser, add: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_RUNS", 3)
    for number in range(5):
        add(status="failed", model=f"simulated/m{number}")
    kept = add(status="completed")
    asked = signed_in.get("/runs/bulk?action=delete&all=1&back=status%3Dfailed%26sort%3Dmodel").text
    assert "Delete 3 runs?" in asked
    assert "The first 3 of 5" in asked
    assert kept not in asked
    many = signed_in.submit("/runs/bulk", {"action": "delete", "run_ids": "a,b,c,d"})
    assert many.status_code == 422
    assert signed_in.get("/runs/bulk?action=delete").status_code == 303
    assert signed_in.get("/runs/bulk?action=sell&run_ids=a").status_code == 422


def test_a_name_is_given_shown_found_and_changed(
    app: Flask, signed_in: Browser, add: Callable[..., str]
) -> None:
    form = {"benchmark": "gen_chain_sum", "model": "simulated/expert", "limit": "3"}
    page = told(signed_in, signed_in.submit("/runs", {**form, "name": "  first <b>try</b>\t"}))
    assert "<h1>first &lt;b&gt;try&lt;/b&gt;</h1>" in page
    assert "<title>Queued first &lt;b&gt;try" in page
    add()
    found = signed_in.get("/?q=FIRST").text
    assert len(shown(found)) == 1
    assert "first &lt;b&gt;try" in found
    refused = signed_in.submit("/runs", {**form, "name": "x" * 121})
    assert refused.status_code == 422


def test_the_tab_says_how_a_run_ended_and_has_its_icon(
    signed_in: Browser, add: Callable[..., str]
) -> None:
    done = add(status="completed", score={**SCORE, "value": 0.912}, name="nightly", done=4)
    html = signed_in.get(f"/runs/{done}").text
    assert "<title>Done 91.2% nightly · OpenBench Studio</title>" in html
    (icon,) = (link for link in links(html) if link.startswith("/runs/icon/"))
    assert icon == "/runs/icon/ok/100.svg"
    answer = signed_in.get(icon)
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    running = signed_in.get(f"/runs/{add(status='running', total=7, done=3)}").text
    assert "<title>43% " in running
    assert "/runs/icon/run/40.svg" in links(running)
    for wrong in ("/runs/icon/pink/5.svg", "/runs/icon/ok/101.svg"):
        assert signed_in.get(wrong).status_code == 404
