"""Category nodes by the names on the way to them, made where they are missing.

A node's `path` is that of its parent and four more characters, a number to base 36 that counts the parent's children.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from src.platform.database import Connection

STEP = 4
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

NODES = 'SELECT id, path, name FROM category_node ORDER BY path COLLATE "C", id'
IDS = "SELECT nextval(pg_get_serial_sequence('category_node', 'id')) FROM generate_series(1, %s)"
ADD = """
INSERT INTO category_node (id, path, depth, name)
SELECT * FROM unnest(%(ids)s::bigint[], %(paths)s::text[], %(depths)s::integer[], %(names)s::text[])
"""
COUNT_CHILDREN = """
UPDATE category_node SET numchild = (
    SELECT count(*) FROM category_node AS child
    WHERE child.path LIKE category_node.path || '____' AND child.depth = category_node.depth + 1)
WHERE path = ANY(%(parents)s::text[])
"""

Names = tuple[str, ...]


class Node(NamedTuple):
    """A node that is there: its id is known."""

    id: int
    path: str
    name: str


class Missing(NamedTuple):
    """A node that has to be made."""

    names: Names
    path: str


async def nodes_by_names(connection: Connection, wanted: Iterable[Names]) -> dict[Names, int]:
    """The id of the node that each of `wanted` leads to; whoever calls has the turn of the catalogue's writers."""
    stored = [Node(*row) async for row in await connection.execute(NODES)]
    known, missing = plan(stored, wanted)
    if missing:
        cursor = await connection.execute(IDS, (len(missing),))
        ids = [number async for (number,) in cursor]
        await connection.execute(
            ADD,
            {
                "ids": ids,
                "paths": [node.path for node in missing],
                "depths": [len(node.names) for node in missing],
                "names": [node.names[-1] for node in missing],
            },
        )
        await connection.execute(COUNT_CHILDREN, {"parents": list({node.path[:-STEP] for node in missing})})
        known |= {node.names: made for node, made in zip(missing, ids, strict=True)}
    return known


def plan(stored: Sequence[Node], wanted: Iterable[Names]) -> tuple[dict[Names, int], list[Missing]]:
    """Which names lead to stored nodes, and what is missing for the others, parents first."""
    children: dict[tuple[str, str], Node] = {}
    last: dict[str, int] = {}
    for node in stored:
        parent = node.path[:-STEP]
        # Of two siblings with one name, the first is meant.
        children.setdefault((parent, node.name), node)
        last[parent] = max(last.get(parent, 0), _number(node.path[-STEP:]))
    known: dict[Names, int] = {}
    paths: dict[Names, str] = {(): ""}
    missing: list[Missing] = []
    ways = {names[:depth] for names in wanted for depth in range(1, len(names) + 1)}
    for names in sorted(ways, key=lambda names: (len(names), names)):
        parent = paths[names[:-1]]
        found = children.get((parent, names[-1]))
        if found:
            known[names], paths[names] = found.id, found.path
            continue
        last[parent] = last.get(parent, 0) + 1
        paths[names] = parent + _text(last[parent])
        missing.append(Missing(names, paths[names]))
    return known, missing


def _number(step: str) -> int:
    """The number that a step of a path stands for; 0 for one that was not made like ours."""
    number = 0
    for digit in step:
        if digit not in DIGITS:
            return 0
        number = number * len(DIGITS) + DIGITS.index(digit)
    return number


def _text(number: int) -> str:
    digits = ""
    for _ in range(STEP):
        number, digit = divmod(number, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits
