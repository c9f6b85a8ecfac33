"""Jobs of deliveries, with a real queue server: what the courier does with them, and leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask
from redis import Redis
from rq import Queue, SimpleWorker, Worker
from rq.serializers import JSONSerializer

from app.broker import queues
from app.broker.client import get_broker
from app.jobs.deliver_webhook import deliver_webhook
from app.services.webhooks import deliveries, outbox
from app.worker import delivery_jobs
from app.worker.courier import Courier
from app.worker.dead_workers import release_worker
from app.worker.job_holder import JobHolder
from app.worker.studio_worker import new_worker_name
from tests.faults.processes import wait_until
from tests.run_fixtures import Receiver
from tests.worker.test_courier import add_delivery, attempts_begun, hanging_url, status_of

NEVER_S = 3600.0
Start = Callable[..., Courier]


@pytest.fixture
def app(make_app: Callable[..., Flask], broker_url: str) -> Flask:
    Redis.from_url(broker_url).flushdb()
    return make_app(egress_allow="127.0.0.0/8", redis_url=broker_url)


@pytest.fixture
def silent() -> Iterator[ExitStack]:
    """Closes all receivers of `hanging_url`."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start(app: Flask, silent: ExitStack) -> Iterator[Start]:
    """Starts a courier in a thread; with a queue server, it need not look by itself."""
    running: list[tuple[Courier, threading.Thread]] = []

    def begin(poll_s: float = 0.2) -> Courier:
        courier = Courier(app, new_worker_name(), poll_s=poll_s)
        thread = threading.Thread(target=courier.work)
        thread.start()
        running.append((courier, thread))
        return courier

    yield begin
    silent.close()
    for courier, thread in running:
        end(courier, thread)


def end(courier: Courier, thread: threading.Thread) -> None:
    courier.stop()
    courier._news.put(None)
    thread.join(60)
    assert not thread.is_alive()


def enqueue(app: Flask, ids: list[str], attempt: int = 1) -> None:
    with app.app_context():
        outbox.enqueue(ids, attempt)


def left_in_queue(broker: Redis) -> list[bytes]:
    """Return the keys of RQ that are of jobs."""
    kinds = ("job", "queue:webhooks*", "wip", "failed", "finished", "scheduled", "execution")
    return sorted(key for kind in kinds for key in broker.scan_iter(f"rq:{kind}*"))


@pytest.fixture
def broker(app: Flask) -> Iterator[Redis]:
    with app.app_context():
        client = get_broker()
    yield client
    client.close()


def test_a_job_wakes_the_courier_and_nothing_is_left_of_it(
    app: Flask, broker: Redis, receiver: Receiver, start: Start
) -> None:
    start(NEVER_S)
    wait_until(lambda: broker.scard("rq:workers:webhooks"), "the courier is known as a worker")
    (one,) = add_delivery(app, "a@example.org", [receiver.url])
    enqueue(app, [one])
    wait_until(lambda: status_of(app, one) == "delivered", "the delivery")
    wait_until(lambda: not left_in_queue(broker), "the end of its job")
    (worker,) = Worker.all(connection=broker, serializer=JSONSerializer)
    assert worker.queue_names() == ["webhooks"]


def test_a_failed_attempt_plans_the_next_as_a_job_of_its_own(
    app: Flask, broker: Redis, receiver: Receiver, start: Start
) -> None:
    receiver.status = 500
    (one,) = add_delivery(app, "a@example.org", [receiver.url])
    enqueue(app, [one])
    start(NEVER_S)
    planned = f"delivery-{one}-2".encode()
    wait_until(lambda: broker.zrange("rq:scheduled:webhooks", 0, -1) == [planned], "the next job")
    wait_until(lambda: not broker.exists(f"rq:job:delivery-{one}-1"), "the end of the first job")
    assert broker.zcard("rq:failed:webhooks") == 0


def test_jobs_that_come_twice_or_late_do_no_harm(
    app: Flask, broker: Redis, receiver: Receiver, start: Start
) -> None:
    (one,) = add_delivery(app, "a@example.org", [receiver.url])
    jobs = Queue(queues.WEBHOOKS, connection=broker, serializer=JSONSerializer)
    for number in range(4):
        jobs.enqueue(queues.DELIVER_WEBHOOK, one, job_id=f"twice-{number}", result_ttl=0)
    jobs.enqueue(queues.DELIVER_WEBHOOK, "msg_never", job_id="never", result_ttl=0)
    enqueue(app, [one, one])
    broker.rpush("rq:queue:webhooks", f"delivery-{one}-1")
    start()
    wait_until(lambda: status_of(app, one) == "delivered", "the delivery")
    wait_until(lambda: not left_in_queue(broker), "the end of all jobs")
    enqueue(app, [one], 2)
    wait_until(lambda: not left_in_queue(broker), "the end of a job that was late")
    assert len(receiver.received) == 1


