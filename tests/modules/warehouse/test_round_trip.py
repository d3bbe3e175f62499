"""What goes in through the integration API comes out of the warehouse: the same fields, the same values."""

import json
from typing import Any

import httpx
import pytest

from src.modules.warehouse import SHOWN
from src.modules.warehouse.resources import MIRRORED
from src.platform.resources import Resource
from tests.factories import Client, Factory
from tests.modules.integration.feeds import Feed, counts, faults
from tests.modules.warehouse.rows import EXAMPLES, in_order_of_reference

MIRRORED_PATHS = [resource.path for resource in MIRRORED]


@pytest.fixture
async def analyst(factory: Factory) -> Client:
    """A client that may feed and read."""
    return await factory.shopper("integration", "warehouse")


async def shown(analyst: Client, path: str, row_id: int) -> list[dict[str, Any]]:
    """The rows of an id."""
    response = await analyst.get(f"/api/v1/data-warehouse/{path}?id={row_id}")
    assert response.status_code == httpx.codes.OK, response.text
    page = response.json()
    assert page["count"] == len(page["results"])
    rows: list[dict[str, Any]] = page["results"]
    return rows


def as_text(row: dict[str, Any]) -> str:
    """A row as JSON, in which true is not 1."""
    return json.dumps(row, sort_keys=True)


async def test_every_example_comes_out_as_it_went_in(analyst: Client) -> None:
    for path in in_order_of_reference():
        for again in (False, True):
            answer = await analyst.post(f"/api/v1/integration/{path}", json=EXAMPLES[path])
            report = answer.json()
            assert report["rejected"] == [], path
            assert (report["unchanged"] == len(EXAMPLES[path])) == again, path
        for row in EXAMPLES[path]:
            (found,) = await shown(analyst, path, row["id"])
            assert as_text({name: found[name] for name in row}) == as_text(row), path


async def test_row_of_another_system_may_tell_nothing_but_its_id(analyst: Client, feed: Feed) -> None:
    for resource in MIRRORED:
        assert counts(await feed.rows(resource.path, {"id": 7})) == (1, 0, 0)
        (row,) = await shown(analyst, resource.path, 7)
        assert row.keys() == resource.by_name.keys()
        assert not any(row[name] for name in _without_default(resource))


async def test_fields_of_another_systems_row_may_be_null(analyst: Client, feed: Feed) -> None:
    for resource in MIRRORED:
        nulls = {known.name: None for known in resource.fields if known.column.nullable}
        assert counts(await feed.rows(resource.path, {"id": 7, **nulls})) == (1, 0, 0)
        (row,) = await shown(analyst, resource.path, 7)
        assert row.items() >= nulls.items()


async def test_rows_of_other_systems_leave_tombstones(analyst: Client, feed: Feed) -> None:
    for resource in MIRRORED:
        await feed.rows(resource.path, {"id": 7})
        answer = await analyst.delete(f"/api/v1/integration/{resource.path}/7")
        assert answer.status_code == httpx.codes.NO_CONTENT
        assert await shown(analyst, resource.path, 7) == []
    gone = await feed.query(
        "SELECT object_id, app_label || '.' || model FROM deleted_item"
        " JOIN content_type ON content_type.id = content_type_id ORDER BY deleted_item.id"
    )
    assert gone == [("7", resource.content_type) for resource in MIRRORED]


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("orders/orders", "amount", "1.234"),
        ("orders/orders", "amount", "12345678901234567.00"),
        ("orders/orders", "amount", "a lot"),
        ("orders/orders", "user", "ayla"),
        ("orders/orders", "user", 2**63),
        ("orders/orders", "has_gift_box", "yes"),
        ("orders/orders", "number", 5),
        ("orders/orders", "extra_field", []),
        ("orders/orders", "created_date", None),
        ("orders/orders", "modified_date", "2024-05-06"),
        ("orders/orders", "total", "1.00"),
        ("pretty-urls", "args", {}),
        ("social-account/accounts", "last_login", "yesterday"),
        ("social-account/accounts", "modified_date", "2024-05-06T07:08:09Z"),
    ],
)
async def test_value_of_another_kind_is_rejected(feed: Feed, path: str, field: str, value: Any) -> None:
    report = await feed.rows(path, {"id": 1, field: value}, {"id": 2})
    assert (counts(report), faults(report)) == ((1, 0, 0), {0: [field]})


async def test_owners_date_is_kept_and_ours_takes_its_place_where_none_is_told(feed: Feed) -> None:
    told = "2024-05-06T07:08:09.101112Z"
    await feed.rows("countries", {"id": 1, "name": "a", "modified_date": told})
    assert counts(await feed.rows("countries", {"id": 1, "name": "a"})) == (0, 0, 1)
    select = "SELECT modified_date = %s::timestamptz FROM address_country"
    assert await feed.query(select, told) == [True]
    assert counts(await feed.rows("countries", {"id": 1, "name": "b"})) == (0, 1, 0)
    assert await feed.query(select, told) == [False]


def _without_default(resource: Resource) -> list[str]:
    return [known.name for known in resource.fields if known.column.nullable and known.default is None]


def test_examples_are_fed_in_an_order_that_has_them_all() -> None:
    assert set(in_order_of_reference()) == EXAMPLES.keys() == SHOWN.keys()
