"""The lines of a basket as pure decisions: whatever is done to them, they stay lines."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.baskets.cart import Cart, Part, reference_of
from src.modules.baskets.errors import AttributesNeeded, QuantityOutOfRange

PRODUCTS = st.integers(1, 3)
ATTRIBUTES = st.sampled_from([{}, {"a": 1}, {"a": 2}])
PARTS = st.sampled_from([(), (Part(8, 2, {}),), (Part(8, 1, {}), Part(9, 3, {"a": 1}))])
STEPS = st.one_of(
    st.tuples(st.just("add"), PRODUCTS, st.integers(1, 5), ATTRIBUTES, PARTS),
    st.tuples(st.just("set"), PRODUCTS, st.integers(0, 5), st.one_of(st.none(), ATTRIBUTES)),
    st.tuples(st.just("change"), st.integers(0, 5), st.booleans(), ATTRIBUTES),
    st.tuples(st.just("store")),
)


def take(cart: Cart, step: tuple[Any, ...], number: int) -> None:
    """Do one thing to the cart; what it refuses is no matter here."""
    kind, *rest = step
    if kind == "add":
        cart.add(*rest)
    elif kind == "set":
        cart.set(*rest)
    elif kind == "change" and cart.lines:
        line = cart.lines[rest[0] % len(cart.lines)]
        if line.id is not None:
            cart.change_attributes(line.id, is_all=rest[1], attributes=rest[2])
    elif kind == "store":
        for place, line in enumerate(cart.every()):
            line.id = line.id or number * 100 + place + 1


@given(st.lists(STEPS, max_size=25))
def test_any_history_leaves_each_thing_on_one_line_and_no_unit_unaccounted_for(steps: list[tuple[Any, ...]]) -> None:
    cart = Cart([])
    for number, step in enumerate(steps):
        before = cart.units()
        try:
            take(cart, step, number)
        except (AttributesNeeded, QuantityOutOfRange):
            continue
        if step[0] in ("change", "store"):
            assert cart.units() == before
        if step[0] == "add":
            assert cart.units()[step[1]] == before.get(step[1], 0) + step[2]
        references = [line.reference for line in cart.lines]
        assert len(set(references)) == len(references)
        ids = [line.id for line in cart.every() if line.id is not None]
        assert len(set(ids)) == len(ids)
        assert not set(ids) & set(cart.removed)
        for line in cart.lines:
            parts = [Part(part.product_id, part.quantity // line.quantity, part.attributes) for part in line.parts]
            assert line.reference == reference_of(line.product_id, line.attributes, parts)
            assert all(part.quantity % line.quantity == 0 < part.quantity for part in line.parts)


def test_reference_tells_apart_what_differs_and_nothing_else() -> None:
    assert reference_of(7, {}) == "7"
    assert reference_of(7, {"a": 1, "b": [1.0]}) == reference_of(7, {"b": [1], "a": 1.0})
    parts = [Part(1, 2, {"x": 1}), Part(2, 1, {})]
    assert reference_of(7, {}, parts) == reference_of(7, {}, reversed(parts))
    different = [
        reference_of(7, {}),
        reference_of(8, {}),
        reference_of(7, {"a": 1}),
        reference_of(7, {"a": "1"}),
        reference_of(7, {"a": None}),
        reference_of(7, {"a": True}),
        reference_of(7, {}, [Part(1, 2, {})]),
        reference_of(7, {}, [Part(1, 1, {})]),
        reference_of(7, {}, [Part(1, 2, {"a": 1})]),
    ]
    assert len(set(different)) == len(different)


def test_units_of_a_line_carry_their_parts() -> None:
    cart = Cart([])
    line = cart.add(1, 3, {}, [Part(2, 4, {})])
    assert [part.quantity for part in line.parts] == [12]
    line.hold(2)
    assert [part.quantity for part in line.parts] == [8]
    one = line.split_off()
    assert ([one.quantity, one.parts[0].quantity], [line.quantity, line.parts[0].quantity]) == ([1, 4], [1, 4])


@pytest.mark.parametrize(
    ("sent", "stored"),
    [(1.0, 1), (1e23, 10**23), (1e300, 10**300), (0.1, 0.1), (1.2345678901234568e29, 1.2345678901234568e29)],
)
def test_number_is_the_same_however_the_database_writes_it(sent: float, stored: float) -> None:
    assert reference_of(1, {"a": sent}) == reference_of(1, {"a": stored})
    assert reference_of(1, {"a": sent}) != reference_of(1, {"a": str(sent)})
    assert reference_of(1, {"a": True}) != reference_of(1, {"a": 1})
