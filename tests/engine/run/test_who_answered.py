"""Runs are told which model answered, where it is another one or changes."""

from __future__ import annotations

from app.engine.types import Generation, ModelReply, Served
from tests.engine.run.test_runner import Client, plan, run


def answering(*served: tuple[str | None, str | None]) -> Client:
    """A model that names itself and its fingerprint, each time as the next of ``served``."""

    def answer(request: object, number: int) -> ModelReply:
        model, fingerprint = served[min(number, len(served)) - 1]
        return ModelReply(
            "ANSWER: A", model=model, fingerprint=fingerprint, request_id=f"r{number}"
        )

    return Client(answer)


def warnings(recorder):
    return [(event.code, event.message) for event in recorder.events if event.kind == "warning"]


def test_who_answered_is_kept_with_each_sample():
    _, recorder, _ = run(plan(1), answering(("m-2025-01-01", "fp_1")))
    assert recorder.results[0].served == Served("m-2025-01-01", "fp_1", "r1")


def test_the_model_that_was_asked_for_is_nothing_to_tell():
    _, recorder, _ = run(plan(5, model="gpt-4o"), answering(("gpt-4o-2024-08-06", "fp_1")))
    assert warnings(recorder) == []


def test_another_model_is_told_once():
    _, recorder, _ = run(plan(20, model="gpt-4o"), answering(("/models/qwen2.5-q4_k_m.gguf", None)))
    [(code, message)] = warnings(recorder)
    assert code == "other_model"
    assert "asked for gpt-4o, answered by /models/qwen2.5-q4_k_m.gguf" in message


def test_a_change_within_the_run_is_told_once():
    client = answering(("m", "fp_1"), ("m", "fp_1"), ("m", "fp_2"), ("m", "fp_3"))
    _, recorder, _ = run(plan(6, model="m", max_connections=1), client)
    [(code, message)] = warnings(recorder)
    assert code == "model_changed"
    assert "m with fingerprint fp_1 before, m with fingerprint fp_2 now" in message


def test_a_change_since_an_earlier_attempt_is_told_too():
    earlier = frozenset({("m", "fp_1")})
    _, recorder, _ = run(plan(2, model="m", served=earlier), answering(("m", "fp_2")))
    assert [code for code, _ in warnings(recorder)] == ["model_changed"]


def test_a_server_that_never_names_itself_alike_is_not_followed_for_ever():
    client = answering(*((f"m{number}", None) for number in range(200)))
    _, recorder, _ = run(plan(200, model="m", max_connections=1), client)
    assert len(warnings(recorder)) <= 21


def test_a_server_that_does_not_say_is_nothing_to_tell():
    _, recorder, _ = run(plan(3, model="m"), answering((None, None)))
    assert warnings(recorder) == []


def test_each_epoch_has_a_seed_of_its_own():
    client = Client()
    run(plan(2, epochs=3, generation=Generation(seed=7), max_connections=1), client)
    assert [(each.epoch, each.generation.seed) for each in client.requests] == [
        (1, 7), (2, 8), (3, 9), (1, 7), (2, 8), (3, 9),
    ]  # fmt: skip


def test_the_last_seed_is_followed_by_the_first_and_none_stays_none():
    for seed, seeds in ((2**31 - 1, [2**31 - 1, 0]), (None, [None, None])):
        client = Client()
        run(plan(1, epochs=2, generation=Generation(seed=seed), max_connections=1), client)
        assert [each.generation.seed for each in client.requests] == seeds


def test_a_reply_that_names_nobody_is_no_change():
    client = answering(("m", "fp_1"), (None, None), ("m", "fp_1"))
    _, recorder, _ = run(plan(6, model="m", max_connections=1), client)
    assert warnings(recorder) == []
