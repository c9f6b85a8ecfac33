from __future__ import annotations

from app.charts.markup import element, join, share
from app.formats import interval, percent, points, usd


def test_text_and_attributes_are_escaped() -> None:
    made = element("p", "<b>", element("i", "&"), title='"x"', cls="a b", data_tip="<")
    expected = '<p title="&#34;x&#34;" class="a b" data-tip="&lt;">&lt;b&gt;<i>&amp;</i></p>'
    assert made == expected


def test_attributes_may_be_left_out_or_bare() -> None:
    assert element("p", hidden=True, id=None, lang=False) == "<p hidden></p>"


def test_coordinates_have_at_most_one_decimal() -> None:
    assert element("line", x1=3.0, y1=2.26, r=1) == '<line x1="3" y1="2.3" r="1"></line>'
    assert share(1 / 3) == "33.33%"


def test_plain_text_is_escaped_when_joined() -> None:
    assert join(["<", element("b")]) == "&lt;<b></b>"


def test_numbers_read_as_people_write_them() -> None:
    assert percent(0.91836) == "91.8%"
    assert interval(0.886, 0.941) == "88.6–94.1"
    assert [points(d) for d in (0.034, -0.008, 0.0001, -0.0001)] == ["+3.4", "−0.8", "0.0", "0.0"]
    assert [usd(v) for v in (0, 0.0042, 0.0148, 1234.5)] == [
        "$0.00",
        "$0.0042",
        "$0.015",
        "$1,234.50",
    ]
