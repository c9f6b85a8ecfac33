"""Webhooks through the API, delivered to a real receiver and checked as receivers do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, update
from standardwebhooks import Webhook as Verifier

from app.db import db, now, transaction
from app.errors import Invalid, NotFound
from app.models import AccountRow, Delivery, Webhook
from app.services.webhooks import deliveries, endpoints
from app.services.webhooks.sending import SENT_BYTES, Letter, send
from tests.app_fixtures import ApiClient
from tests.run_fixtures import Receiver, deliver_now

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]
AtOnce = Callable[[], None]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture
def hook(api: ApiClient, receiver: Receiver) -> dict[str, Any]:
    """An endpoint of the receiver's, with its secret."""
    made = api.post("/webhooks", json={"url": receiver.url, "events": list(endpoints.EVENTS)})
    assert made.status_code == 201, made.text
    return dict(made.json)


@pytest.fixture
def ended(start_run: Start, work: Work, hook: dict[str, Any]) -> str:
    """A run that ended, whose delivery waits."""
    run_id = start_run(limit=2)
    work(run_id)
    return run_id


@pytest.fixture
def deliver(app: Flask) -> AtOnce:
    """Makes the next attempt of the only delivery, as the worker would."""

    def attempt() -> None:
        with app.app_context():
            deliver_now(db.session.query(Delivery).one().id)

    return attempt


def one_delivery(app: Flask) -> Delivery:
    with app.app_context():
        delivery = db.session.query(Delivery).one()
        assert delivery.webhook is not None
        assert delivery.attempts is not None
        return delivery


def test_the_secret_is_shown_once(app: Flask, api: ApiClient, hook: dict[str, Any]) -> None:
    secret = hook["secret"]
    assert secret.startswith("whsec_")
    path = f"/webhooks/{hook['id']}"
    later = [
        api.get("/webhooks"),
        api.get(path),
        api.patch(path, json={"description": "x"}),
        api.post(f"{path}/test"),
        api.get(f"{path}/deliveries"),
    ]
    assert [answer.status_code for answer in later] == [200] * 5
    assert all(secret not in answer.text and "secret" not in answer.text for answer in later)
    with app.app_context():
        assert secret not in db.session.query(Webhook).one().sealed_secret


def test_the_end_of_a_run_arrives_signed(
    app: Flask,
    api: ApiClient,
    hook: dict[str, Any],
    ended: str,
    deliver: AtOnce,
    receiver: Receiver,
) -> None:
    with app.app_context():
        delivery_id = db.session.query(Delivery).one().id
        assert [one.delivery_id for one in deliveries.due_deliveries()] == [delivery_id]
    deliver()
    (message,) = receiver.received
    payload = Verifier(hook["secret"]).verify(message.body, dict(message.headers))
    assert payload == json.loads(message.body)
    assert (payload["type"], payload["run_id"], payload["status"]) == (
        "run.completed",
        ended,
        "completed",
    )
    assert payload["score"] == api.get(f"/runs/{ended}").json["score"]["value"]
    assert message.headers["webhook-id"] == delivery_id
    assert message.headers["user-agent"].startswith("OpenBench-Studio/")
    assert message.headers["content-type"] == "application/json"
    (shown,) = api.get(f"/webhooks/{hook['id']}/deliveries").json["items"]
    assert (shown["id"], shown["status"], shown["next_attempt_at"]) == (
        delivery_id,
        "delivered",
        None,
    )
    (attempt,) = shown["attempts"]
    assert (attempt["number"], attempt["status_code"], attempt["error"]) == (1, 200, None)
    assert attempt["body_excerpt"] == "thanks"
    deliver()  # the same job once more
    assert len(receiver.received) == 1


def test_a_failed_attempt_plans_the_next_up_to_three(
    app: Flask, hook: dict[str, Any], ended: str, deliver: AtOnce, receiver: Receiver
) -> None:
    receiver.status = 500
    for number, wait_s in enumerate((10, 60, 600), start=1):
        deliver()
        delivery = one_delivery(app)
        assert (delivery.status, delivery.attempts_made) == ("pending", number)
        assert delivery.next_attempt_at is not None
        due_in_s = (delivery.next_attempt_at - now()).total_seconds()
        assert wait_s - 2 <= due_in_s <= wait_s * 1.1
        with app.app_context():
            assert deliveries.due_deliveries() == []  # not before its time
    deliver()
    delivery = one_delivery(app)
    assert (delivery.status, delivery.next_attempt_at) == ("failed", None)
    assert [attempt.error for attempt in delivery.attempts] == ["The receiver answered 500."] * 4
    assert len({message.headers["webhook-id"] for message in receiver.received}) == 1


