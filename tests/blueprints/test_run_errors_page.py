"""What the pages of a run say of its errors, and the one button that helps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.app_fixtures import ApiClient, Browser
from tests.fakes.model_server import ModelServer

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture
def broken(start_run: Start, work: Work, local_model: str, model_server: ModelServer) -> str:
    """A run that failed for two reasons: four times one, once the other."""
    model_server.fail("context", times=1)
    model_server.fail("server_error", every=2)
    run_id = start_run(model=local_model, limit=9, max_connections=1)
    assert work(run_id)["status"] == "failed"
    return run_id


def test_the_page_names_the_causes_and_has_the_one_button(signed_in: Browser, broken: str) -> None:
    page = signed_in.get(f"/runs/{broken}").text
    assert "4 × status 500 from local" in page
    assert "Errors by cause" in page
    assert f'action="/runs/{broken}/retry-errors"' in page
    assert f'action="/runs/{broken}/resume"' not in page


def test_the_api_has_causes_and_remedy(api: ApiClient, broken: str) -> None:
    run = api.get(f"/runs/{broken}").json
    assert "4 × status 500 from local" in run["error"]["message"]
    assert run["remedy"] == "retry_errors"
    assert [(group["code"], group["n"]) for group in run["error_groups"]] == [
        ("server_error", 4),
        ("context_length", 1),
    ]
    listed = api.get(f"/runs/{broken}/samples?error_code=context_length").json
    assert [item["error"]["code"] for item in listed["items"]] == ["context_length"]
    assert listed["total"] == 1


def test_the_list_of_errors_has_the_reason_of_each_row_and_groups(
    signed_in: Browser, broken: str
) -> None:
    page = signed_in.get(f"/runs/{broken}/samples?outcome=error").text
    assert page.count("cell-error") == 5
    assert "status 500 from local" in page
    assert "error_code=server_error" in page
    one = signed_in.get(f"/runs/{broken}/samples?outcome=error&error_code=context_length").text
    assert one.count("cell-error") == 1
    assert 'aria-current="true"' in one
    assert "cell-error" not in signed_in.get(f"/runs/{broken}/samples?outcome=correct").text


def test_a_refused_key_leads_to_its_connection(
    signed_in: Browser, start_run: Start, work: Work, local_model: str, model_server: ModelServer
) -> None:
    run_id = start_run(model=local_model)
    model_server.behaviour.api_key = "another"
    assert work(run_id)["failure"]["code"] == "auth"
    page = signed_in.get(f"/runs/{run_id}").text
    assert 'href="/settings/connections/local"' in page
    assert "Edit local" in page


def test_an_unknown_model_is_duplicated_with_another(
    signed_in: Browser, start_run: Start, work: Work, local_model: str, model_server: ModelServer
) -> None:
    model_server.fail("no_model", times=9)
    run_id = start_run(model=local_model)
    assert work(run_id)["failure"]["code"] == "unknown_model"
    page = signed_in.get(f"/runs/{run_id}").text
    assert "Duplicate and change" in page
    assert f'action="/runs/{run_id}/resume"' not in page
