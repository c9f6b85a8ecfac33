"""The reader of server-sent events: every cut, every end of a line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.net.sse import EventReader, ServerEvent


def read(*parts: bytes) -> list[ServerEvent]:
    reader = EventReader()
    found = [event for part in parts for event in reader.feed(part)]
    return found + reader.close()


STREAM = (
    b"\xef\xbb\xbf: OPENROUTER PROCESSING\n\n"
    b'event: first\r\ndata: {"a":\r\ndata: 1}\r\n\r\n'
    b"id: 7\nretry: 100\ndata:no blank\n\n"
    b"data:  two blanks\r\r"
    b": ping\n\n\n\n"
    b"data\ndata: \xe2\x82\xac\n\n"
    b'error: {"code": 500}\n\n'
    b"event: nothing\n\n"
    b"data: [DONE]\n\n"
)
EVENTS = [
    (b"first", b'{"a":\n1}'),
    (b"", b"no blank"),
    (b"", b" two blanks"),
    (b"", "€".encode()),
    (b"error", b'{"code": 500}'),
    (b"", b"[DONE]"),
]


def test_a_stream_is_read_wherever_it_is_cut_in_two() -> None:
    assert read(STREAM) == EVENTS
    for cut in range(len(STREAM) + 1):
        assert read(STREAM[:cut], STREAM[cut:]) == EVENTS, cut


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_stream_is_read_in_parts_of_any_size(size: int) -> None:
    parts = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert read(*parts) == EVENTS


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1),
                   max_size=5),
    end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)  # fmt: skip
def test_any_texts_come_out_as_they_went_in(texts: list[str], end: bytes, cuts: list[int]) -> None:
    whole = b"".join(b"data: " + text.encode() + end + end for text in texts)
    places = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
    parts = [whole[start:stop] for start, stop in zip(places, places[1:], strict=False)]
    assert [event.data.decode() for event in read(*parts)] == texts


def test_a_last_event_without_its_empty_line_counts() -> None:
    assert read(b"data: a\n\ndata: b") == [(b"", b"a"), (b"", b"b")]
    assert read(b"data: a\n\ndata: b\n") == [(b"", b"a"), (b"", b"b")]


def test_a_name_belongs_to_one_event() -> None:
    assert read(b"event: x\n\ndata: a\n\nevent: y\ndata: b\n\ndata: c\n\n") == [
        (b"", b"a"),
        (b"y", b"b"),
        (b"", b"c"),
    ]


def test_what_is_held_is_counted_until_the_event_is_complete() -> None:
    reader = EventReader()
    reader.feed(b"data: " + b"x" * 100)
    assert reader.held >= 100
    reader.feed(b"x" * 50 + b"\ndata: y\n")
    assert reader.held >= 150
    assert [len(event.data) for event in reader.feed(b"\n")] == [152]
    assert reader.held == 0
