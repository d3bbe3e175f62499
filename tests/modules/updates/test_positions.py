"""Event ids: whatever a follower was told, its id says so, and nothing else is taken for one."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.updates.positions import MAX_LENGTH, Place, Position, Snapshot, decode, encode
from src.platform.database import Database
from src.platform.errors import Invalid


@st.composite
def snapshots(draw: st.DrawFn, least: int = 1) -> Snapshot:
    """Any snapshot whose transactions are not older than `least`."""
    xmin = least + draw(st.integers(0, 2**40))
    gaps = draw(st.lists(st.integers(1, 300), max_size=20))
    running = tuple(xmin + sum(gaps[:place]) for place in range(len(gaps)))
    return Snapshot(xmin, (running[-1] if running else xmin) + draw(st.integers(1, 300)), running)


@st.composite
def positions(draw: st.DrawFn) -> Position:
    """Any position."""
    before = draw(snapshots())
    until = draw(snapshots(before.xmax))
    place = Place(*draw(st.tuples(*[st.integers(0, 2**63)] * 3)))
    return Position(until, before, place) if draw(st.booleans()) else Position(until)


@given(positions())
def test_id_tells_its_position(position: Position) -> None:
    text = encode(position)
    assert decode(text) == position
    assert text.replace("-", "").replace("_", "").isalnum()


@given(positions(), st.integers(0, 200), st.characters(codec="utf-8"))
def test_id_that_was_changed_is_refused_or_another_valid_one(position: Position, place: int, letter: str) -> None:
    text = encode(position)
    place %= len(text)
    changed = text[:place] + letter + text[place + 1 :]
    with suppress(Invalid):
        assert encode(decode(changed)) == changed


@given(st.text(max_size=60) | st.binary(max_size=60).map(bytes.hex))
def test_any_text_is_refused_or_what_its_position_is_written_as(text: str) -> None:
    with suppress(Invalid):
        assert encode(decode(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A" * MAX_LENGTH,
        "A" * (MAX_LENGTH + 4),
        "_" * 400,  # a number without an end
        encode(Position(Snapshot(5, 9, (6,)))) + "AAAA",
        encode(Position(Snapshot(5, 9), Snapshot(7, 20), Place(1, 2, 3))),  # what came before is later
    ],
)
def test_senseless_id_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode(text)
    assert refused.value.fields == {"Last-Event-ID": "Not a valid value"}


@given(snapshots(), st.integers(-3, 700))
def test_snapshot_reads_its_own_text(snapshot: Snapshot, beyond: int) -> None:
    assert Snapshot.parse(str(snapshot)) == snapshot
    xid = snapshot.xmin + beyond
    assert snapshot.sees(xid) == (xid < snapshot.xmax and xid not in snapshot.running)


async def test_snapshot_sees_what_postgresql_says(database: Database) -> None:
    snapshot = Snapshot(100, 120, (100, 103, 117))
    async with database.read() as connection:
        cursor = await connection.execute(
            "SELECT array_agg(pg_visible_in_snapshot(xid::text::xid8, %s::pg_snapshot) ORDER BY xid)"
            " FROM generate_series(95, 125) AS xid",
            (str(snapshot),),
        )
        [[visible]] = await cursor.fetchall()
    assert visible == [snapshot.sees(xid) for xid in range(95, 126)]