def test_the_long_schedule_goes_on(
    app: Flask,
    api: ApiClient,
    hook: dict[str, Any],
    ended: str,
    deliver: AtOnce,
    receiver: Receiver,
) -> None:
    api.patch(f"/webhooks/{hook['id']}", json={"long_schedule": True})
    receiver.status = 503
    with app.app_context(), transaction() as session:
        session.execute(update(Delivery).values(attempts_made=7))
    deliver()
    assert one_delivery(app).status == "pending"
    deliver()
    assert one_delivery(app).status == "failed"


def test_the_receiver_may_ask_for_more_time(
    app: Flask, ended: str, deliver: AtOnce, receiver: Receiver
) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": "300"}
    deliver()
    due = one_delivery(app).next_attempt_at
    assert due is not None
    assert 290 < (due - now()).total_seconds() <= 330


def test_a_redirect_is_a_failure_and_not_followed(
    app: Flask, ended: str, deliver: AtOnce, receiver: Receiver
) -> None:
    receiver.status, receiver.headers = 307, {"Location": f"{receiver.url}/elsewhere"}
    deliver()
    assert [message.path for message in receiver.received] == ["/hook"]
    attempt = one_delivery(app).attempts[0]
    assert attempt.error == "The receiver redirects (307); redirects are not followed."


def test_gone_switches_the_endpoint_off(
    app: Flask,
    api: ApiClient,
    hook: dict[str, Any],
    ended: str,
    deliver: AtOnce,
    receiver: Receiver,
    start_run: Start,
    work: Work,
) -> None:
    receiver.status = 410
    deliver()
    shown = api.get(f"/webhooks/{hook['id']}").json
    assert (shown["enabled"], shown["disabled_reason"]) == (
        False,
        "The receiver answered 410 Gone.",
    )
    assert one_delivery(app).status == "failed"
    work(start_run(limit=1))
    with app.app_context():
        assert db.session.query(Delivery).count() == 1
    back = api.patch(f"/webhooks/{hook['id']}", json={"enabled": True}).json
    assert (back["enabled"], back["disabled_reason"]) == (True, None)


def test_too_many_events_in_a_row_that_do_not_arrive_switch_it_off(
    app: Flask,
    api: ApiClient,
    hook: dict[str, Any],
    ended: str,
    deliver: AtOnce,
    receiver: Receiver,
    start_run: Start,
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deliveries, "DISABLE_AFTER", 2)
    receiver.status = 500
    for _ in range(4):
        deliver()
    assert one_delivery(app).status == "failed"
    assert api.get(f"/webhooks/{hook['id']}").json["enabled"]
    work(start_run(limit=1))
    with app.app_context():
        second = db.session.query(Delivery.id).filter_by(status="pending").scalar()
        for _ in range(4):
            deliver_now(second)
    shown = api.get(f"/webhooks/{hook['id']}").json
    assert shown["enabled"] is False
    assert shown["disabled_reason"] == "2 events in a row could not be delivered."


def test_an_event_counts_once_however_often_it_is_sent_again(
    app: Flask,
    api: ApiClient,
    hook: dict[str, Any],
    ended: str,
    deliver: AtOnce,
    receiver: Receiver,
) -> None:
    def counted() -> int:
        with app.app_context():
            return db.session.query(Webhook).one().failures_in_a_row

    receiver.status = 500
    for expected in (0, 0, 0, 1):
        deliver()
        assert counted() == expected
    for _ in range(2):
        api.post(f"/deliveries/{one_delivery(app).id}/redeliver")
        deliver()
        assert (one_delivery(app).status, counted()) == ("failed", 1)
    receiver.status = 204
    api.post(f"/deliveries/{one_delivery(app).id}/redeliver")
    deliver()
    assert counted() == 0
    receiver.status = 500
    api.post(f"/deliveries/{one_delivery(app).id}/redeliver")
    deliver()
    assert counted() == 1  # it had arrived meanwhile


