"""What is declared: every documented resource, and what each of its fields is."""

from typing import Any

import pytest
from litestar import Litestar

from src.modules.integration.registry import RESOURCES
from src.modules.warehouse import SHOWN
from src.modules.warehouse.registry import ORDER
from src.platform.resources import MODIFIED
from tests.modules.warehouse.rows import EXAMPLES

UNDATED = {
    "account/email-addresses",
    "audit-events",
    "cms/widget-types",
    "content-types",
    "deleted-items",
    "payments/pos",
    "redirects",
    "reversions/revisions",
    "reversions/versions",
    "social-account/accounts",
}


def test_every_documented_resource_is_there_in_its_place() -> None:
    assert tuple(SHOWN) == ORDER
    assert len(ORDER) == 49


def test_every_resource_can_be_fed() -> None:
    assert {path: RESOURCES[path].table for path in SHOWN} == {path: shown.table for path, shown in SHOWN.items()}


@pytest.mark.parametrize("path", ORDER)
def test_fields_are_those_of_the_document_and_more_where_a_module_is_alive(path: str) -> None:
    documented = {name for row in EXAMPLES[path] for name in row}
    if SHOWN[path].table.name.startswith(SHOWN[path].content_type.split(".")[0] + "_"):
        assert SHOWN[path].by_name.keys() == documented
    assert SHOWN[path].by_name.keys() >= documented


def test_resources_have_a_modified_date_where_the_document_has_one() -> None:
    assert {path for path, resource in SHOWN.items() if MODIFIED not in resource.by_name} == UNDATED


@pytest.mark.parametrize("path", ORDER)
def test_resource_and_each_of_its_fields_is_described(path: str) -> None:
    resource = SHOWN[path]
    assert resource.shown
    assert resource.shown.title
    assert resource.shown.about.endswith(".")
    assert [known.name for known in resource.fields if not resource.meaning(known).endswith(".")] == []
    assert resource.shown.docs.keys() <= resource.by_name.keys()


def test_way_in_documents_what_fields_mean(app: Litestar) -> None:
    document: Any = app.openapi_schema.to_schema()
    for path, resource in SHOWN.items():
        body = document["paths"][f"/api/v1/integration/{path}"]["post"]["requestBody"]["content"]["application/json"]
        described = {name: told.get("description") for name, told in body["schema"]["items"]["properties"].items()}
        assert described.items() >= {known.name: resource.meaning(known) for known in resource.fields}.items()