def test_a_lost_job_is_not_missed(
    app: Flask, broker: Redis, receiver: Receiver, start: Start
) -> None:
    (one,) = add_delivery(app, "a@example.org", [receiver.url])
    start()
    wait_until(lambda: status_of(app, one) == "delivered", "the delivery")


def test_jobs_that_were_not_taken_end_with_their_attempt(
    app: Flask,
    broker: Redis,
    receiver: Receiver,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery_jobs, "MOST_HELD", 0)
    ids = add_delivery(app, "a@example.org", [receiver.url], each=5)
    enqueue(app, ids)
    start()
    wait_until(lambda: all(status_of(app, one) == "delivered" for one in ids), "all arrive")
    wait_until(lambda: not left_in_queue(broker), "the end of their jobs")


def test_jobs_are_held_until_they_are_made_and_put_back_at_a_stop(
    app: Flask, broker: Redis, silent: ExitStack, start: Start
) -> None:
    ids = add_delivery(app, "a@example.org", [hanging_url(silent)], each=5)
    enqueue(app, ids)
    courier = start(NEVER_S)
    wait_until(lambda: broker.zcard("rq:wip:webhooks") == 5, "all are held")
    wait_until(lambda: attempts_begun(app, ids) == 2, "two may be made at a time")
    assert broker.llen("rq:queue:webhooks") == 0
    courier.stop()
    courier._news.put(None)
    silent.close()
    wait_until(lambda: broker.llen("rq:queue:webhooks") >= 3, "the others are put back")
    wait_until(lambda: not broker.scard("rq:workers:webhooks"), "the courier has left")
    assert broker.zcard("rq:wip:webhooks") == 0
    assert broker.zcard("rq:failed:webhooks") == 0


def test_jobs_of_a_killed_courier_are_forgotten(app: Flask, broker: Redis) -> None:
    (one,) = add_delivery(app, "a@example.org", ["http://127.0.0.1:9/hook"])
    enqueue(app, [one])
    with app.app_context():
        holder = JobHolder(queues.WEBHOOKS, "dead", get_broker())
        holder.stay_present()
        assert holder.take(8, 1) == 1
    release_worker(broker, "dead", queues.WEBHOOKS)
    assert [key for key in left_in_queue(broker) if not key.startswith(b"rq:execution:")] == []
    assert broker.scard("rq:workers:webhooks") == 0


def test_another_worker_of_rq_makes_the_attempt_by_the_job(
    app: Flask, broker: Redis, receiver: Receiver
) -> None:
    receiver.status = 500
    (one,) = add_delivery(app, "a@example.org", [receiver.url])
    enqueue(app, [one])
    with app.app_context():
        worker = SimpleWorker([queues.WEBHOOKS], connection=broker, serializer=JSONSerializer)
        worker.work(burst=True, logging_level="WARNING")
        deliver_webhook(one)  # not before its time
    assert len(receiver.received) == 1
    assert broker.zrange("rq:scheduled:webhooks", 0, -1) == [f"delivery-{one}-2".encode()]
    assert broker.zcard("rq:failed:webhooks") == 0


def test_the_job_leaves_an_attempt_alone_that_somebody_else_makes(
    app: Flask, receiver: Receiver
) -> None:
    (one,) = add_delivery(app, "a@example.org", [receiver.url])
    with app.app_context():
        assert deliveries.claim_attempt(one, 0)
        deliver_webhook(one)
        deliver_webhook("msg_never")
    assert receiver.received == []


def test_jobs_of_many_hanging_endpoints_do_not_keep_that_of_an_honest_one(
    app: Flask, broker: Redis, silent: ExitStack, receiver: Receiver, start: Start
) -> None:
    for number in range(5):
        urls = [hanging_url(silent) for _ in range(20)]
        enqueue(app, add_delivery(app, f"hostile{number}@example.org", urls))
    start()
    wait_until(lambda: broker.zcard("rq:wip:webhooks") == delivery_jobs.MOST_HELD, "all it may")
    (honest,) = add_delivery(app, "honest@example.org", [receiver.url])
    enqueue(app, [honest])
    wait_until(lambda: status_of(app, honest) == "delivered", "the honest delivery")
    wait_until(lambda: not broker.exists(f"rq:job:delivery-{honest}-1"), "the end of its job")