def test_the_log_keeps_the_start_of_what_was_sent_and_never_the_secret(
    app: Flask,
    api: ApiClient,
    hook: dict[str, Any],
    ended: str,
    deliver: AtOnce,
    receiver: Receiver,
) -> None:
    deliver()
    (shown,) = api.get(f"/webhooks/{hook['id']}/deliveries").json["items"]
    assert shown["attempts"][0]["sent_body"].encode() == receiver.received[0].body
    bare = hook["secret"].removeprefix("whsec_")
    long = json.dumps({"model": "m" * SENT_BYTES, "secret": bare, "type": bare})
    with app.app_context():
        with transaction() as session:
            session.execute(update(Delivery).values(payload=json.dumps({"type": bare})))
        letter = Letter.of(db.session.get_one(Delivery, shown["id"]))
        assert send(letter).sent_body == '{"type": "[redacted]"}'
        assert len(send(replace(letter, payload=long)).sent_body or "") == SENT_BYTES
        nowhere = send(replace(letter, url="http://169.254.169.254/"))
        assert (nowhere.ok, nowhere.sent_body) == (False, None)


def test_what_waits_for_an_endpoint_that_was_switched_off_is_dropped(
    app: Flask,
    api: ApiClient,
    hook: dict[str, Any],
    ended: str,
    deliver: AtOnce,
    receiver: Receiver,
) -> None:
    api.patch(f"/webhooks/{hook['id']}", json={"enabled": False})
    deliver()
    assert one_delivery(app).status == "failed"
    assert receiver.received == []


def test_an_address_that_is_private_by_now_is_refused_at_the_connect(
    app: Flask, ended: str, deliver: AtOnce
) -> None:
    with app.app_context(), transaction() as session:
        session.execute(update(Webhook).values(url="http://10.1.2.3/hook"))
        session.execute(update(AccountRow).values(is_admin=False))
    deliver()
    attempt = one_delivery(app).attempts[0]
    assert attempt.status_code is None
    assert (attempt.error, attempt.sent_body) == ("Address not permitted.", None)


def test_the_test_button_sends_at_once_and_never_again(
    app: Flask, api: ApiClient, hook: dict[str, Any], receiver: Receiver
) -> None:
    tested = api.post(f"/webhooks/{hook['id']}/test")
    assert tested.status_code == 200
    assert (tested.json["ok"], tested.json["status_code"], tested.json["error"]) == (
        True,
        200,
        None,
    )
    payload = Verifier(hook["secret"]).verify(
        receiver.received[0].body, dict(receiver.received[0].headers)
    )
    assert payload["test"] is True
    receiver.status = 500
    failed = api.post(f"/webhooks/{hook['id']}/test").json
    assert (failed["ok"], failed["status_code"]) == (False, 500)
    with app.app_context():
        assert {delivery.status for delivery in db.session.query(Delivery)} == {
            "delivered",
            "failed",
        }
        assert deliveries.due_deliveries() == []
        assert db.session.query(Webhook).one().failures_in_a_row == 0


def test_a_test_has_every_field_of_a_real_run_in_the_same_kind(
    app: Flask,
    api: ApiClient,
    hook: dict[str, Any],
    ended: str,
    receiver: Receiver,
    deliver: AtOnce,
) -> None:
    deliver()
    api.post(f"/webhooks/{hook['id']}/test")
    real, test = (json.loads(received.body) for received in receiver.received)
    assert (real["test"], test["test"]) == (False, True)
    assert list(test) == list(real)
    assert set(test["counts"]) == set(real["counts"])
    assert {name: type(test[name]) for name in ("simulated", "metric", "url", "duration_s")} == {
        "simulated": bool,
        "metric": str,
        "url": str,
        "duration_s": float,
    }
    assert test["url"] == "http://127.0.0.1:8000/settings/webhooks"
    assert real["url"] == f"http://127.0.0.1:8000/runs/{ended}"


def test_redelivering_sends_the_same_id_and_body_again(
    app: Flask, api: ApiClient, ended: str, deliver: AtOnce, receiver: Receiver
) -> None:
    deliver()
    delivery_id = one_delivery(app).id
    again = api.post(f"/deliveries/{delivery_id}/redeliver")
    assert (again.status_code, again.json["status"]) == (202, "pending")
    with app.app_context():
        assert [one.delivery_id for one in deliveries.due_deliveries()] == [delivery_id]
    deliver()
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery_id
    assert first.body == second.body
    assert one_delivery(app).attempts_made == 2


