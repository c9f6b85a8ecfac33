"""The pages on which a file becomes a benchmark."""

from __future__ import annotations

import io
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from app.db import db
from app.engine.own.profiles import PROFILES
from app.models import AccountRow
from app.services.own_benchmarks.upload_turns import UPLOADS_AT_ONCE, upload_turn
from tests.app_fixtures import Browser

CSV = "question,answer,topic\n" + "".join(f"What is {n}?,{n},t{n % 2}\n" for n in range(1, 6))
FORM = {
    "question": "question",
    "target": "answer",
    "category": "topic",
    "id": "",
    "scorer": "exact/number",
    "prompt_template": "{question}\r\nANSWER: $N",
    "name": "numbers",
    "title": "My <b>numbers</b>",
    "description": "",
}


def upload(browser: Browser, content: str = CSV, file: str = "my.csv", **fields: Any) -> Any:
    form = {
        **fields,
        "csrf_token": browser.csrf_token(),
        "file": FileStorage(io.BytesIO(content.encode()), file),
    }
    boundary, body = encode_multipart(form)
    kind = f"multipart/form-data; boundary={boundary}"
    return browser.post("/benchmarks/own/new", data=body, content_type=kind)


def map_url(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def save(browser: Browser, **changes: Any) -> TestResponse:
    url = map_url(upload(browser))
    return browser.submit(url, {**FORM, "action": "save", **changes})


def test_the_catalog_leads_to_the_upload(signed_in: Browser) -> None:
    assert "/benchmarks/own/new" in signed_in.get("/benchmarks").text
    page = signed_in.get("/benchmarks/own/new").text
    assert 'type="file"' in page
    assert "100,000 rows" in page


def test_one_file_too_many_at_once_is_refused_on_a_page_with_its_reference(
    app: Flask, signed_in: Browser
) -> None:
    settings = app.extensions["settings"]
    with app.app_context(), ExitStack() as turns:
        account_id = db.session.query(AccountRow.id).scalar()
        for _ in range(UPLOADS_AT_ONCE):
            turns.enter_context(upload_turn(account_id, settings, 1000))
        answer = upload(signed_in)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert "already being uploaded" in answer.text
    assert len(answer.headers["X-Request-ID"]) >= 8
    assert answer.headers["X-Request-ID"] in answer.text
    map_url(upload(signed_in))


def test_columns_are_guessed_and_three_prompts_shown_before_anything_is_saved(
    signed_in: Browser,
) -> None:
    page = signed_in.get(map_url(upload(signed_in))).text
    assert '<option value="question" selected' in page
    assert page.count("data-prompt") == 3
    assert "What is 1?" in page
    assert 'aria-invalid="true"' not in page
    assert "No benchmark matches" in signed_in.get("/benchmarks?category=own").text


def test_another_template_is_shown_and_then_saved(signed_in: Browser) -> None:
    url = map_url(upload(signed_in))
    shown = signed_in.submit(url, {**FORM, "action": "preview"})
    assert shown.status_code == 200
    assert "What is 2?\nANSWER: $N" in shown.text
    saved = signed_in.submit(url, {**FORM, "action": "save"}, follow_redirects=True)
    assert saved.status_code == 200
    assert "own/numbers version 1 is ready to run." in saved.text
    assert "My &lt;b&gt;numbers&lt;/b&gt;" in saved.text
    assert "New version" in saved.text
    assert "own/numbers" in signed_in.get("/runs/new?benchmark=own/numbers").text
    assert signed_in.get(url).status_code == 404  # the upload is gone


def test_a_new_version_starts_from_the_last_one(signed_in: Browser) -> None:
    save(signed_in)
    assert "own/numbers" in signed_in.get("/benchmarks/own/new?name=own/numbers").text
    page = signed_in.get(map_url(upload(signed_in, name="own/numbers"))).text
    assert "ANSWER: $N" in page
    assert 'value="numbers"' in page
    save(signed_in)
    assert "own/numbers version 2" in signed_in.get("/benchmarks/own/numbers").text


def test_what_does_not_fit_is_shown_beside_its_field(signed_in: Browser) -> None:
    url = map_url(upload(signed_in, CSV + "What is x?,,t\n"))
    late = signed_in.submit(url, {**FORM, "action": "save"})
    assert late.status_code == 422
    assert "Line 7: its &#39;answer&#39; is empty." in late.text
    assert "Line 7" in late.text.partition('id="target-error"')[2].partition("</p>")[0]
    wrong = signed_in.submit(url, {**FORM, "action": "preview", "prompt_template": "x"})
    assert (wrong.status_code, "needs {question}" in wrong.text) == (422, True)
    unnamed = signed_in.submit(url, {**FORM, "action": "save", "name": "Über mich"})
    assert (unnamed.status_code, "a-z" in unnamed.text) == (422, True)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("", "a.csv", "The file is empty."),
        ("PK\x03\x04", "a.zip", "Compressed files are not accepted"),
        ('{"q": ' + "[" * 60 + "]" * 60 + "}", "a.jsonl", "Line 1: is nested deeper than 50"),
        (CSV, "", "Choose a file first."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_on_the_page(
    signed_in: Browser, content: str, name: str, words: str
) -> None:
    answer = upload(signed_in, content, name)
    assert (answer.status_code, words in answer.text) == (422, True)


def test_more_than_two_megabytes_may_be_uploaded_but_only_by_an_account(
    signed_in: Browser, app: Flask
) -> None:
    large = "question,answer\n" + ("x" * 50_000 + ",1\n") * 60
    map_url(upload(signed_in, large))
    stranger = app.test_client()
    assert isinstance(stranger, Browser)
    assert upload(stranger, large).status_code == 413
    assert upload(stranger).status_code == 303  # to the sign-in


def test_uploads_and_benchmarks_are_private(signed_in: Browser, second_browser: Browser) -> None:
    url = map_url(upload(signed_in))
    assert second_browser.get(url).status_code == 404
    assert second_browser.submit(url, {**FORM, "action": "save"}).status_code == 404
    assert signed_in.get("/benchmarks/own/new/..%2f..%2fsecrets").status_code == 404
    save(signed_in)
    assert second_browser.get("/benchmarks/own/numbers").status_code == 404
    assert second_browser.submit("/benchmarks/own/numbers/delete").status_code == 404
    assert signed_in.get("/benchmarks/own/numbers").status_code == 200


def test_deleting_removes_it_and_its_files(signed_in: Browser, tmp_path: Path) -> None:
    save(signed_in)
    assert signed_in.submit("/benchmarks/own/numbers/delete").status_code == 303
    assert signed_in.get("/benchmarks/own/numbers").status_code == 404
    assert list((tmp_path / "own").rglob("1.jsonl")) == []


def test_a_prompt_that_nobody_touched_follows_the_scorer(signed_in: Browser) -> None:
    url = map_url(upload(signed_in))
    shown = signed_in.get(url).text
    assert "ANSWER: $ANSWER" in shown  # of the scorer that is chosen at first
    text = PROFILES["exact/text"].template.replace("\n", "\r\n")
    form = {**FORM, "scorer": "qa_em/studio", "prompt_template": text, "action": "preview"}
    page = signed_in.submit(url, form).text
    assert "Answer with a word or a short phrase only." in page
    assert "contradict" not in page


def test_a_prompt_that_contradicts_the_scorer_is_warned_about_before_and_after_saving(
    signed_in: Browser,
) -> None:
    url = map_url(upload(signed_in))
    form = {**FORM, "prompt_template": "{question} Be brief."}
    warning = "a reply without it scores 0"
    assert warning in signed_in.submit(url, {**form, "action": "preview"}).text
    saved = signed_in.submit(url, {**form, "action": "save"}, follow_redirects=True)
    assert "Prompt and scorer contradict each other" in saved.text
    assert warning in saved.text


def test_numbers_of_options_are_said_to_count_from_0_where_the_file_does_not_show_it(
    signed_in: Browser,
) -> None:
    rows = "question,options,answer\nWhich?,red|blue|green|grey,2\n"
    url = map_url(upload(signed_in, rows))
    assert "count from 0 (0 is A)" in signed_in.get(url).text
    one = map_url(upload(signed_in, rows + "And?,red|blue|green|grey,4\n"))
    page = signed_in.get(one).text
    assert "count from" not in page
    assert 'Right answer: <span class="mono">B</span>' in page


def test_a_workbook_is_refused_with_the_way_to_csv(signed_in: Browser) -> None:
    answer = upload(signed_in, "PK\x03\x04\x14[Content_Types].xml", "my.xlsx")
    assert (answer.status_code, "CSV UTF-8" in answer.text) == (422, True)
