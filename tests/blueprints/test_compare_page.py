"""The page that compares runs."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from flask import Flask

from app.services.accounts.accounts import Account
from tests.app_fixtures import Browser
from tests.run_fixtures import add_run, add_samples


def finished(account: Account, right: int, wrong: int, **columns: Any) -> str:
    score = {
        "metric": "accuracy",
        "value": right / (right + wrong),
        "stderr": 0.1,
        "ci95": [0.1, 0.9],
        "bounds": [0.1, 0.9],
        "n": right + wrong,
    }
    values: dict[str, Any] = {
        "status": "completed",
        "simulated": False,
        "cost_usd": 0.5,
        "score": score,
    }
    run_id = add_run(account.id, **{**values, **columns})
    bad = {"outcome": "incorrect", "score": 0.0}
    add_samples(run_id, *[{} for _ in range(right)], *[bad for _ in range(wrong)])
    return run_id


def test_without_runs_it_offers_those_that_there_is_something_to_compare_with(
    app: Flask, signed_in: Browser, owner: Account, second_user: Account
) -> None:
    assert "Nothing to compare yet" in signed_in.get("/compare").text
    with app.app_context():
        done = [finished(owner, 1, 0, scored=1) for _ in range(2)]
        others = [
            add_run(owner.id, status="running"),
            finished(owner, 1, 0, scored=1, benchmark="gsm8k"),
            add_run(owner.id, status="failed"),
            *(finished(second_user, 1, 0, scored=1) for _ in range(2)),
        ]
    html = signed_in.get("/compare").text
    assert re.findall(r'name="run_ids"\s+value="([^"]+)"\s+form=', html) == done[::-1]
    assert not [run_id for run_id in others if run_id in html]


def test_ticks_are_kept_over_search_and_pages(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        ids = [
            finished(owner, 1, 0, scored=1, model=f"x/m{at % 2}", protocol="inspect")
            for at in range(60)
        ][::-1]
        finished(owner, 1, 0, scored=1, benchmark="gsm8k")

    def offered(html: str) -> list[str]:
        return re.findall(r'name="run_ids"\s+value="([^"]+)"\s+form=', html)

    first = signed_in.get("/compare").text
    assert offered(first) == ids[:25]
    [cursor] = re.findall(r'name="cursor"\s+value="([^"]+)"', first)
    kept = f"run_ids={ids[3]}&run_ids={ids[0]}"
    second = signed_in.get(f"/compare?{kept}&q=&cursor={cursor}").text
    assert offered(second) == [ids[3], ids[0], *ids[25:50]]
    assert len(re.findall(r"data-compare-pick\s+checked", second)) == 2
    assert "Difference" not in second, "pages are turned before anything is compared"
    found = signed_in.get(f"/compare?{kept}&choose=1&q=m1+inspect").text
    assert offered(found) == [ids[3], ids[0], *[each for each in ids[::2] if each != ids[0]][:25]]
    none = signed_in.get(f"/compare?{kept}&choose=1&q=nowhere").text
    assert offered(none) == [ids[3], ids[0]]
    assert "No run that can be compared has these words." in none
    assert signed_in.get("/compare?cursor=x").status_code == 422


def test_two_runs_are_compared_with_charts_and_differing_samples(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        a = finished(owner, 6, 14, model="x/weak")
        b = finished(owner, 20, 0, model="x/strong")
    html = signed_in.get(f"/compare?run_ids={a}&run_ids={b}").text
    assert "x/strong" in html
    assert html.count("<svg") >= 2
    assert f"/runs/{a}/samples/s6?epoch=1" in html
    assert signed_in.get(f"/compare?run_ids={a},{b}").text.count("x/weak") == html.count("x/weak")


def test_samples_that_flipped_are_shown_in_pages(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        a, b = finished(owner, 0, 130), finished(owner, 130, 0)
    first = signed_in.get(f"/compare?run_ids={a},{b}").text
    assert "1–100 of 130" in first
    assert 'rel="prev"' not in first
    [link] = re.findall(r'rel="next"\s+href="([^"#]+)', first)
    second = signed_in.get(unescape(link)).text
    assert "101–130 of 130" in second
    assert 'rel="next"' not in second
    assert 'rel="prev"' in second
    beyond = signed_in.get(f"/compare?run_ids={a},{b}&flips_from={'9' * 30}")
    assert "No more samples" in beyond.text


def test_a_run_that_lacks_samples_is_shown_beside_those_that_have_them(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        a = finished(owner, 6, 14, model="x/weak")
        b = finished(owner, 20, 0, model="x/strong")
        c = finished(owner, 2, 0, model="x/short")
    html = signed_in.get(f"/compare?run_ids={a},{b},{c}").text
    assert "Not in this run" in html
    assert f"/runs/{c}/samples/s6?epoch=1" not in html
    # Each pair states its own number of samples.
    assert "of 20 samples" in html
    assert "of 2 samples" in html


def test_with_one_run_chosen_only_those_of_its_benchmark_are_offered(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        chosen = finished(owner, 1, 1, benchmark="gsm8k", scored=2)
        same = finished(owner, 1, 1, benchmark="gsm8k", scored=2)
        other = [finished(owner, 1, 1, scored=2) for _ in range(2)]
    html = signed_in.get(f"/compare?run_ids={chosen}").text
    assert html.index(f"pick-{chosen}") < html.index(f"pick-{same}")
    assert f"pick-{other[0]}" not in html
    html = signed_in.get("/compare").text
    assert html.index(f"pick-{other[1]}") < html.index(f"pick-{same}")
    with app.app_context():
        lonely = finished(owner, 1, 1, benchmark="mmlu", scored=2)
    assert "Nothing to compare it with" in signed_in.get(f"/compare?run_ids={lonely}").text


def test_runs_that_do_not_differ_have_no_chart_of_differences(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        ids = [finished(owner, 1, 0, simulated=True) for _ in range(2)]
    assert signed_in.get(f"/compare?run_ids={','.join(ids)}").status_code == 200


def test_runs_that_cannot_be_compared_say_why(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        a, b = finished(owner, 1, 1), finished(owner, 1, 1, benchmark="gsm8k")
    assert "different benchmarks" in signed_in.get(f"/compare?run_ids={a},{b}").text
    assert "Choose 2 to 6" in signed_in.get(f"/compare?run_ids={a}").text
    assert "no such run" in signed_in.get(f"/compare?run_ids={a},unknown").text


def test_samples_are_chosen_by_what_became_of_them_and_by_category(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        ids = [finished(owner, 0, 0 + 1) for _ in range(2)]
        for run_id, scores in zip(ids, ([1, 0, 1], [0, 1, 1]), strict=True):
            rows = zip(scores, ("easy", "hard", "hard"), strict=True)
            add_samples(
                run_id,
                *[
                    {"sample_id": f"x{at}", "score": score, "category": name}
                    for at, (score, name) in enumerate(rows)
                ],
            )
    here = f"/compare?run_ids={','.join(ids)}"

    def listed(more: str) -> set[str]:
        html = unescape(signed_in.get(f"{here}{more}").text)
        return set(re.findall(r"compare/answers\?[^\"]*sample_id=(\w+)", html))

    assert listed("") == {"x0", "x1"}
    assert listed("&show=worse") == {"x0"}
    assert listed("&show=better&category=hard") == {"x1"}
    assert listed("&show=both_wrong") == {"s0"}
    assert "Nothing fits these filters" in signed_in.get(f"{here}&show=worse&category=hard").text
    assert "There is no such list" in signed_in.get(f"{here}&show=odd").text
    by_category = unescape(signed_in.get(here).text)
    assert "show=" not in re.findall(r'href="([^"]*category=easy[^"]*)"', by_category)[0]


def test_answers_stand_beside_each_other_with_their_differences_and_lead_on(
    app: Flask, signed_in: Browser, second_browser: Browser, owner: Account
) -> None:
    with app.app_context():
        ids = [add_run(owner.id, model=f"x/{name}", status="completed") for name in "pqrst"]
        for at, run_id in enumerate(ids):
            said = "I <b>add</b> it. ANSWER: 4" if at == 0 else f"I <b>count</b> it. ANSWER: {at}"
            score = float(at == 0)
            add_samples(run_id, *[{"completion": said, "score": score} for _ in range(3 - at // 4)])
    here = f"/compare/answers?run_ids={','.join(ids[:2])}"
    html = signed_in.get(f"{here}&sample_id=s1").text
    assert "I &lt;b&gt;<del>add</del>&lt;/b&gt; it. ANSWER: <del>4</del>" in html
    assert "I &lt;b&gt;<ins>count</ins>&lt;/b&gt; it. ANSWER: <ins>1</ins>" in html
    assert "2 of 3" in html
    links = unescape(html)
    assert "sample_id=s0" in links
    assert "sample_id=s2" in links
    assert f"/runs/{ids[1]}/samples/s1?epoch=1" in links
    apart = signed_in.get(f"{here}&sample_id=s1&show=better").text
    assert "not among the 0 of this list" in apart
    five = f"/compare/answers?run_ids={','.join(ids)}&sample_id=s2&against={ids[4]}"
    many = signed_in.get(five).text
    assert "The first four runs are shown" in many
    assert "Not in this run." in many
    assert signed_in.get(f"{here}&sample_id=nowhere").status_code == 404
    assert second_browser.get(f"{here}&sample_id=s1").status_code == 404


def test_runs_of_one_model_are_called_by_what_differs(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        ids = [finished(owner, 3, 1, config={"temperature": heat}) for heat in (0.0, 0.7)]
    html = signed_in.get(f"/compare?run_ids={','.join(ids)}").text
    assert '<span class="cell-rest">temperature 0.7</span>' in html
    assert "temperature 0.7 and temperature 0 score the same" in html


def test_what_is_handed_on_calls_runs_by_their_models_and_not_by_words_of_a_prompt(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        secret = [{"system_message": f"Codename {word}."} for word in ("otter", "heron")]
        ids = ",".join(finished(owner, 3, 1 + at, config=secret[at]) for at in range(2))
    assert "Codename otter." in signed_in.get(f"/compare?run_ids={ids}").text
    for file in ("report.md", "report.html", "report.html?hide_texts=1"):
        mark = "&" if "?" in file else "?"
        text = signed_in.get(f"/compare/{file}{mark}run_ids={ids}").text
        assert "Codename" not in text, file
        assert "(B)" in text, file