def test_a_new_secret_signs_at_once(
    api: ApiClient, hook: dict[str, Any], receiver: Receiver
) -> None:
    rotated = api.post(f"/webhooks/{hook['id']}/rotate-secret")
    assert (rotated.status_code, list(rotated.json)) == (200, ["secret"])
    assert rotated.json["secret"] != hook["secret"]
    api.post(f"/webhooks/{hook['id']}/test")
    message = receiver.received[0]
    Verifier(rotated.json["secret"]).verify(message.body, dict(message.headers))


def test_an_attempt_whose_process_died_is_made_again_when_its_claim_is_over(
    app: Flask, ended: str, deliver: AtOnce, receiver: Receiver
) -> None:
    with app.app_context():
        (one,) = deliveries.due_deliveries()
        assert deliveries.claim_attempt(one.delivery_id, one.made)
        assert not deliveries.claim_attempt(one.delivery_id, one.made)  # by another courier
        assert deliveries.due_deliveries() == []
        with transaction() as session:
            session.execute(update(Delivery).values(next_attempt_at=now() - timedelta(seconds=1)))
        assert len(deliveries.due_deliveries()) == 1
    deliver()
    assert len(receiver.received) == 1
    assert one_delivery(app).attempts_made == 2


def test_an_attempt_that_comes_back_after_its_claim_changes_no_later_one(
    app: Flask, ended: str, receiver: Receiver
) -> None:
    receiver.status = 500
    with app.app_context():
        (one,) = deliveries.due_deliveries()
        deliveries.claim_attempt(one.delivery_id, 0)
        late = Letter.of(db.session.get_one(Delivery, one.delivery_id))
        db.session.rollback()
        deliveries.claim_attempt(one.delivery_id, 1)  # another courier, a minute later
        claimed_until = one_delivery(app).next_attempt_at
        with transaction() as session:
            deliveries._write_attempt(session, one.delivery_id, 1, send(late))
    assert one_delivery(app).next_attempt_at == claimed_until
    assert len(one_delivery(app).attempts) == 1


def test_each_endpoint_offers_the_delivery_that_has_waited_longest(
    app: Flask, hook: dict[str, Any], ended: str, start_run: Start, work: Work
) -> None:
    work(start_run(limit=1))
    with app.app_context():
        first, second = db.session.query(Delivery).order_by(Delivery.next_attempt_at)
        (one,) = deliveries.due_deliveries()
        assert one.delivery_id == first.id
        assert one.host == hook["url"].split("/")[2]
        deliveries.claim_attempt(first.id, 0)
        assert [each.delivery_id for each in deliveries.due_deliveries()] == [second.id]


def test_what_was_deleted_while_it_was_sent_is_no_error(
    app: Flask, api: ApiClient, hook: dict[str, Any], ended: str, deliver: AtOnce
) -> None:
    delivery_id = one_delivery(app).id
    with app.app_context():
        deliveries.claim_attempt(delivery_id, 0)
        letter = Letter.of(db.session.get_one(Delivery, delivery_id))
        db.session.rollback()
    api.delete(f"/webhooks/{hook['id']}")
    with app.app_context():
        with transaction() as session:
            deliveries._write_attempt(session, delivery_id, 1, send(letter))
        assert not deliveries.make_attempt(delivery_id)
        assert db.session.query(Delivery).count() == 0


def test_a_deleted_endpoint_takes_its_history_along_and_a_deleted_run_does_not(
    app: Flask, api: ApiClient, hook: dict[str, Any], ended: str, deliver: AtOnce
) -> None:
    deliver()
    assert api.delete(f"/runs/{ended}").status_code == 204
    (shown,) = api.get(f"/webhooks/{hook['id']}/deliveries").json["items"]
    assert shown["run_id"] is None
    assert api.delete(f"/webhooks/{hook['id']}").status_code == 204
    assert api.get(f"/webhooks/{hook['id']}").status_code == 404
    with app.app_context():
        assert db.session.query(Delivery).count() == 0


