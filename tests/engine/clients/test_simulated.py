from __future__ import annotations

from threading import Event, Thread

import pytest

from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.engine.benchmarks.spec import GeneratedRef
from app.engine.clients.base import ModelClient
from app.engine.clients.simulated import SIMULATED_MODELS, SimulatedClient
from app.engine.clients.simulated_replies import prompt_form
from app.engine.engine_errors import ModelCallError
from app.engine.scorers.exact import SCORERS
from app.engine.types import Generation, ModelReply, ModelRequest, Sample
from app.net.call_errors import Canceled

NEVER = Event()


def generated(name: str, count: int = 300) -> list[Sample]:
    protocol = all_benchmarks()[name].protocol()
    ref = protocol.datasets[0]
    assert isinstance(ref, GeneratedRef)
    return list(protocol.build((ref.generate(1, i) for i in range(count)), {}))


def ask(
    client: ModelClient, sample: Sample, epoch: int = 1, max_tokens: int | None = None
) -> ModelReply:
    request = ModelRequest(sample, epoch, Generation(max_tokens=max_tokens), timeout_s=30)
    return client.complete(request, NEVER)


def prompted(text: str, target: str = "C", choices: tuple[str, ...] = ()) -> Sample:
    return Sample("s1", ({"role": "user", "content": text},), target, choices)


@pytest.mark.parametrize(("model", "low", "high"), [("expert", 0.9, 0.96), ("novice", 0.5, 0.6)])
def test_a_model_is_as_good_as_described_and_worse_on_hard_samples(
    model: str, low: float, high: float
) -> None:
    client = SimulatedClient(model, time_scale=0)
    scores: dict[str, list[float]] = {"easy": [], "medium": [], "hard": []}
    for name in ("gen_chain_sum", "gen_reversal", "gen_anagrams", "gen_json_edit", "gen_kinship"):
        score = SCORERS[all_benchmarks()[name].protocol().scorer]
        for sample in generated(name):
            verdict = score(ask(client, sample).text, sample)
            scores[str(sample.category)].append(verdict.score or 0.0)
    means = {level: sum(found) / len(found) for level, found in scores.items()}
    assert low < sum(means.values()) / 3 < high
    assert means["easy"] > means["medium"] > means["hard"]


def test_the_same_seed_gives_the_same_replies_and_another_seed_others() -> None:
    samples = generated("gen_chain_sum", 60)

    def replies(seed: int, epoch: int) -> list[str]:
        client = SimulatedClient("novice", seed=seed, time_scale=0)
        return [ask(client, sample, epoch).text for sample in samples]

    assert replies(1, 1) == replies(1, 1)
    assert replies(1, 1) != replies(2, 1)
    assert replies(1, 1) != replies(1, 2)


def test_flaky_fails_first_attempts_only_and_with_retryable_errors() -> None:
    client = SimulatedClient("flaky", time_scale=0)
    samples = generated("gen_chain_sum")
    failures: list[ModelCallError] = []
    reasons: list[str] = []
    for sample in samples:
        try:
            reply = ask(client, sample)
        except ModelCallError as error:
            failures.append(error)
            reply = ask(client, sample)
        reasons.append(reply.finish_reason)
    assert 0.1 < len(failures) / len(samples) < 0.2
    assert all(error.retryable for error in failures)
    assert {error.code for error in failures} == {"rate_limit", "server_error", "timeout"}
    assert set(reasons) == {"stop", "refusal", "length"}


def test_slow_takes_seconds_and_cancel_ends_the_wait_at_once() -> None:
    client = SimulatedClient("slow")
    cancel = Event()
    caught: list[BaseException] = []

    def call() -> None:
        request = ModelRequest(prompted("Answer: $LETTER"), 1, Generation(), timeout_s=30)
        try:
            client.complete(request, cancel)
        except Canceled as signal:
            caught.append(signal)

    thread = Thread(target=call)
    thread.start()
    cancel.set()
    thread.join(timeout=30)
    assert len(caught) == 1


def test_a_timeout_shorter_than_the_latency_is_a_retryable_timeout() -> None:
    request = ModelRequest(prompted("Answer: $LETTER"), 1, Generation(), timeout_s=0.01)
    with pytest.raises(ModelCallError) as caught:
        SimulatedClient("slow").complete(request, NEVER)
    assert (caught.value.code, caught.value.retryable) == ("timeout", True)


@pytest.mark.parametrize(
    ("prompt", "ending"),
    [
        ("The last line must be ANSWER: $LETTER", "ANSWER: C"),
        ("The last line must be 'Answer: $LETTER'", "Answer: C"),
        ("Put the final answer in \\boxed{}.", "\\boxed{C}"),
        ("Which letter comes after B?", "C"),
    ],
)
def test_the_answer_comes_in_the_form_that_the_prompt_asks_for(prompt: str, ending: str) -> None:
    reply = ask(SimulatedClient("expert", time_scale=0), prompted(prompt))
    assert reply.text.split("\n")[-1] == ending


def test_there_is_no_reasoning_where_the_answer_must_be_all_or_tokens_are_short() -> None:
    client = SimulatedClient("expert", time_scale=0)
    whole = prompted("The entire content of your response should be ANSWER: $LETTER")
    assert ask(client, whole).text == "ANSWER: C"
    assert not prompt_form(whole).reasoning
    short = ask(client, prompted("The last line must be ANSWER: $LETTER"), max_tokens=8)
    assert (short.text, short.finish_reason) == ("ANSWER: C", "stop")


def test_max_tokens_cuts_what_does_not_fit() -> None:
    sample = prompted("Say it all.", target="word " * 50)
    reply = ask(SimulatedClient("expert", time_scale=0), sample, max_tokens=5)
    assert (len(reply.text), reply.finish_reason, reply.usage.output_tokens) == (20, "length", 5)


def test_wrong_answers_are_near_misses() -> None:
    seen = set()
    client = SimulatedClient("novice", time_scale=0)
    for epoch in range(1, 60):
        text = ask(client, prompted("Answer:", "C", ("w", "x", "y", "z")), epoch).text
        seen.add(text.removeprefix("Answer: ") if "\n" not in text else text.split()[-1])
    assert seen == {"A", "B", "C", "D"}
    numbers = {ask(client, prompted("How many?", "7"), epoch).text for epoch in range(1, 60)}
    assert "7" in numbers
    assert {int(number) for number in numbers} <= {-3, 5, 6, 7, 8, 9, 17}
    words = {ask(client, prompted("Which word?", "cat"), epoch).text for epoch in range(1, 60)}
    assert words == {"cat", "tac"}
    letters = {ask(client, prompted("Which letter?", "x"), epoch).text for epoch in range(1, 60)}
    assert letters == {"x", "not x"}
    options = {ask(client, prompted("Yes?", "No", ("Yes", "No")), e).text for e in range(1, 30)}
    assert options == {"Yes", "No"}


def test_a_sample_without_a_target_still_gets_a_plausible_reply() -> None:
    client = SimulatedClient("expert", time_scale=0)
    assert "def " in ask(client, prompted("Write a Python function that adds.", target="")).text
    assert ask(client, prompted("Write a poem without commas.", target="")).text


def test_tokens_are_counted_from_the_text() -> None:
    reply = ask(SimulatedClient("expert", time_scale=0), prompted("x" * 400))
    assert reply.usage.input_tokens == 104
    assert reply.usage.output_tokens == 1


def test_an_unknown_model_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(ValueError, match="no simulated model 'oracle'") as caught:
        SimulatedClient("oracle")
    assert all(name in str(caught.value) for name in SIMULATED_MODELS)
