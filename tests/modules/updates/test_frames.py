"""What a follower is told: exactly what is new, and after any interruption exactly the rest."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.updates.frames import told
from src.modules.updates.freshness import Entry, is_fresh
from src.modules.updates.positions import Place, Position, Snapshot, decode
from src.modules.updates.rules import Kind
from src.modules.updates.services import Element

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
# Of three moments: what came after each, and not after the next, was written by the transactions between them.
FIRST, SECOND, THIRD = Snapshot(100, 100), Snapshot(110, 110), Snapshot(120, 120)
OLD, NEW, NEWEST = 50, 105, 115


def at(second: int) -> datetime:
    """A moment."""
    return BEGIN + timedelta(seconds=second)


def price(xid: int, second: int, *, null: bool = False) -> Entry:
    """A change of a price."""
    return Entry(xid, "price", null, at(second))


def stock(xid: int, second: int, *, null: bool = False) -> Entry:
    """A change of a stock."""
    return Entry(xid, "availability", null, at(second))


def activity(xid: int, second: int) -> Entry:
    """A product put up for sale or taken down."""
    return Entry(xid, "activity", False, at(second))


@pytest.mark.parametrize(
    ("kind", "entries", "fresh"),
    [
        pytest.param("price_changed", [price(NEW, 5)], True, id="caused by what is new"),
        pytest.param("price_changed", [price(NEW, 5), price(NEWEST, 7)], True, id="of several new ones by one"),
        pytest.param("price_changed", [stock(NEW, 5)], False, id="another thing changed at the same time"),
        pytest.param("price_changed", [price(OLD, 5), stock(NEW, 5)], False, id="seen, and another thing is new"),
        pytest.param("newly_available", [stock(NEW, 5)], True, id="stock"),
        pytest.param("newly_available", [activity(NEW, 5)], True, id="activity"),
        pytest.param("out_of_stock", [price(NEW, 5)], False, id="a price says nothing of stock"),
        pytest.param("price_changed", [price(NEW, 4)], False, id="changed again by what is not known yet"),
        pytest.param("price_changed", [price(NEW, 6), price(OLD, 5)], False, id="new is later and was without effect"),
        pytest.param("price_changed", [price(NEW, 4), price(OLD, 5)], False, id="late one of another list"),
        pytest.param("price_changed", [price(NEW, 4, null=True), price(OLD, 5)], True, id="late one uncovers a list"),
        pytest.param("price_changed", [price(NEW, 4), price(OLD, 5, null=True)], True, id="late one beside a first"),
        pytest.param("newly_available", [stock(NEW, 4), stock(OLD, 5)], False, id="late stock of another list"),
        pytest.param("newly_available", [stock(NEW, 4, null=True), stock(OLD, 5)], True, id="late stock uncovers"),
        pytest.param(
            "newly_available", [activity(NEW, 4), stock(OLD, 5)], True, id="stock came before it was for sale"
        ),
        pytest.param("newly_available", [stock(NEW, 4), activity(OLD, 5)], True, id="for sale before there was stock"),
        pytest.param("newly_available", [activity(NEW, 4), activity(OLD, 5)], False, id="late activity"),
    ],
)
def test_element_is_fresh(kind: Kind, entries: list[Entry], fresh: bool) -> None:
    assert is_fresh(kind, at(5), entries, FIRST) is fresh
    assert not is_fresh(kind, at(5), [entry for entry in entries if entry.xid == OLD], FIRST)


def element(kind: Kind, favourite: int, second: int) -> Element:
    """An element of a favourite whose product has the same number."""
    return Element(kind, favourite, favourite, at(second), f"{favourite} {kind} {second}".encode())


def bodies(events: list[bytes]) -> list[bytes]:
    return [event.partition(b"\ndata: ")[2].removesuffix(b"\n\n") for event in events]


def ids(events: list[bytes]) -> list[str]:
    return [event.partition(b"\nid: ")[2].partition(b"\n")[0].decode() for event in events]


def test_events_come_in_the_order_of_the_changes_with_kind_and_id() -> None:
    elements = [element("out_of_stock", 1, 9), element("price_changed", 2, 3), element("newly_available", 3, 5)]
    entries = {1: [stock(NEW, 9)], 2: [price(NEW, 3)], 3: [stock(NEW, 5)]}
    events = told(elements, entries, Position(FIRST), SECOND)
    assert [event.partition(b"\n")[0] for event in events] == [
        b"event: price_changed",
        b"event: newly_available",
        b"event: out_of_stock",
    ]
    assert all(event.endswith(b"\n\n") and event.count(b"\n") == 4 for event in events)
    assert decode(ids(events)[-1]) == Position(SECOND)


# A product is either available or not.
KEYS: list[tuple[Kind, int]] = [("price_changed", each) for each in range(1, 7)] + [
    ("newly_available" if each % 2 else "out_of_stock", each) for each in range(1, 7)
]
CHANGES = st.dictionaries(
    st.sampled_from(KEYS),
    st.tuples(st.sampled_from([OLD, NEW, NEWEST]), st.integers(0, 9)),
    max_size=12,
)


def shop(
    changes: dict[tuple[Kind, int], tuple[int, int]], visible: int
) -> tuple[list[Element], dict[int, list[Entry]]]:
    """The elements and the log after the transactions up to `visible`; times need not be in their order."""
    elements, entries = [], dict[int, list[Entry]]()
    for (kind, favourite), (xid, second) in changes.items():
        if xid <= visible:
            elements.append(element(kind, favourite, second))
            make = price if kind == "price_changed" else stock
            entries.setdefault(favourite, []).append(make(xid, second))
    return elements, entries


@given(CHANGES, st.integers(0, 12), st.integers(0, 12))
def test_interruptions_anywhere_neither_lose_nor_repeat(
    changes: dict[tuple[Kind, int], tuple[int, int]], first_cut: int, second_cut: int
) -> None:
    # Of each product one thing changes, or two kinds of things: what came late uncovers nothing here.
    expected = sorted(element(*key, second).body for key, (xid, second) in changes.items() if xid > OLD)
    position = Position(FIRST)
    received: list[bytes] = []
    for until, visible, cut in ((SECOND, NEW, first_cut), (THIRD, NEWEST, second_cut), (THIRD, NEWEST, 99)):
        events = told(*shop(changes, visible), position, until)[:cut]
        received += bodies(events)
        if events:
            position = decode(ids(events)[-1])
    assert sorted(received) == expected


def test_place_of_an_interruption_is_kept_when_what_follows_is_interrupted_too() -> None:
    changes: dict[tuple[Kind, int], tuple[int, int]] = {
        ("price_changed", 1): (NEW, 5),
        ("price_changed", 2): (NEW, 6),
        ("price_changed", 3): (NEWEST, 1),
    }
    [first, _] = told(*shop(changes, NEW), Position(FIRST), SECOND)
    position = decode(ids([first])[0])
    assert position == Position(SECOND, FIRST, Place(int(at(5).timestamp() * 1_000_000), 1, 1))
    events = told(*shop(changes, NEWEST), position, THIRD)
    assert bodies(events) == [b"2 price_changed 6", b"3 price_changed 1"]
    assert [decode(each) for each in ids(events)] == [Position(SECOND), Position(THIRD)]