def test_lists_come_page_by_page(
    app: Flask, api: ApiClient, hook: dict[str, Any], receiver: Receiver
) -> None:
    other = api.post("/webhooks", json={"url": receiver.url}).json
    assert other["events"] == ["run.completed", "run.failed", "run.paused"]
    first = api.get("/webhooks?limit=1").json
    second = api.get(f"/webhooks?limit=1&cursor={first['next_cursor']}").json
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [hook["id"], other["id"]]
    assert (first["total"], second["next_cursor"]) == (2, None)
    for _ in range(3):
        api.post(f"/webhooks/{hook['id']}/test")
    page = api.get(f"/webhooks/{hook['id']}/deliveries?limit=2").json
    rest = api.get(f"/webhooks/{hook['id']}/deliveries?limit=2&cursor={page['next_cursor']}").json
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": ""}, "url"),
        ({"url": "ftp://example.org"}, "url"),
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"url": "http://[::1]:80/"}, "url"),
        ({"url": "http://127.0.0.1/", "events": []}, "events"),
        ({"url": "http://127.0.0.1/", "events": ["run.started"]}, "events.0"),
        ({"url": "http://127.0.0.1/", "description": "x" * 201}, "description"),
        ({"url": "http://127.0.0.1/", "secret": "whsec_mine"}, "secret"),
    ],
)
def test_an_endpoint_that_does_not_fit_is_refused(
    second_api: ApiClient, body: dict[str, Any], field: str
) -> None:
    refused = second_api.post("/webhooks", json=body)
    assert refused.status_code == 422
    assert list(refused.json["errors"]) == [field]
    assert second_api.get("/webhooks").json["total"] == 0


def test_a_change_is_checked_like_a_new_endpoint(second_api: ApiClient, receiver: Receiver) -> None:
    hook = second_api.post("/webhooks", json={"url": receiver.url}).json
    path = f"/webhooks/{hook['id']}"
    assert second_api.patch(path, json={"url": "http://10.0.0.1/"}).status_code == 422
    assert second_api.patch(path, json={"events": []}).status_code == 422
    assert second_api.patch(path, json={}).json["url"] == hook["url"]


def test_an_account_has_only_so_many(
    api: ApiClient, hook: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "MAX_WEBHOOKS", 1)
    refused = api.post("/webhooks", json={"url": hook["url"]})
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_webhooks")


def test_another_accounts_endpoint_is_not_there(
    app: Flask, hook: dict[str, Any], ended: str, second_api: ApiClient
) -> None:
    delivery_id = one_delivery(app).id
    path = f"/webhooks/{hook['id']}"
    answers = [
        second_api.get(path),
        second_api.patch(path, json={"enabled": False}),
        second_api.delete(path),
        second_api.post(f"{path}/test"),
        second_api.post(f"{path}/rotate-secret"),
        second_api.get(f"{path}/deliveries"),
        second_api.post(f"/deliveries/{delivery_id}/redeliver"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 7
    assert second_api.get("/webhooks").json["items"] == []


def test_unknown_events_are_refused_by_the_service_too(app: Flask, hook: dict[str, Any]) -> None:
    with app.app_context():
        account_id = db.session.query(Webhook).one().user_id
        with pytest.raises(Invalid):
            endpoints.update_webhook(hook["id"], account_id, {"events": ["run.started"]})
        with transaction() as session:
            session.execute(delete(Webhook))
        with pytest.raises(NotFound):
            endpoints.delete_webhook(hook["id"], account_id)


def test_a_list_of_deliveries_says_how_many_there_are(api: ApiClient, hook: dict[str, Any]) -> None:
    path = f"/webhooks/{hook['id']}"
    for _ in range(3):
        api.post(f"{path}/test")
    page = api.get(f"{path}/deliveries?limit=2").json
    assert (len(page["items"]), page["total"]) == (2, 3)
    rest = api.get(f"{path}/deliveries?limit=2&cursor={page['next_cursor']}").json
    assert (len(rest["items"]), rest["total"], rest["next_cursor"]) == (1, 3, None)


def test_an_event_that_is_named_twice_is_kept_once(api: ApiClient, hook: dict[str, Any]) -> None:
    events = ["run.failed", "run.completed", "run.failed"]
    changed = api.patch(f"/webhooks/{hook['id']}", json={"events": events})
    assert changed.json["events"] == ["run.failed", "run.completed"]
    made = api.post("/webhooks", json={"url": hook["url"], "events": events})
    assert made.json["events"] == ["run.failed", "run.completed"]


def test_nothing_is_redelivered_to_a_webhook_that_is_switched_off(
    app: Flask, api: ApiClient, hook: dict[str, Any], ended: str
) -> None:
    delivery_id = one_delivery(app).id
    api.patch(f"/webhooks/{hook['id']}", json={"enabled": False})
    answer = api.post(f"/deliveries/{delivery_id}/redeliver")
    assert (answer.status_code, answer.json["code"]) == (409, "webhook_disabled")
    assert "Switch it on" in answer.json["action"]
