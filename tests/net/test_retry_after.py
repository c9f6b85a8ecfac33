from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.net.retry_after import find_wait, parse_retry_after, parse_wait

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("10", 10.0),
        (" 1.5 ", 1.5),
        ("1m30s", 90.0),
        ("6m0s", 360.0),
        ("34s", 34.0),
        ("20ms", 0.02),
        ("1h2m3s", 3723.0),
        ("1.5s", 1.5),
        ("1d", 86_400.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:59:00 GMT", 0.0),
        ("2026-03-01T12:01:00Z", 60.0),
        ("2026-03-01T13:01:00+01:00", 60.0),
        ("2026-03-01T12:01:00", 60.0),
        ("4294967", 4294967.0),
    ],
)
def test_every_form_is_understood(text, seconds):
    assert parse_wait(text, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["1e300", "99999999999999", "9999999d", "Fri, 31 Dec 9999 23:59:59 GMT"]
)
def test_a_wait_is_never_so_long_that_its_end_has_no_date(text):
    wait_s = parse_wait(text, NOW)
    assert wait_s is not None
    assert (NOW + timedelta(seconds=wait_s)).year == 2036


@pytest.mark.parametrize(
    "text", ["", "inf", "-inf", "nan", "NaN", "-5", "-1m", "soon", "1e999", "٣", "5 s later", "m"]
)
def test_what_is_no_finite_wait_is_ignored(text):
    assert parse_wait(text, NOW) is None


def test_milliseconds_win_over_seconds():
    assert parse_retry_after({"retry-after-ms": "250", "retry-after": "3"}, NOW) == 0.25
    assert parse_retry_after({"retry-after-ms": "nan", "retry-after": "3"}, NOW) == 3.0


def test_the_reset_of_a_limit_that_is_used_up_counts():
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1m1s",
        "x-ratelimit-remaining-tokens": "500",
        "x-ratelimit-reset-tokens": "6h",
    }
    assert parse_retry_after(headers, NOW) == 61.0
    anthropic = {
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": "2026-03-01T12:00:07Z",
    }
    assert parse_retry_after(anthropic, NOW) == 7.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining-tokens-minute": "0",
          "x-ratelimit-reset-tokens-minute": "11.4"}, 11.4),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1772366430000"}, 30.0),
        ({"ratelimitbysize-remaining": "0", "ratelimitbysize-reset": "40"}, 40.0),
        ({"llm_provider-x-ratelimit-remaining-requests": "0",
          "llm_provider-x-ratelimit-reset-requests": "8s"}, 8.0),
        ({"ratelimit": '"default";r=0;t=30'}, 30.0),
        ({"ratelimit": "limit=100, remaining=0, reset=50"}, 50.0),
        ({"ratelimit": "limit=100, remaining=7, reset=50"}, None),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "9"}, None),
        ({"retry-after": "soon", "ratelimit-remaining": "0", "ratelimit-reset": "9"}, 9.0),
    ],
)  # fmt: skip
def test_a_limit_is_recognised_whatever_it_counts(headers, seconds):
    assert parse_retry_after(headers, NOW) == pytest.approx(seconds)


def test_without_any_hint_there_is_none():
    assert parse_retry_after({}, NOW) is None


def test_a_gateway_passes_on_what_its_provider_asks():
    assert parse_retry_after({"llm_provider-retry-after": "7"}, NOW) == 7.0
    assert parse_retry_after({"llm_provider-retry-after-ms": "250"}, NOW) == 0.25
    assert parse_retry_after({"llm_provider-retry-after": "7", "retry-after": "3"}, NOW) == 3.0
    headers = {
        "llm_provider-x-ratelimit-remaining-requests": "0",
        "llm_provider-x-ratelimit-reset-requests": "12s",
    }
    assert parse_retry_after(headers, NOW) == 12.0


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("30", 30.0),
        (str(int(NOW.timestamp()) + 30), 30.0),
        (str(int(NOW.timestamp()) * 1000 + 30_500), 30.5),
        (str(int(NOW.timestamp()) - 30), 0.0),
    ],
)
@pytest.mark.parametrize("name", ["x-ratelimit", "ratelimit"])
def test_a_reset_may_be_a_wait_or_a_unix_time(name, reset, seconds):
    headers = {f"{name}-remaining": "0", f"{name}-reset": reset}
    assert parse_retry_after(headers, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Rate limit reached for gpt-4o: Limit 3, Used 3, Requested 1. Please try again in 20s.",
         20.0),
        ("Please try again in 1m26.4s. Visit https://example.org", 86.4),
        ("Please try again in 857ms.", 0.857),
        ("Please try again in 6h12m.", 22_320.0),
        ("No deployments available for selected model, Try again in 5 seconds. Passed", 5.0),
        ("Please retry after 10 seconds.", 10.0),
        ("Please retry in 34.074824224s.", 34.074824224),
        ("Please wait 2 minutes and 30 seconds before retrying", 150.0),
        ("You must wait for 3 min", 180.0),
        ("Limit resets at: 2026-03-01 12:00:40 UTC", 40.0),
        ("Rate limit resets at 2026-03-01T12:00:40Z", 40.0),
        ("Current limit: 60, Remaining: 0", None),
        ("Try again later", None),
        ("Please try again in 5 models", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_wait_is_found_in_the_words_of_an_error(said, seconds):
    found = find_wait(said, NOW)
    assert found == (seconds if seconds is None else pytest.approx(seconds))
