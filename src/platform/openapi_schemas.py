"""JSON Schema of msgspec types, for what Litestar can't read from a handler's signature."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec
from litestar.openapi.spec import Parameter, Schema

# Litestar writes plain dictionaries out as they are; msgspec makes them to the letter of JSON Schema.
TEXT = cast("Schema", {"type": "string"})


def schema_of(kind: Any, *, numbers_as_text: bool = False) -> Schema:
    """The schema of a type, without references; `numbers_as_text` where "8" is as good as 8."""
    (schema,), components = msgspec.json.schema_components([kind], ref_template="{name}")
    return cast("Schema", _inline(schema, components, numbers_as_text))


def query_parameters(query: type[msgspec.Struct] | None) -> list[Parameter]:
    """Each field of the struct as a query parameter, optional when it has a default."""
    if query is None:
        return []
    properties = cast("dict[str, Any]", schema_of(query))["properties"]
    return [
        Parameter(
            name=known.encode_name,
            param_in="query",
            description=properties[known.encode_name].pop("description", None),
            schema=cast("Schema", _without_null(properties[known.encode_name])),
            required=known.required,
        )
        for known in msgspec.structs.fields(query)
    ]


def _inline(schema: Any, components: Mapping[str, Any], numbers_as_text: bool) -> Any:
    """`schema` with every reference replaced by what it stands for."""
    if isinstance(schema, list):
        return [_inline(item, components, numbers_as_text) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(components[schema["$ref"]], components, numbers_as_text)
    told = {key: _inline(item, components, numbers_as_text) for key, item in schema.items()}
    if numbers_as_text and told.get("type") == "integer":
        # The pattern binds texts only, a minimum numbers only.
        told |= {"type": ["integer", "string"], "pattern": "^-?[0-9]+$"}
    return told


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What a query parameter can be when it is there: its absence is the null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    return choices[0] if len(choices) == 1 else schema
