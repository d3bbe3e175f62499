"""Bodies taken apart into lines of JSON."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.modules.integration import formats
from src.modules.integration.errors import NoJsonArray
from src.modules.integration.formats import MAX_LINE_BYTES, json_array, ndjson
from src.modules.integration.spool import Spool
from tests.modules.integration.bodies import body

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just('},{"'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
ROWS = st.lists(VALUES, max_size=30)


def lines(blocks: Iterator[bytes]) -> list[Any]:
    """The values of all lines."""
    return [json.loads(line) for block in blocks for line in block.split(b"\n") if line.strip()]


def in_small_blocks(take_apart: Callable[[Spool], Iterator[bytes]], text: str) -> list[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "BLOCK_BYTES", 16)
        return lines(take_apart(body(text)))


@given(ROWS, st.sampled_from([None, 0, 2]), st.booleans())
def test_json_array_gives_its_elements_however_it_is_laid_out(
    rows: list[Any], indent: int | None, escaped: bool
) -> None:
    text = json.dumps(rows, indent=indent, ensure_ascii=escaped)
    assert lines(json_array(body(text))) == in_small_blocks(json_array, f"\n {text}\n") == rows


@given(ROWS, st.sampled_from(["\n", "\r\n", "\n\n", "\n \n"]), st.booleans())
def test_ndjson_gives_its_lines_wherever_blocks_end(rows: list[Any], newline: str, ends: bool) -> None:
    text = newline.join(map(json.dumps, rows)) + newline * ends
    assert lines(ndjson(body(text))) == in_small_blocks(ndjson, text) == rows


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "{}", '"x"', "1", "[", "[1", "[1,]", "[,1]", "[,]", "[1 2]", "[1],", "[1] x", "[]]", "[" * 5000],
)
def test_json_array_refuses_what_is_none(text: str) -> None:
    for refused in (text.encode(), text.encode() + b"\n"):
        with pytest.raises(NoJsonArray):
            list(json_array(body(refused)))


@given(ROWS, st.data())
def test_json_array_refuses_a_part_of_itself(rows: list[Any], data: st.DataObject) -> None:
    text = json.dumps(rows)
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(NoJsonArray):
        in_small_blocks(json_array, text[:cut])


def test_json_array_of_one_deep_row_is_read_in_few_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every comma inside the row looks like the end of one; attempts must not grow with the square of its size."""
    attempts: list[int] = []
    read = formats._lines

    def counted(part: bytes) -> bytes | None:
        attempts.append(len(part))
        return read(part)

    monkeypatch.setattr(formats, "_lines", counted)
    row = [{"a": [{"b": n}, {"c": n}]} for n in range(60_000)]
    text = json.dumps([row])
    assert lines(json_array(body(text))) == [row]
    assert sum(attempts) < 40 * len(text)


def test_bytes_order_mark_is_no_part_of_the_body() -> None:
    assert lines(json_array(body(b"\xef\xbb\xbf[1]"))) == lines(ndjson(body(b"\xef\xbb\xbf1"))) == [1]


@pytest.mark.parametrize("end", [b"", b"\n", b'\n{"a":1}\n'])
def test_line_that_never_ends_is_cut_and_costs_no_memory(end: bytes) -> None:
    text = b'{"a":1}\n"' + b"x" * 5 * MAX_LINE_BYTES + b'"' + end
    found = [line for block in ndjson(body(text)) for line in block.split(b"\n") if line]
    assert max(map(len, found)) <= MAX_LINE_BYTES
    assert [line for line in found if line.startswith(b"{")] == [b'{"a":1}'] * (1 + end.count(b"{"))
    assert len(found) == 2 + end.count(b"{")


@settings(max_examples=20)
@given(st.lists(st.integers(0, 9), min_size=1))
def test_blocks_are_whole_lines(rows: list[int]) -> None:
    text = "\n".join(map(str, rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "BLOCK_BYTES", 3)
        blocks = list(ndjson(body(text)))
    assert b"".join(blocks) == text.encode()
    assert all(block.endswith(b"\n") for block in blocks[:-1])
