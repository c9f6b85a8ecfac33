"""U+0000 and half surrogate pairs: PostgreSQL refuses them even in a question."""

from __future__ import annotations

import pytest

NUL_ADDRESSES = [
    "/runs/%00",
    "/runs/a%00b/samples",
    "/runs/x/samples/%00",
    "/runs/%00/events",
    "/runs/%00/export",
    "/benchmarks/own/%00",
    "/webhooks/%00",
    "/webhooks/%00/deliveries",
    "/connections/%00",
]


@pytest.mark.parametrize("path", NUL_ADDRESSES)
def test_an_address_with_u0000_leads_nowhere(api, path):
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert api.delete(path).status_code in (404, 405)


@pytest.mark.parametrize("path", ["/runs/%00", "/benchmarks/own/%00", "/settings/webhooks/%00"])
def test_neither_does_one_of_a_page(signed_in, path):
    answer = signed_in.get(path)
    assert answer.status_code == 404
    assert "nothing at this address" in answer.text


@pytest.mark.parametrize("name", ["q", "status", "model", "benchmark", "tag"])
def test_a_page_does_not_search_for_it(signed_in, name):
    answer = signed_in.get(f"/?{name}=a%00b")
    assert answer.status_code == 422
    assert "U+0000" in answer.text


def test_a_form_of_a_page_does_not_save_it(signed_in):
    values = {"name": "a\0b", "scopes": "read"}
    assert signed_in.submit("/settings/tokens", values).status_code == 422


def test_the_api_names_the_field(api):
    answer = api.get("/runs?q=%00")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["q"])


@pytest.mark.parametrize("text", [r"\u0000", r"\ud800", r"a\udfffb"])
def test_no_field_of_a_body_takes_them(api, owner, text):
    bodies = {
        "POST /tokens": '{"name": "%s"}',
        "POST /webhooks": '{"url": "https://example.org", "description": "%s"}',
        "PUT /connections/x": '{"base_url": "https://example.org", "api_key": "%s"}',
        "POST /runs": '{"benchmark": "gen_primes", "model": "simulated/expert", "notes": "%s"}',
        "POST /estimates": '{"benchmark": "%s", "model": "simulated/expert"}',
        "PATCH /runs/x": '{"notes": "%s"}',
    }
    for target, body in bodies.items():
        method, path = target.split()
        answer = api.call(
            method, path, data=body.replace("%s", text), content_type="application/json"
        )
        assert answer.status_code == 422, target
        assert answer.json["errors"], target
