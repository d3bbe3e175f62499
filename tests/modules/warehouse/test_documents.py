"""The OpenAPI document tells every field of every row, and every parameter."""

from typing import Any

import pytest
from litestar import Litestar

from src.modules.warehouse import SHOWN
from src.platform.resources import MODIFIED
from tests.modules.warehouse.analyst import BASE, COUNT_AS_OF, MARK

IDS = {"id", "id__exact", "id__gt", "id__gte", "id__lt", "id__lte"}
OTHERS = {"sort", "changed_after", "page", "limit", "cursor"}
DATES = {f"{MODIFIED}__{name}" for name in ("gt", "gte", "lt", "lte")}
PATHS = (BASE, "/api/v1/remote/{channel_id}/data-warehouse/")


@pytest.fixture(scope="module")
def document(app: Litestar) -> Any:
    return app.openapi_schema.to_schema()


def schema(document: Any, told: Any) -> Any:
    """What a reference stands for."""
    return document["components"]["schemas"][told["$ref"].rpartition("/")[2]]


@pytest.mark.parametrize("base", PATHS)
def test_fields_are_described(document: Any, base: str) -> None:
    for path, resource in SHOWN.items():
        answer = document["paths"][base + path]["get"]["responses"]["200"]
        page = schema(document, answer["content"]["application/json"]["schema"])
        assert set(page["required"]) == {"count", "next", "previous", "results"}
        row = schema(document, page["properties"]["results"]["items"])
        described = {name: told.get("description") for name, told in row["properties"].items()}
        assert described == {known.name: resource.meaning(known) for known in resource.fields}
        assert set(row["required"]) == described.keys()
        assert {name.lower() for name in answer["headers"]} == {MARK.lower(), COUNT_AS_OF.lower()}


@pytest.mark.parametrize("base", PATHS)
def test_parameters_are_those_that_are_understood(document: Any, base: str) -> None:
    for path, resource in SHOWN.items():
        told = document["paths"][base + path]["get"]["parameters"]
        dated = DATES if MODIFIED in resource.by_name else set()
        assert {parameter["name"] for parameter in told if parameter["in"] == "query"} == IDS | OTHERS | dated


def test_kinds_of_values_are_told(document: Any) -> None:
    fields = document["components"]["schemas"]["OrdersOrdersRow"]["properties"]
    assert fields["id"]["type"] == "integer"
    assert fields["created_date"]["format"] == "date-time"
    assert {"string", "null"} == {kind.get("type") for kind in fields["amount"]["oneOf"]}
