"""Bodies that are read as they arrive keep to deadline, size and cancel of all calls."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from app.net.byte_budget import ByteBudget, Hold
from app.net.call_errors import CallError, Canceled
from app.net.guard import EgressPolicy
from app.net.http import HttpReply, HttpSession
from tests.fakes.model_server import Answer, ModelServer

DONE = b"data: [DONE]\n\n"
ENOUGH = b"data: enough\n\n"
LOCAL = EgressPolicy(allow_private=True)


class Collector:
    """A ``BodyReader`` that keeps what it gets, with the moments."""

    def __init__(self, *, keeps: bool = True) -> None:
        self.parts: list[bytes] = []
        self.moments: list[float] = []
        self.keeps = keeps
        self.received = 0

    @property
    def held(self) -> int:
        return self.received if self.keeps else 0

    @property
    def is_complete(self) -> bool:
        return DONE in b"".join(self.parts[-2:])

    @property
    def is_whole(self) -> bool:
        return self.is_complete or ENOUGH in b"".join(self.parts)

    def feed(self, part: bytes) -> None:
        self.parts.append(part if self.keeps else b"")
        self.moments.append(time.monotonic())
        self.received += len(part)

    def body(self) -> bytes:
        return b"".join(self.parts)


@pytest.fixture
def session() -> Iterator[HttpSession]:
    opened = HttpSession(LOCAL)
    yield opened
    opened.close()


def post(
    session: HttpSession, server: ModelServer, reader: Any, timeout_s: float = 60.0,
    hold: Hold | None = None,
) -> HttpReply:  # fmt: skip
    url = f"{server.base_url}/chat/completions"
    return session.post_json(url, {}, b'{"model": "m", "stream": true}', timeout_s, hold, reader)


def streaming(*events: bytes, pause_s: float = 0.0, how: str = "send") -> Any:
    return lambda call: Answer(events=events, pause_s=pause_s, how=how)


def test_parts_are_given_as_they_arrive(session: HttpSession) -> None:
    with ModelServer(answer=streaming(b"data: a\n\n", b"data: b\n\n", DONE, pause_s=0.4)) as server:
        reader = Collector()
        assert post(session, server, reader).body == b"data: a\n\ndata: b\n\n" + DONE
        assert reader.moments[-1] - reader.moments[0] > 0.4
        assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_connection_is_used_again_after_a_stream(session: HttpSession) -> None:
    with ModelServer(answer=streaming(b"data: a\n\n", DONE)) as server:
        for _ in range(4):
            post(session, server, Collector())
        stats = session.get_json(server.base_url.replace("/v1", "/_stats"), {}, 60)
        assert b'"connections": 1' in stats.body


def test_a_stream_that_stays_open_after_its_end_is_an_answer(session: HttpSession) -> None:
    with ModelServer(answer=streaming(b"data: a\n\n", DONE, how="open")) as server:
        started = time.monotonic()
        assert post(session, server, Collector()).body.endswith(DONE)
        assert time.monotonic() - started < 30
        server.behaviour.answer = streaming(b"data: b\n\n", DONE)
        assert b"data: b" in post(session, server, Collector()).body  # through another connection


def test_the_deadline_holds_for_events_that_drip(session: HttpSession) -> None:
    drops = [b": ping\n\n"] * 600
    with ModelServer(answer=streaming(*drops, pause_s=0.05)) as server:
        started = time.monotonic()
        with pytest.raises(CallError) as caught:
            post(session, server, Collector(), timeout_s=1.0)
        assert 0.9 < time.monotonic() - started < 20
        assert (caught.value.code, caught.value.retryable) == ("timeout", True)
        assert caught.value.message == "127.0.0.1 was still answering after 1 s."


def test_closing_the_session_ends_a_stream_as_canceled(session: HttpSession) -> None:
    ended: list[float] = []
    drops = [b": ping\n\n"] * 2000
    with ModelServer(answer=streaming(*drops, pause_s=0.05)) as server:
        reader = Collector()

        def call() -> None:
            try:
                post(session, server, reader)
            except Canceled:
                ended.append(time.monotonic())

        thread = threading.Thread(target=call)
        thread.start()
        while not reader.parts:
            time.sleep(0.01)
        closed = time.monotonic()
        session.close()
        thread.join(30)
    assert ended
    assert ended[0] - closed < 15


def test_what_is_kept_of_a_stream_is_capped() -> None:
    session = HttpSession(LOCAL, max_bytes=100_000)
    with ModelServer(answer=streaming(*[b"data: " + b"x" * 1000 + b"\n\n"] * 300)) as server:
        with pytest.raises(CallError) as caught:
            post(session, server, Collector())
        assert caught.value.code == "too_large"
        # What is not kept does not count: events repeat names and ids.
        assert post(session, server, Collector(keeps=False)).status == 200
        server.behaviour.answer = streaming(*[b": " + b"x" * 40_000 + b"\n\n"] * 300)
        with pytest.raises(CallError) as caught:  # but no server may send for ever
            post(session, server, Collector(keeps=False))
        assert caught.value.code == "too_large"
    session.close()


def test_a_long_stream_is_counted_in_the_budget(session: HttpSession) -> None:
    budget = ByteBudget(400_000_000)
    hold = budget.share().hold()
    with ModelServer(answer=streaming(*[b"data: " + b"x" * 1000 + b"\n\n"] * 300, DONE)) as server:
        reply = post(session, server, Collector(), hold=hold)
    assert budget.used >= len(reply.body)
    hold.release()
    assert budget.used == 0


def test_long_streams_do_not_wait_for_each_other(session: HttpSession) -> None:
    share = ByteBudget(96_000_000).share()
    events = [b"data: " + b"x" * 1000 + b"\n\n"] * 100
    readers = [Collector() for _ in range(4)]

    def read(reader: Collector) -> None:
        with suppress(Canceled):
            post(session, server, reader, hold=share.hold())

    with ModelServer(answer=streaming(*events, how="open")) as server:
        threads = [threading.Thread(target=read, args=(reader,)) for reader in readers]
        for thread in threads:
            thread.start()
        give_up_at = time.monotonic() + 30
        while any(reader.received < 100 * 1008 for reader in readers):
            assert time.monotonic() < give_up_at
            time.sleep(0.01)
        session.close()
        for thread in threads:
            thread.join(30)


def test_a_lost_connection_within_a_stream_may_be_retried(session: HttpSession) -> None:
    with ModelServer(answer=streaming(b"data: a\n\n", how="cut")) as server:
        with pytest.raises(CallError) as caught:
            post(session, server, Collector())
        assert (caught.value.code, caught.value.retryable) == ("connection", True)


@pytest.mark.parametrize("how", ["cut", "open"])
def test_a_stream_whose_end_alone_is_missing_is_an_answer(session: HttpSession, how: str) -> None:
    with ModelServer(answer=streaming(ENOUGH, how=how)) as server:
        assert post(session, server, Collector(), timeout_s=1.0).body == ENOUGH
        server.behaviour.answer = streaming(DONE)
        assert post(session, server, Collector()).body == DONE  # through another connection


def test_who_reads_slowly_cuts_nobody_else_off(session: HttpSession) -> None:
    """What waits for the end of a stream has no say when the connection is another call's."""
    others: list[HttpReply] = []

    class Slow(Collector):
        def body(self) -> bytes:
            server.behaviour.latency_s = 1.2
            other = threading.Thread(
                target=lambda: others.append(post(session, server, Collector()))
            )
            other.start()
            other.join(30)
            return super().body()

    with ModelServer(answer=streaming(b"data: a\n\n", DONE)) as server:
        assert post(session, server, Slow()).status == 200
        assert [reply.status for reply in others] == [200]


def test_an_error_is_read_as_always(session: HttpSession) -> None:
    with ModelServer() as server:
        server.fail("rate_limit")
        reader = Collector()
        assert post(session, server, reader).status == 429
        assert reader.parts == []


def test_a_compressed_stream_is_read_although_none_was_asked_for(session: HttpSession) -> None:
    body = gzip.compress(b"data: a\n\n" + DONE)
    with ModelServer(
        answer=lambda call: Answer(body=body, headers=(("Content-Encoding", "gzip"),))
    ) as server:
        assert post(session, server, Collector()).body == b"data: a\n\n" + DONE
