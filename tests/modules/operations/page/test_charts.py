"""Charts: every number is where it belongs, and what is not known is no number."""

import re

from hypothesis import given
from hypothesis import strategies as st

from src.modules.operations.figures import History
from src.modules.operations.page import charts
from src.modules.operations.page.charts import Chart, Plot

VALUES = st.lists(st.none() | st.floats(0, 1e12), min_size=2, max_size=96)


def drawn(values: list[float | None], **options: float) -> Chart:
    """The chart of a series."""
    history = History("hour", 60, "2026-01-01T10:00:00Z", {"known": values})
    return charts.draw(Plot("key", "Title", "unit", {"known": "line"}, **options), history)


def places(chart: Chart) -> list[tuple[float, float]]:
    """All points of its line, from left to right."""
    (line,) = chart.lines
    of_paths = [(float(x), float(y)) for path in line.paths for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]
    return sorted([*of_paths, *line.dots])


@given(VALUES)
def test_each_known_number_is_one_point_inside_the_picture(values: list[float | None]) -> None:
    chart = drawn(values)
    found = places(chart)
    assert len(found) == sum(value is not None for value in values)
    assert all(charts.LEFT <= x <= charts.WIDTH and charts.TOP <= y <= charts.HEIGHT for x, y in found)


@given(st.lists(st.floats(0, 1e12), min_size=2, max_size=96))
def test_larger_numbers_are_higher_and_the_axis_ends_above_all(values: list[float]) -> None:
    chart = drawn([*values])
    heights = [y for _, y in places(chart)]
    for one, other in zip(range(len(values)), range(1, len(values)), strict=False):
        if values[one] > values[other]:
            assert heights[one] <= heights[other]
    assert len(chart.ticks) <= charts.TICKS + 2


def test_a_gap_parts_a_line_and_a_lonely_number_is_a_dot() -> None:
    chart = drawn([1, 2, None, 3, None, 4, 5])
    (line,) = chart.lines
    assert len(line.paths) == 2
    assert len(line.dots) == 1
    assert line.last == 5


def test_nothing_known_says_so() -> None:
    chart = drawn([None, None])
    assert chart.is_empty
    assert chart.about == "Nothing is known of this time."


def test_the_table_has_means_of_what_is_known() -> None:
    chart = drawn([1.0, 3.0, None, None, *[8.0] * 20])
    assert chart.rows[0] == ("10:00", [2.0])
    assert chart.rows[1] == ("10:02", [None])
    assert len(chart.rows) == charts.ROWS


def test_an_axis_that_ends_somewhere_does() -> None:
    assert [tick.text for tick in drawn([0.5, 0.7], factor=100, most=100).ticks] == ["0", "50", "100"]
