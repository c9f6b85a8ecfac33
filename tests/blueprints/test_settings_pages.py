"""The settings pages: connections, API tokens, account."""

from __future__ import annotations

import re

import pytest

from tests.app_fixtures import PASSWORD, ApiClient

TOKEN = re.compile(r"obs_[\w-]{40,}")
TOKEN_ID = re.compile(r"(?<=/settings/tokens/)\d+(?=/delete)")
KEY = "sk-canary-0123456789abcdef"
LOCAL = "http://127.0.0.1:18080/v1"
LIMITS = {"max_retries": "5", "max_connections": "16", "timeout_s": "120"}


def _find(pattern, answer):
    found = pattern.search(answer.text)
    assert found
    return found[0]


def _save(browser, path="/settings/connections/new", **data):
    return browser.submit(path, {"kind": "openai_compatible", **LIMITS, **data})


@pytest.mark.parametrize("page", ["connections", "connections/new", "tokens", "account"])
def test_every_page_shows(signed_in, page):
    assert signed_in.get(f"/settings/{page}").status_code == 200


def test_keys_of_the_environment_are_promised_to_administrators_alone(signed_in, second_browser):
    promise = "appear here automatically"
    assert promise in signed_in.get("/settings/connections").text
    assert promise not in second_browser.get("/settings/connections").text


def test_the_first_page_is_that_of_connections(signed_in):
    assert signed_in.get("/settings/").location == "/settings/connections"


def test_a_connection_is_made_changed_and_deleted(signed_in):
    answer = _save(signed_in, name="mine", base_url=LOCAL, api_key=KEY)
    assert (answer.status_code, answer.location) == (303, "/settings/connections")
    listed = signed_in.get("/settings/connections").text
    assert "mine" in listed
    assert KEY not in listed
    form = signed_in.get("/settings/connections/mine").text
    assert LOCAL in form
    assert KEY not in form
    answer = _save(
        signed_in, "/settings/connections/mine", name="mine", base_url=LOCAL, max_retries="1"
    )
    assert answer.status_code == 303
    answer = signed_in.submit("/settings/connections/mine/delete")
    assert answer.status_code == 303
    assert signed_in.get("/settings/connections/mine").status_code == 404


def test_a_key_too_short_to_be_hinted_at_is_not_called_missing(signed_in):
    _save(signed_in, name="mine", base_url=LOCAL, api_key="sk-test")
    listed = signed_in.get("/settings/connections").text
    assert "no key" not in listed
    assert "a short key" in listed
    assert "Leave empty to keep the stored key" in signed_in.get("/settings/connections/mine").text
    _save(signed_in, name="keyless", base_url=LOCAL)
    assert "no key" in signed_in.get("/settings/connections").text


def test_a_connection_is_tested_at_once_when_it_was_saved_and_not_again(signed_in):
    _save(signed_in, name="mine", base_url=LOCAL)
    assert signed_in.get("/settings/connections").text.count("data-test-now") == 1
    assert "data-test-now" not in signed_in.get("/settings/connections").text


def test_for_a_well_known_name_a_key_is_enough(signed_in):
    assert _save(signed_in, name="openai", api_key=KEY).status_code == 303
    assert "https://api.openai.com/v1" in signed_in.get("/settings/connections").text


def test_what_does_not_fit_is_said_beside_the_field(signed_in):
    answer = _save(signed_in, name="Mine!", base_url=LOCAL)
    assert answer.status_code == 422
    assert "lower-case letters" in answer.text
    answer = _save(signed_in, name="mine", base_url="http://169.254.169.254/v1")
    assert answer.status_code == 422
    assert "not permitted" in answer.text


def test_what_was_typed_as_a_key_is_not_sent_back(signed_in):
    assert KEY not in _save(signed_in, name="mine", base_url="nonsense", api_key=KEY).text


def test_a_new_connection_does_not_replace_one_of_the_same_name(signed_in):
    _save(signed_in, name="mine", base_url=LOCAL)
    answer = _save(signed_in, name="mine", base_url=LOCAL + "/other")
    assert answer.status_code == 409
    assert "already" in answer.text


def test_a_test_without_scripts_says_how_it_went(signed_in):
    answer = signed_in.submit("/settings/connections/simulated/test", follow_redirects=True)
    assert "simulated works" in answer.text


