"""Tab-separated feeds taken apart into items."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.integration.errors import NoFeed
from src.modules.integration.feed_rows import FeedRow, tsv_items
from src.modules.integration.formats import MAX_LINE_BYTES
from tests.modules.integration.bodies import body

VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\t\n"'), max_size=8)


def items(*lines: str | bytes) -> list[FeedRow]:
    data = [line.encode() if isinstance(line, str) else line for line in lines]
    return list(tsv_items(body(b"\n".join(data))))


def test_items_have_their_lines_and_values() -> None:
    assert items("id\ttitle\tcolor", "1\tA\t", "", "2\t B \tred") == [
        FeedRow(2, {"id": ["1"], "title": ["A"]}),
        FeedRow(4, {"id": ["2"], "title": ["B"], "color": ["red"]}),
    ]


@pytest.mark.parametrize("header", ["id\timage_link", "g:id\tg:image_link", " ID \tImage Link", "\ufeffid\timage_link"])
def test_header_may_be_written_in_the_ways_that_are_published(header: str) -> None:
    assert items(header, "1\tx")[0].values == {"id": ["1"], "image_link": ["x"]}


@pytest.mark.parametrize("header", ["", "title\tprice", "<rss>", "\0\0", '"id'])
def test_no_feed_is_refused(header: str) -> None:
    with pytest.raises(NoFeed):
        items(header, "1\t2")


@pytest.mark.parametrize(("line", "count"), [("1", 1), ("1\tA\tB", 3), ("1\t\t\t", 4)])
def test_item_with_too_few_or_too_many_values_is_told(line: str, count: int) -> None:
    assert items("id\ttitle", line, "2\tB")[:2] == [
        FeedRow(2, {}, f"has {count} values, the header has 2"),
        FeedRow(3, {"id": ["2"], "title": ["B"]}),
    ]


def test_other_pictures_are_parted_by_commas() -> None:
    values = items("id\tadditional_image_link", "1\thttps://a/1, https://a/2,")[0].values
    assert values["additional_image_link"] == ["https://a/1", "https://a/2"]


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ('1\tA "quoted" word', 'A "quoted" word'),
        ('1\t"A ""quoted"" word"', 'A "quoted" word'),
        ('1\t24" screen', '24" screen'),
        ('1\t"open', '"open'),
        ('1\t"closed" too early', '"closed" too early'),
        ('1\t"two\n3\tlines"', "two\n3\tlines"),
    ],
)
def test_quotes_quote_where_that_works_out(line: str, title: str) -> None:
    found = items("id\ttitle", line, "2\tB")
    assert [row.values["title"][0] for row in found] == [title, "B"]


def test_quote_that_is_never_closed_costs_no_other_item() -> None:
    lines = [f"{n}\tx" for n in range(2, 200)]
    found = items("id\ttitle", '1\t"open', *lines, '200\t"too')
    assert [row.values["id"][0] for row in found] == [str(n) for n in range(1, 201)]
    assert [row.line for row in found] == list(range(2, 202))


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1))
def test_what_a_csv_writer_writes_is_read(values: list[tuple[str, str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
        [("id", "a", "b"), *((str(n), *pair) for n, pair in enumerate(values))]
    )
    found = items(text.getvalue())
    assert [[row.values.get(name, [""])[0] for name in "ab"] for row in found] == [
        [value.strip() for value in pair] for pair in values
    ]


def test_line_that_never_ends_is_one_bad_item() -> None:
    found = items("id\ttitle", b"1\t" + b"x" * 3 * MAX_LINE_BYTES, "2\tB")
    assert [len(row.values["title"][0]) for row in found] == [MAX_LINE_BYTES - 2, 1]
    assert [row.line for row in found] == [2, 3]
