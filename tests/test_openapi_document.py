"""The document of the whole application: valid, complete, and changed only on purpose."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from openapi_spec_validator import validate

from src.platform.dialects import render
from src.platform.errors import NotFound

# One line per operation, as the failing test shows it.
KNOWN_OPERATIONS = Path(__file__).parent / "openapi_operations.txt"
PUBLIC = {"healthLive", "healthReady", "pushPublicKey", "showLinkedCollection"}


@pytest.fixture(scope="module")
def document(app: Litestar) -> Any:
    return app.openapi_schema.to_schema()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Method, path and operation, in order of the path."""
    for path, item in sorted(document["paths"].items()):
        for method in sorted(item):
            yield method.upper(), path, item[method]


def test_document_is_valid(document: Any) -> None:
    validate(document)


async def test_document_and_page_are_served(client: httpx.AsyncClient, document: Any) -> None:
    assert (await client.get("/schema/openapi.json")).json() == document
    assert (await client.get("/schema")).headers["Content-Type"].startswith("text/html")


def test_operations_change_only_on_purpose(document: Any) -> None:
    told = "".join(f"{operation['operationId']} {method} {path}\n" for method, path, operation in operations(document))
    assert told == KNOWN_OPERATIONS.read_text()


def test_operation_ids_are_names_and_differ(document: Any) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    assert all(name.isalnum() and name[0].islower() for name in ids)


def test_paths_are_documented_once_without_their_trailing_slash(document: Any) -> None:
    assert not [path for path in document["paths"] if path.endswith("/")]


def test_operations_have_tag_summary_and_description(document: Any) -> None:
    bare = [
        operation["operationId"]
        for _, _, operation in operations(document)
        if not (operation.get("tags") and operation.get("summary") and operation.get("description"))
    ]
    assert bare == []


def test_only_health_the_push_key_and_links_of_collections_are_public(document: Any) -> None:
    public = {operation["operationId"] for _, _, operation in operations(document) if "security" in operation}
    assert public == PUBLIC


def test_private_operations_document_refusal_and_outage(document: Any) -> None:
    for _, _, operation in operations(document):
        if operation["operationId"] not in PUBLIC:
            assert {"401", "403", "503"} <= set(operation["responses"]), operation["operationId"]


def test_writing_operations_document_their_bodies(document: Any) -> None:
    for _, _, operation in operations(document):
        refuses_bodies = {"413", "415"} <= set(operation["responses"])
        assert refuses_bodies == ("requestBody" in operation), operation["operationId"]


def test_failures_have_the_media_type_of_their_dialect(document: Any) -> None:
    for _, path, operation in operations(document):
        _, media_type = render(NotFound(), path, "en")
        for status, response in operation["responses"].items():
            if status >= "400" and operation["operationId"] not in PUBLIC:
                assert list(response["content"]) == [media_type], (operation["operationId"], status)


def test_no_failure_has_the_frameworks_own_shape(document: Any) -> None:
    assert not [
        operation["operationId"] for _, _, operation in operations(document) if _holds_framework_error(operation)
    ]


def _holds_framework_error(part: Any) -> bool:
    if isinstance(part, dict):
        if set(part.get("properties", ())) == {"status_code", "detail", "extra"}:
            return True
        return any(_holds_framework_error(value) for value in part.values())
    return isinstance(part, list) and any(_holds_framework_error(value) for value in part)
