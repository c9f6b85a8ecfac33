"""What a provider repeats of our key never leaves the client."""

from __future__ import annotations

from threading import Event

import pytest

from app.engine.clients.providers import make_client
from app.engine.engine_errors import ModelCallError
from app.engine.types import Generation, ModelRequest, Sample
from app.net.guard import EgressPolicy
from tests.fakes.model_server import Answer, Call, ModelServer

KEY = "q7Zr2VtXw9LmB4cN8sKdF3hJ"


def _ask(server: ModelServer, key: str) -> tuple[str, str | None]:
    client = make_client(
        "openai",
        server.base_url,
        key,
        "m",
        policy=EgressPolicy(allow_private=True),
        max_connections=1,
        provider="local",
    )
    sample = Sample("s", ({"role": "user", "content": "hi"},), "4")
    try:
        reply = client.complete(
            ModelRequest(sample=sample, generation=Generation(), timeout_s=5.0, epoch=1), Event()
        )
        return reply.text, reply.request_id
    finally:
        client.close()


def _echo(call: Call) -> Answer:
    said = call.headers["authorization"].removeprefix("Bearer ")
    return Answer(text=f"key {said}", headers=(("x-request-id", f"r-{said}"),))


def test_an_answer_and_a_request_id_come_without_it() -> None:
    with ModelServer(answer=_echo) as server:
        text, request_id = _ask(server, KEY)
    assert text == "key [redacted]"
    assert KEY not in str(request_id)


def test_an_error_comes_without_it() -> None:
    body = f'{{"error": {{"message": "Incorrect API key provided: {KEY}", "code": null}}}}'
    refusal = Answer(status=401, body=body.encode())
    with ModelServer(answer=lambda _: refusal) as server, pytest.raises(ModelCallError) as caught:
        _ask(server, KEY)
    assert KEY not in f"{caught.value.message} {caught.value!r} {caught.value.__cause__!r}"


def test_a_placeholder_of_a_local_server_may_be_a_word_of_an_answer() -> None:
    with ModelServer(answer="ollama is a program") as server:
        text, _ = _ask(server, "ollama")
    assert text == "ollama is a program"


SLASHED = "q7Zr2VtXw9/LmB4cN8sKdF3hJ"


@pytest.mark.parametrize(
    "spelling",
    [
        r"q7Zr2VtXw9\/LmB4cN8sKdF3hJ",
        r"q7Zr2VtXw9\u002fLmB4cN8sKdF3hJ",
        r"\u00717Zr2VtXw9\u002FLmB4cN8sKdF3hJ",
    ],
    ids=["slash", "small", "capital"],
)
def test_it_is_found_however_json_spells_it(spelling: str) -> None:
    answer = f'{{"choices": [{{"message": {{"content": "key {spelling}."}}}}]}}'
    with ModelServer(answer=lambda _: Answer(body=answer.encode())) as server:
        text, _ = _ask(server, SLASHED)
    assert text == "key [redacted]."
    refusal = f'{{"error": {{"message": "key {spelling}.", "code": null}}}}'
    with (
        ModelServer(answer=lambda _: Answer(status=400, body=refusal.encode())) as server,
        pytest.raises(ModelCallError, match=r"key \[redacted\]\."),
    ):
        _ask(server, SLASHED)
