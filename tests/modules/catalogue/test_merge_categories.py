"""Category nodes found and made by the names on the way to them."""

from hypothesis import given
from hypothesis import strategies as st

from src.modules.catalogue.merge_categories import Names, Node, nodes_by_names, plan
from src.platform.database import Database

NAMES = st.lists(st.sampled_from(["A", "B", "C"]), min_size=1, max_size=4).map(tuple)


def stored(*names: str) -> list[Node]:
    """Nodes of these paths: `0001:A`."""
    return [Node(number, *told.split(":")) for number, told in enumerate(names, 1)]


def test_what_is_there_is_found_and_the_rest_planned_parents_first() -> None:
    known, missing = plan(stored("0001:A", "00010002:B", "0003:C"), [("A", "B"), ("A", "D", "E"), ("F",)])
    assert known == {("A",): 1, ("A", "B"): 2}
    assert missing == [(("F",), "0004"), (("A", "D"), "00010003"), (("A", "D", "E"), "000100030001")]


def test_of_two_nodes_with_one_name_the_first_is_meant() -> None:
    assert plan(stored("0001:A", "0002:A"), [("A",)]) == ({("A",): 1}, [])


def test_numbers_are_to_base_36_and_foreign_ones_are_passed_over() -> None:
    _, missing = plan(stored("000Z:A", "ab-d:B"), [("C",)])
    assert missing == [(("C",), "0010")]


@given(st.lists(NAMES), st.lists(NAMES))
def test_planned_nodes_are_found_afterwards(before: list[Names], wanted: list[Names]) -> None:
    _, first = plan([], before)
    nodes = [Node(number, node.path, node.names[-1]) for number, node in enumerate(first, 1)]
    known, missing = plan(nodes, wanted)
    nodes += [Node(len(nodes) + number, node.path, node.names[-1]) for number, node in enumerate(missing, 1)]
    assert len({node.path for node in nodes}) == len(nodes)
    assert all(node.path[:-4] in {"", *(other.path for other in nodes)} for node in nodes)
    again, none = plan(nodes, wanted)
    assert none == []
    assert again.keys() >= set(wanted)
    assert known.items() <= again.items()


async def test_nodes_are_made_once_and_count_their_children(database: Database) -> None:
    wanted = [("A", "B"), ("A", "C"), ("D",)]
    async with database.transaction() as work:
        made = await nodes_by_names(work.connection, wanted)
    async with database.transaction() as work:
        assert await nodes_by_names(work.connection, [*wanted, ("A",)]) == {**made, ("A",): made[("A",)]}
    async with database.read() as connection:
        cursor = await connection.execute("SELECT id, path, depth, numchild, name FROM category_node ORDER BY path")
        assert await cursor.fetchall() == [
            (made[("A",)], "0001", 1, 2, "A"),
            (made[("A", "B")], "00010001", 2, 0, "B"),
            (made[("A", "C")], "00010002", 2, 0, "C"),
            (made[("D",)], "0002", 1, 0, "D"),
        ]
