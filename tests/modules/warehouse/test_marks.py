"""Marks: what they say in SQL is what PostgreSQL says of its snapshots, and nothing but a mark is one."""

import base64
import contextlib
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.warehouse.marks import MOST_RUNNING, Mark, Now, Snapshot, read_mark
from src.platform.errors import InvalidFields, ServiceUnavailable
from tests.factories import Factory

SYSTEM = 7_300_000_000_000_000_001
# Of all transactions up to 60: which ones PostgreSQL sees in a snapshot, and which ones we do and don't.
JUDGED = """
SELECT array_agg(changed_xid) FILTER (WHERE pg_visible_in_snapshot(changed_xid::text::xid8, %s::pg_snapshot)),
       array_agg(changed_xid) FILTER (WHERE {seen}), array_agg(changed_xid) FILTER (WHERE NOT {unseen})
FROM generate_series(1, 60) AS row (changed_xid)
"""


def mark(xmin: int, xmax: int, *running: int, system: int = SYSTEM) -> Mark:
    """A mark of a snapshot."""
    return Mark(system, Snapshot(xmin, xmax, running))


async def test_conditions_are_those_of_postgresql(factory: Factory) -> None:
    chance = random.Random(5)
    for _ in range(40):
        xmin = chance.randint(2, 50)
        running = sorted(chance.sample(range(xmin, 58), chance.randint(0, 5)))
        told = f"{running[0] if running else xmin}:{chance.randint(running[-1] + 1 if running else xmin, 60)}:"
        told += ",".join(map(str, running))
        snapshot = Snapshot.read(told)
        statement = JUDGED.format(seen=snapshot.seen("row"), unseen=snapshot.unseen("row"))
        async with factory.database.read() as connection:
            expected, seen, not_unseen = await (await connection.execute(statement.encode(), [told])).fetchone() or ()
        assert seen == not_unseen == expected, told


@given(
    st.integers(1, 2**62),
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 2**32), max_size=20),
    st.integers(-(2**63), 2**63 - 1),
)
def test_mark_is_read_as_it_was_written(xmin: int, span: int, running: list[int], system: int) -> None:
    written = mark(xmin, xmin + span, *(xmin + distance for distance in running if distance < span), system=system)
    assert read_mark(str(written)) == written


@given(st.text() | st.binary(max_size=60).map(lambda noise: base64.urlsafe_b64encode(noise).decode()))
def test_anything_else_is_refused(text: str) -> None:
    with contextlib.suppress(InvalidFields):
        assert read_mark(text).snapshot.xmax < 2**63


@pytest.mark.parametrize(
    "told",
    [
        [SYSTEM, 5, 3, [3]],
        [SYSTEM, 0, 3, []],
        [SYSTEM, 2**63 - 1, 1, []],
        [SYSTEM, 5, 2**32, []],
        [SYSTEM, 5, 3, [-1]],
        [SYSTEM, 5, 3, ["1; DROP TABLE users"]],
        [SYSTEM, 5, 2**31, list(range(MOST_RUNNING + 1))],
        [SYSTEM, 5, 3, [], 1],
        [SYSTEM, 5, 3],
        {"system": SYSTEM},
        "mark",
    ],
)
def test_mark_that_no_database_writes_is_refused(told: object) -> None:
    with pytest.raises(InvalidFields):
        read_mark(base64.urlsafe_b64encode(msgspec.msgpack.encode(told)).decode().rstrip("="))


def test_mark_of_the_future_or_of_another_database_is_refused() -> None:
    now = Now.read(SYSTEM, "10:20:10,15", False, 0)
    now.check(mark(20, 20), "changed_after")
    of_other_timeline = Now.read(SYSTEM, "5:6:", False, 1).mark
    for wrong in (mark(5, 21), mark(5, 6, system=SYSTEM + 1), of_other_timeline):
        with pytest.raises(InvalidFields):
            now.check(wrong, "changed_after")


def test_replica_that_is_behind_a_mark_asks_to_wait() -> None:
    now = Now.read(SYSTEM, "10:20:", True, 0)
    now.check(mark(5, 10), "changed_after")
    # It may have seen the newest transaction before an older one, which is still to end.
    for ahead in (mark(5, 21), mark(5, 11)):
        with pytest.raises(ServiceUnavailable):
            now.check(ahead, "changed_after")
    with pytest.raises(InvalidFields):
        now.check(mark(5, 6, system=SYSTEM + 1), "changed_after")


def test_replica_is_only_sure_of_what_is_older_than_all_that_runs() -> None:
    assert Now.read(SYSTEM, "10:20:", True, 0).mark == mark(10, 10)
    assert Now.read(SYSTEM, "10:20:10,15", False, 0).mark == mark(10, 20, 10, 15)


def test_mark_stays_short_however_many_transactions_run() -> None:
    running = range(100, 100 + 20 * MOST_RUNNING, 10)
    told = f"100:{10**6}:{','.join(map(str, running))}"
    assert Now.read(SYSTEM, told, False, 0).mark == mark(100, 100)
    most = mark(10**9, 10**9 + 10**8, *(10**9 + 10**5 * n for n in range(MOST_RUNNING)))
    assert read_mark(str(most)) == most
