"""The page of model servers on this machine, and the same through the API."""

from __future__ import annotations

from tests.app_fixtures import ApiClient, Browser
from tests.fakes.local_servers import in_place_of_the_usual_ports

PAGE = "/settings/local-servers"


def look(browser: Browser) -> str:
    answer = browser.submit(PAGE, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_what_was_found_is_shown_and_connected(signed_in: Browser) -> None:
    assert "Look for local servers" in signed_in.get("/settings/connections").text
    assert "What will be tried" in signed_in.get(PAGE).text
    with in_place_of_the_usual_ports("ollama", "nothing") as (port, other):
        html = look(signed_in)
        assert f"http://127.0.0.1:{port}/v1" in html
        assert "llama-3.2-3b-instruct:latest" in html
        assert "something else answers" in html
        assert "Connect Ollama" in signed_in.get(PAGE).text  # a reload shows it again
        data = {"name": "ollama", "port": str(port)}
        made = signed_in.submit(f"{PAGE}/connect", data, follow_redirects=True)
        assert "ollama has been saved." in made.text
        assert "data-test-now" in made.text
        assert "Connected as ollama" in signed_in.get(PAGE).text
        again = signed_in.submit(f"{PAGE}/connect", data, follow_redirects=True)
        assert "leads there already" in again.text
        wrong = signed_in.submit(f"{PAGE}/connect", {"name": "ollama", "port": str(other + 1)})
        assert wrong.status_code == 422


def test_nothing_found_says_what_was_tried_and_how_to_start_one(signed_in: Browser) -> None:
    with in_place_of_the_usual_ports() as _:
        html = look(signed_in)
    assert "Look for servers" in html
    with in_place_of_the_usual_ports("nothing", "a gateway") as ports:
        html = look(signed_in)
    assert "No model server found" in html
    assert "ollama serve" in html
    assert all(f"127.0.0.1:{port}" in html for port in ports)


def test_an_odd_server_fits_into_the_page_and_the_cookie(signed_in: Browser) -> None:
    with in_place_of_the_usual_ports(*["ollama/many"] * 5):
        html = look(signed_in)
    assert "200 models" in html
    assert "and 195 more" in html
    cookie = signed_in.get_cookie("studio_session")
    assert cookie is not None
    assert len(cookie.value) < 3500


def test_members_have_no_such_page(second_browser: Browser, second_api: ApiClient) -> None:
    assert second_browser.get(PAGE).status_code == 404
    assert second_browser.submit(PAGE).status_code == 404
    assert second_browser.submit(f"{PAGE}/connect").status_code == 404
    assert "Look for local servers" not in second_browser.get("/settings/connections").text
    refused = second_api.post("/connections/find-local")
    assert (refused.status_code, refused.json["code"]) == (403, "admins_only")


def test_the_api_finds_the_same(api: ApiClient) -> None:
    with in_place_of_the_usual_ports("vllm", "lmstudio/with_token", "nothing") as ports:
        found = api.post("/connections/find-local").json
        base_url = f"http://127.0.0.1:{ports[0]}/v1"
        assert found["items"][0] == {
            "name": "vllm", "title": "vLLM", "base_url": base_url, "needs_key": False,
            "models": ["meta/llama-3.2-3b-instruct"], "connection": None,
        }  # fmt: skip
        assert (found["items"][1]["name"], found["items"][1]["needs_key"]) == ("lmstudio", True)
        assert found["tried"] == [
            {"address": f"127.0.0.1:{port}", "state": state}
            for port, state in zip(ports, ("found", "found", "other"), strict=True)
        ]
        assert api.put("/connections/mine", json={"base_url": base_url}).status_code == 201
        found = api.post("/connections/find-local").json
        assert found["items"][0]["connection"] == "mine"


def test_a_connection_may_be_called_like_the_address(api: ApiClient) -> None:
    body = {"kind": "openai_compatible", "base_url": "https://8.8.8.8/v1"}
    assert api.put("/connections/find-local", json=body).status_code == 201
    assert api.get("/connections/find-local").json["name"] == "find-local"