def test_own_prices_are_typed_shown_again_changed_and_removed(app, api, signed_in):
    rows = {
        "price_model": ["big", "", ""],
        "price_input": ["$2.5", "0.1", ""],
        "price_cached": ["0.25", "", ""],
        "price_output": ["10", "0.4", ""],
    }
    _save(signed_in, name="mine", base_url=LOCAL, **rows)
    stored = api.get("/connections/mine").json["prices"]
    assert stored["big"] == {
        "input_usd_per_mtok": 2.5, "cached_input_usd_per_mtok": 0.25, "output_usd_per_mtok": 10,
    }  # fmt: skip
    assert stored["*"]["input_usd_per_mtok"] == 0.1
    page = signed_in.get("/settings/connections/mine").text
    assert 'value="2.5"' in page
    assert page.count("data-price-row") == 4
    signed_in.submit(
        "/settings/connections/mine", {**LIMITS, "name": "mine", "costs_nothing": "on"}
    )
    stored = api.get("/connections/mine").json["prices"]
    assert (stored["*"]["input_usd_per_mtok"], stored["*"]["output_usd_per_mtok"]) == (0, 0)
    page = signed_in.get("/settings/connections/mine").text
    assert 'name="costs_nothing" checked' in page
    assert page.count("data-price-row") == 2
    signed_in.submit("/settings/connections/mine", {**LIMITS, "name": "mine"})
    assert api.get("/connections/mine").json["prices"] == {}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"price_input": ["much"], "price_output": ["1"]}, "is no amount"),
        ({"price_input": ["1"], "price_output": [""]}, "Enter the output price"),
        ({"price_input": ["-1"], "price_output": ["1"]}, "must be 0 to"),
        ({"price_input": ["nan"], "price_output": ["1"]}, "must be 0 to"),
        ({"price_model": ["a", "a"], "price_input": ["1", "2"], "price_cached": ["", ""],
          "price_output": ["1", "2"]}, "two prices of a"),
        ({"price_input": ["1e309"], "price_output": ["1"]}, "must be 0 to"),
        ({"price_model": [""], "price_input": ["1"], "price_output": ["1"],
          "costs_nothing": "y"}, "choose one"),
    ],
)  # fmt: skip
def test_prices_that_make_no_sense_are_said_beside_them_and_kept(signed_in, typed, said):
    rows = {"price_model": ["big"], "price_cached": [""], **typed}
    answer = _save(signed_in, name="mine", base_url=LOCAL, **rows)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{rows["price_input"][0]}"' in answer.text


@pytest.mark.parametrize("action", ["", "/test", "/delete"])
def test_another_accounts_connection_does_not_exist(signed_in, second_browser, action):
    _save(signed_in, name="mine", base_url=LOCAL)
    path = f"/settings/connections/mine{action}"
    assert second_browser.submit(path, LIMITS).status_code == 404


def _make_token(browser, scopes="write"):
    data = {"name": "CI", "scopes": scopes}
    return browser.submit("/settings/tokens", data, follow_redirects=True)


def test_a_token_is_shown_once_and_works(app, signed_in):
    answer = _make_token(signed_in, scopes="read")
    assert answer.status_code == 200
    token = _find(TOKEN, answer)
    assert token not in signed_in.get("/settings/tokens").text
    assert ApiClient(app, token).get("/auth/me").status_code == 200
    assert ApiClient(app, token).post("/tokens", json={"name": "x"}).status_code == 403


def test_a_token_is_revoked(app, signed_in):
    answer = _make_token(signed_in)
    token = _find(TOKEN, answer)
    token_id = _find(TOKEN_ID, answer)
    assert signed_in.submit(f"/settings/tokens/{token_id}/delete").status_code == 303
    assert ApiClient(app, token).get("/auth/me").status_code == 401


def test_another_accounts_token_does_not_exist(signed_in, second_browser):
    answer = _make_token(signed_in)
    token_id = _find(TOKEN_ID, answer)
    assert second_browser.submit(f"/settings/tokens/{token_id}/delete").status_code == 404


def test_a_token_that_would_have_expired_is_not_made(signed_in):
    answer = signed_in.submit(
        "/settings/tokens", {"name": "CI", "scopes": "read", "expires_at": "2020-01-01"}
    )
    assert answer.status_code == 422
    assert "Choose a time in the future" in answer.text


def test_changing_the_password_signs_other_browsers_out_but_not_this_one(app, owner, signed_in):
    other = app.test_client()
    other.sign_in_as(owner)
    answer = signed_in.submit(
        "/settings/account",
        {"current_password": PASSWORD, "new_password": "a quite different one"},
    )
    assert answer.status_code == 303
    assert signed_in.get("/settings/account").status_code == 200
    assert other.get("/settings/account").status_code == 302


def test_a_wrong_current_password_changes_nothing(signed_in):
    answer = signed_in.submit(
        "/settings/account", {"current_password": "wrong", "new_password": "a quite different one"}
    )
    assert answer.status_code == 422
    assert "not your current password" in answer.text


def test_deleting_the_account_signs_out_and_needs_the_password(signed_in):
    refused = signed_in.submit("/settings/account/delete", {"password": "wrong"})
    assert refused.status_code == 422
    assert "This is not your password." in refused.text
    answer = signed_in.submit("/settings/account/delete", {"password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert signed_in.get("/").status_code == 302


@pytest.mark.parametrize(
    ("chosen", "stored", "shown"),
    [("true", True, ", streamed"), ("false", False, ", never streamed"), ("auto", "auto", "")],
)
def test_streaming_is_chosen_in_the_form(signed_in, api, chosen, stored, shown):
    assert _save(signed_in, name="mine", base_url=LOCAL, stream=chosen).status_code == 303
    assert api.get("/connections/mine").json["stream"] == stored
    form = signed_in.get("/settings/connections/mine").text
    assert f'<option selected value="{chosen}">' in form
    listed = signed_in.get("/settings/connections").text
    assert ("streamed" in listed) is bool(shown)
    assert shown in listed
