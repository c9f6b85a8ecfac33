from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from app.charts import (
    BandPoint,
    Bar,
    Difference,
    ForestRow,
    Gap,
    ScatterPoint,
    Series,
    bars,
    differences,
    forest,
    histogram,
    line_band,
    pareto_front,
    scatter,
)
from app.charts.histogram import quantile
from app.charts.labels import Spot, place_labels

Parse = Callable[[str], Any]
Find = Callable[..., list[Any]]
TextOf = Callable[[Any], str]
EVIL = "<script>\"&'</script>"


def number(text: str) -> float:
    return float(text.removesuffix("%"))


def band_points(*values: float) -> list[BandPoint]:
    return [
        BandPoint(i * 100, v, v - 0.05, v + 0.05, f"{i * 100} samples")
        for i, v in enumerate(values)
    ]


EMPTY = {
    "bars": lambda: bars("T", "s", []),
    "line": lambda: line_band("T", "s", [Series("a", [])]),
    "histogram": lambda: histogram("T", "s", []),
    "forest": lambda: forest("T", "s", []),
    "differences": lambda: differences("T", "s", []),
    "scatter": lambda: scatter("T", "s", []),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_without_data_a_chart_says_so(kind: str, parse: Parse, find: Find, text_of: TextOf) -> None:
    tree = parse(EMPTY[kind]())
    assert text_of(find(tree, "p", "chart-empty")[0]) == "Nothing to show yet."
    assert not find(tree, "svg")


ONE = {
    "bars": lambda: bars(EVIL, EVIL, [Bar(EVIL, 1.0, 0.8, 1.0, href=EVIL)]),
    "line": lambda: line_band(
        EVIL,
        EVIL,
        [Series(EVIL, [BandPoint(7, 0.0, 0.0, 0.2, EVIL)])],
        x_title=EVIL,
    ),
    "flat line": lambda: line_band("T", "", [Series("a", [BandPoint(0, 1.0, 1.0, 1.0, "x")])]),
    "histogram": lambda: histogram(EVIL, EVIL, [0.7], unit=EVIL, noun=EVIL),
    "zeros": lambda: histogram("T", "", [0.0, 0.0]),
    "forest": lambda: forest(EVIL, EVIL, [ForestRow(EVIL, 3, 0.5, 0.5, 0.5)], name=EVIL),
    "baseline": lambda: forest("T", "", [ForestRow("a", 3, 0.5, 0.1, 0.9, baseline=0.4)]),
    "differences": lambda: differences(EVIL, EVIL, [Difference(EVIL, 0.0, 0.0, 0.0, clear=False)]),
    "scatter": lambda: scatter(EVIL, EVIL, [ScatterPoint(EVIL, 0.3, 0.5, 0.4, 0.6)]),
    "free": lambda: scatter("T", "", [ScatterPoint("a", 0.0, 0.5, 0.4, 0.6)]),
}


@pytest.mark.parametrize("kind", ONE)
def test_one_value_is_drawn_with_finite_coordinates_and_safe_text(
    kind: str, parse: Parse, find: Find
) -> None:
    markup = ONE[kind]()
    tree = parse(markup)
    assert find(tree, "svg")
    assert not find(tree, "script")
    for node in tree.iter():
        for name in ("x", "x1", "x2", "cx", "y", "y1", "y2", "cy", "width", "height"):
            value = node.get(name)
            if value is not None:
                assert -60 <= number(value) <= 400, (name, value)


@pytest.mark.parametrize("kind", ["line", "histogram", "scatter"])
def test_a_drawn_chart_has_a_sentence_and_a_table(kind: str, parse: Parse, find: Find) -> None:
    tree = parse(ONE[kind]())
    (labelled,) = [svg for svg in find(tree, "svg") if svg.get("role") == "img"]
    assert labelled.get("aria-label")
    assert len(find(tree, "table", "mini")) == 1
    region = find(tree, "div", "scroll")[0]
    assert (region.get("tabindex"), region.get("role")) == ("0", "region")


def test_a_bar_reaches_its_value_and_its_whisker_the_interval(
    parse: Parse, find: Find, text_of: TextOf
) -> None:
    rows = [Bar("big", 0.918, 0.886, 0.941, highlighted=True), Bar("small", 0.25, 0.2, 0.3)]
    tree = parse(bars("Scores", "on gsm8k", rows))
    assert [bar.get("width") for bar in find(tree, "rect", "bar")] == ["91.80%", "25.00%"]
    whisker = find(tree, "line", "whisk")[0]
    assert (whisker.get("x1"), whisker.get("x2")) == ("88.60%", "94.10%")
    first = find(tree, "tr", "hot")[0]
    assert text_of(first) == "big91.8%88.6–94.1"


def test_a_line_goes_from_left_to_right_and_better_scores_are_higher(
    parse: Parse, find: Find
) -> None:
    chart = line_band("Score", "", [Series("gsm8k", band_points(0.5, 0.7, 0.9))])
    tree = parse(chart)
    line = find(tree, "path", "line s1")[0].get("d")
    corners = [tuple(map(float, pair.split(","))) for pair in line[1:].split("L")]
    assert [x for x, _ in corners] == [0, 500, 1000]
    assert corners[0][1] > corners[1][1] > corners[2][1] > 0
    assert find(tree, "path", "band s1")[0].get("d").endswith("Z")
    assert [dot.get("cx") for dot in find(tree, "circle", "dot")] == ["0.00%", "50.00%", "100.00%"]
    assert len(find(tree, "circle", "last")) == 1
    label = find(tree, "svg", "plot")[0].get("aria-label")
    assert "gsm8k from 50.0% to 90.0%, 95% interval now 85.0% to 95.0%" in label


def test_a_long_line_has_few_dots_and_the_last_point_among_them(
    parse: Parse, find: Find, text_of: TextOf
) -> None:
    points = band_points(*(0.5 + i / 10_000 for i in range(500)))
    tree = parse(line_band("Score", "", [Series("a", points)], x_title="Samples"))
    assert len(find(tree, "circle", "dot")) <= 14
    assert "49900 samples" in find(tree, "circle", "last")[0].get("data-tip")
    assert "49900 samples" in text_of(find(tree, "table", "mini")[0])


def test_several_lines_are_told_apart(parse: Parse, find: Find, text_of: TextOf) -> None:
    series = [Series("one", band_points(0.5, 0.6)), Series("two", band_points(0.4, 0.8))]
    tree = parse(line_band("Score", "", series))
    assert [text_of(key) for key in find(tree, "span", "key")] == ["one", "two"]
    with pytest.raises(ValueError, match="at most 6"):
        line_band("Score", "", [Series("a", band_points(0.5))] * 7)


def test_a_histogram_counts_every_value_and_marks_the_quantiles(
    parse: Parse, find: Find, text_of: TextOf
) -> None:
    values = [0.1 * i for i in range(1, 1000)] + [5000.0]
    tree = parse(histogram("Latency", "", values, bins=10))
    columns = find(tree, "rect", "hist")
    counts = [
        int(column.get("data-tip").split(": ")[1].split()[0].replace(",", "")) for column in columns
    ]
    assert sum(counts) == 1000
    assert columns[0].get("x") == "0.00%"
    heights = [number(column.get("height")) for column in columns]
    assert max(heights) == pytest.approx(heights[counts.index(max(counts))])
    assert [text_of(key) for key in find(tree, "span", "key")] == ["p50 50.0 s", "p95 95.0 s"]
    assert len(find(tree, "line", "mark")) == 2


def test_a_histogram_of_short_times_is_in_milliseconds_and_covers_nothing_with_labels(
    parse: Parse, find: Find, text_of: TextOf
) -> None:
    tree = parse(histogram("Latency", "", [0.25, 0.252, 0.26, 0.262], bins=10))
    ticks = [text_of(tick) for tick in find(tree, "text", "tick")]
    assert "50 ms" in ticks
    assert find(tree, "rect", "hist")[9].get("data-tip") == "236 ms and more: 4 samples"
    assert not find(tree, "text", "lbl")


def test_a_quantile_is_a_value_that_occurred() -> None:
    assert quantile([1, 2, 3, 4], 0.5) == 2
    assert quantile([1, 2, 3, 4], 0.95) == 4
    assert quantile([7], 0.5) == 7
    assert quantile(list(range(1, 101)), 0.95) == 95


def test_a_forest_colours_a_difference_only_outside_the_interval(
    parse: Parse, find: Find, text_of: TextOf
) -> None:
    rows = [
        ForestRow("law", 120, 0.8, 0.75, 0.85, baseline=0.7),
        ForestRow("art", 90, 0.6, 0.5, 0.7, baseline=0.65),
        ForestRow("war", 30, 0.3, 0.2, 0.4, baseline=0.5),
        ForestRow("new", 30, 0.3, 0.2, 0.4),
    ]
    tree = parse(forest("By subject", "", rows, baseline_name="run 1"))
    assert text_of(find(tree, "td", "up")[0]).startswith("+10.0 points vs run 1, outside")
    assert text_of(find(tree, "td", "down")[0]).startswith("−20.0")
    assert "within the interval" in text_of(find(tree, "td", "num muted")[0])
    dots = [number(dot.get("cx")) for dot in find(tree, "circle", "pt")]
    assert dots[0] > dots[1] > dots[2]
    assert len(find(tree, "line", "base")) == 3
    assert "n=120" in text_of(find(tree, "th")[4])


def test_a_forest_without_a_baseline_shows_the_interval(
    parse: Parse, find: Find, text_of: TextOf
) -> None:
    tree = parse(forest("By subject", "", [ForestRow("law", 12, 0.8, 0.75, 0.85)]))
    assert text_of(find(tree, "td", "ci")[0]) == "75.0–85.0"
    assert not find(tree, "line", "base")


def test_a_forest_says_where_rows_are_left_out(parse: Parse, find: Find, text_of: TextOf) -> None:
    rows = [ForestRow(name, 3, 0.5, 0.4, 0.6, href=f"/{name}") for name in ("a", "b", "c")]
    tree = parse(forest("", "", rows, gap=Gap(2, "5 more between")))
    firsts = [text_of(row[0]) for row in find(tree, "tr")][1:]
    assert firsts == ["a n=3", "b n=3", "5 more between", "c n=3"]
    assert [link.get("href") for link in find(tree, "a")] == ["/a", "/b", "/c"]
    assert not find(tree, "span", "chart-title")


def test_differences_are_drawn_around_zero(parse: Parse, find: Find, text_of: TextOf) -> None:
    rows = [
        Difference("a vs b", 0.06, 0.02, 0.1, clear=True),
        Difference("c vs b", -0.01, -0.05, 0.03, clear=False),
    ]
    tree = parse(differences("Differences", "", rows))
    assert [line.get("x1") for line in find(tree, "line", "base")] == ["50.00%", "50.00%"]
    dots = [number(dot.get("cx")) for dot in find(tree, "circle", "pt")]
    assert dots[0] > 50 > dots[1]
    assert text_of(find(tree, "td", "up")[0]) == "+6.0, clear"
    assert text_of(find(tree, "td", "num strong")[0]) == "−1.0, may be chance"


MODELS = [
    ScatterPoint("cheap", 0.1, 0.5, 0.45, 0.55),
    ScatterPoint("beaten", 0.5, 0.4, 0.35, 0.45),
    ScatterPoint("good", 1.0, 0.8, 0.75, 0.85),
    ScatterPoint("dear", 10.0, 0.8, 0.75, 0.85),
]


def test_the_pareto_front_leaves_out_what_is_dearer_and_no_better() -> None:
    assert [point.name for point in pareto_front(MODELS)] == ["cheap", "good"]
    assert pareto_front([]) == []


def test_a_scatter_plot_spaces_costs_by_ratio_and_marks_the_front(
    parse: Parse, find: Find, text_of: TextOf
) -> None:
    tree = parse(scatter("Score against cost", "", MODELS))
    x = {
        dot.get("data-tip").split(":")[0]: number(dot.get("cx"))
        for dot in find(tree, "circle", "pt")
    }
    assert x["good"] - x["cheap"] == pytest.approx(x["dear"] - x["good"], abs=0.05)
    assert len(find(tree, "circle", "front")) == 2
    assert "log scale" in text_of(find(tree, "svg", "plot")[0])
    wide = find(tree, "g", "lbls-l")[0]
    assert {text_of(label) for label in find(wide, "text")} == {m.name for m in MODELS}
    assert len(find(tree, "g", "lbls-s")) == 1


def test_something_free_makes_the_cost_axis_linear(parse: Parse, text_of: TextOf) -> None:
    free = [ScatterPoint("local", 0.0, 0.4, 0.3, 0.5), *MODELS]
    assert "log scale" not in text_of(parse(scatter("Score", "", free)))


def test_labels_never_overlap_and_stay_in_the_plot() -> None:
    spots = [Spot(f"model-number-{i}", 20.0 + i, 100.0 + i % 3, first=i < 2) for i in range(12)]
    placed = place_labels(spots, [], 300)
    assert 0 < len(placed) < 12
    assert placed[0].spot.first


def test_charts_are_drawn_in_no_time() -> None:
    points = band_points(*(0.5 + i / 10_000 for i in range(300)))
    latencies = [0.5 + i / 5000 for i in range(14_000)]
    start = time.process_time()
    for _ in range(5):
        line_band("Score", "", [Series("a", points)])
        histogram("Latency", "", latencies)
        scatter("Score", "", MODELS * 5)
        bars("Scores", "", [Bar(f"m{i}", 0.5, 0.4, 0.6) for i in range(20)])
    assert (time.process_time() - start) / 5 < 1  # 0.03 on a quiet machine
