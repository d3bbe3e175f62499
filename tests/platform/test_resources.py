"""Declarations of what may be fed."""

import pytest
from sqlalchemy import BigInteger, Column, ForeignKey, Identity, MetaData, Table, Text, UniqueConstraint, text

from src.platform.resources import Reference, Resource, Unique, one_per_path

METADATA = MetaData()
SHELF = Table("shelf", METADATA, Column("id", BigInteger, Identity(), primary_key=True), Column("code", Text))
BOOK = Table(
    "book",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("shelf_id", BigInteger, ForeignKey("shelf.id")),
    Column("title", Text, nullable=False),
    Column("isbn", Text, unique=True),
    Column("secret", Text),
    Column("place", Text, server_default=text("'top'"), nullable=False),
    UniqueConstraint("title", "place"),
    UniqueConstraint("secret"),
)
BOOKS = Resource(
    path="books",
    table=BOOK,
    content_type="library.book",
    lock=1,
    hidden=frozenset({"secret"}),
    named_by={"shelf_id": "code"},
    unique=(Unique(("isbn",), {"isbn": "lower({})"}),),
)


def test_fields_are_read_from_the_table() -> None:
    assert [(known.name, known.bit) for known in BOOKS.fields] == [
        ("id", 1),
        ("shelf", 2),
        ("title", 4),
        ("isbn", 8),
        ("place", 16),
    ]
    assert {known.name: known.default for known in BOOKS.fields if known.default} == {"place": "'top'"}
    assert [known.name for known in BOOKS.fields if known.required] == ["title"]
    assert BOOKS.by_name["shelf"].reference == Reference("shelf", "code")
    assert BOOKS.by_column["shelf_id"] is BOOKS.by_name["shelf"]


def test_what_is_unique_is_read_from_the_table_unless_it_is_hidden() -> None:
    assert BOOKS.uniques == (Unique(("isbn",), {"isbn": "lower({})"}), Unique(("isbn",)), Unique(("title", "place")))


def test_two_resources_at_one_path_are_a_mistake() -> None:
    shelves = Resource(path="shelves", table=SHELF, content_type="library.shelf", lock=1)
    assert one_per_path([BOOKS, shelves, BOOKS]) == {"books": BOOKS, "shelves": shelves}
    with pytest.raises(ValueError, match="books"):
        one_per_path([BOOKS, Resource(path="books", table=SHELF, content_type="library.shelf", lock=1)])
