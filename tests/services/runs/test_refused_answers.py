"""Answers that a model refuses or a provider filters: what is said of them, and of their run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.services.accounts.accounts import Account
from app.services.connections import store
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.model_server import Answer, Call, ModelServer
from tests.fakes.provider_shapes import ProviderServer, completion, said
from tests.run_fixtures import add_run

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]

FILTERED = (
    "content_filter", "content_filter: RECITATION", "SAFETY", "PROHIBITED_CONTENT", "SPII",
    "BLOCKLIST", "IMAGE_SAFETY", "FinishReason.SAFETY", "guardrail_intervened", "sensitive",
    "content_filter: IMAGE_SAFETY", "MODEL_ARMOR", "language", "content_filtered", "moderation",
)  # fmt: skip
REFUSED = ("refusal", "refused")


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture
def server(app: Flask, owner: Account) -> Iterator[ModelServer]:
    with ProviderServer(text="ANSWER: 1") as server:
        with app.app_context():
            for name, kind in (("local", "openai_compatible"), ("claude", "anthropic")):
                fields: Any = {"kind": kind, "base_url": server.base_url, "max_retries": 0}
                store.save_connection(owner.id, True, name, fields)
        yield server


@pytest.fixture
def run_with(server: ModelServer, start_run: Start, work: Work, api: ApiClient) -> Any:
    """Runs a benchmark on a script of answers and returns the run as the API shows it."""

    def run(answer: Any, model: str = "local/any", **options: Any) -> dict[str, Any]:
        server.behaviour.answer = answer
        run_id = start_run(model=model, **{"limit": 2, **options})
        work(run_id)
        view: dict[str, Any] = api.get(f"/runs/{run_id}").json
        return view

    return run


def samples_of(api: ApiClient, run: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get(f"/runs/{run['run_id']}/samples").json["items"]
    return items


def page_of(browser: Browser, run: dict[str, Any], sample: dict[str, Any]) -> str:
    return browser.get(f"/runs/{run['run_id']}/samples/{sample['sample_id']}").text


def ends(finish: str, text: str | None = "ANSWER: 1") -> Callable[[Call], Answer]:
    return lambda call: completion(call, said(text), finish)


@pytest.mark.parametrize("text", ["ANSWER: 1", "I cannot say.", None])
@pytest.mark.parametrize("finish", FILTERED)
def test_a_filtered_answer_says_so_whatever_its_text_says(
    run_with: Any, api: ApiClient, finish: str, text: str | None
) -> None:
    run = run_with(ends(finish, text), limit=1)
    [sample] = samples_of(api, run)
    assert (sample["outcome"], sample["score"], sample["answer"]) == ("refused", 0.0, None)
    assert sample["explanation"].startswith(
        f"The provider filtered the answer (finish reason {finish}"
    )
    assert "scores 0 and stays in the mean" in sample["explanation"]
    assert ("not scored" in sample["explanation"]) == (text is not None)


@pytest.mark.parametrize("finish", REFUSED)
def test_a_refused_answer_says_so(
    run_with: Any, api: ApiClient, signed_in: Browser, finish: str
) -> None:
    run = run_with(ends(finish), limit=1)
    [sample] = samples_of(api, run)
    assert (sample["outcome"], sample["score"]) == ("refused", 0.0)
    assert sample["explanation"].startswith("The model refused to answer")
    page = page_of(signed_in, run, sample)
    assert "scores 0 and stays in the mean" in page
    assert "no line of the form" not in page


def test_a_refusal_beside_the_text_is_not_put_down_to_the_finish_reason(
    run_with: Any, api: ApiClient, server: ModelServer
) -> None:
    run = run_with(server.behaviour.answer, "local/openai/refusal", limit=1)
    [sample] = samples_of(api, run)
    assert sample["explanation"].startswith(
        "The model refused to answer: its reply is marked as a refusal (finish reason stop)."
    )


@pytest.mark.parametrize(
    "model", ["local/openai/refusal", "claude/anthropic/refusal", "local/azure/filtered"]
)
def test_refusals_in_the_shapes_of_providers_say_so(
    run_with: Any, api: ApiClient, server: ModelServer, model: str
) -> None:
    run = run_with(server.behaviour.answer, model)
    for sample in samples_of(api, run):
        assert sample["outcome"] == "refused"
        assert "scores 0 and stays in the mean" in sample["explanation"]


def test_a_question_that_a_filter_refuses_says_what_it_counts(
    run_with: Any, api: ApiClient, signed_in: Browser
) -> None:
    error = {"message": "The response was filtered", "code": "content_filter"}
    run = run_with(lambda call: Answer(status=400, body=json.dumps({"error": error}).encode()))
    sample = samples_of(api, run)[0]
    assert (sample["outcome"], sample["score"]) == ("refused", 0.0)
    assert "the model was not asked" in sample["explanation"]
    page = page_of(signed_in, run, sample)
    assert "scores 0 and stays in the mean" in page
    assert "not counted as wrong" not in page


@pytest.mark.parametrize(
    ("refused", "words"),
    [(4, "All 4 answers were refused"), (3, "3 of 4 answers were refused"), (1, None)],
)
def test_a_run_whose_answers_are_mostly_refused_says_so_everywhere(
    run_with: Any, api: ApiClient, signed_in: Browser, refused: int, words: str | None
) -> None:
    def speak(call: Call) -> Answer:
        return completion(call, said("ANSWER: 1"), "SAFETY" if call.number < refused else "stop")

    run = run_with(speak, limit=4, max_connections=1)
    assert run["status"] == "completed"
    told = [each["message"] for each in run["notices"] if each["code"] == "refused_answers"]
    page = signed_in.get(f"/runs/{run['run_id']}").text
    report = signed_in.get(f"/runs/{run['run_id']}/report.md").text
    file = api.get(f"/runs/{run['run_id']}/export?format=html").text
    assert f"| {refused} |" in report
    if words is None:
        assert not told
        assert "refused by the model" not in page + report + file
        return
    assert words in told[0]
    assert "does not show what the model knows" in told[0]
    for text in (page, report, file):
        assert words in text


def test_a_comparison_with_a_run_that_was_refused_says_so(
    run_with: Any, api: ApiClient, signed_in: Browser
) -> None:
    answered = run_with(ends("stop"), limit=4)
    refused = run_with(ends("SAFETY"), limit=4)
    ids = f"run_ids={answered['run_id']},{refused['run_id']}"
    words = "All 4 answers were refused"

    [told] = api.get(f"/compare?{ids}").json["warnings"]
    assert told.startswith(f"Run {refused['run_id'][-8:]} (local/any): {words}")
    assert words in signed_in.get(f"/compare?{ids}").text
    for report in ("report.md", "report.html"):
        assert f"B: {words}" in signed_in.get(f"/compare/{report}?{ids}").text
    shared = api.post("/shares", json={"run_ids": [answered["run_id"], refused["run_id"]]})
    assert f"B: {words}" in signed_in.get(shared.json["url"]).text


def test_errors_are_no_answers_when_refusals_are_weighed(
    app: Flask, owner: Account, api: ApiClient
) -> None:
    with app.app_context():
        run_id = add_run(owner.id, status="completed", done=10, error=8, refused=1, correct=1)
    [notice] = api.get(f"/runs/{run_id}").json["notices"]
    assert notice["message"].startswith("1 of 2 answers were refused")
