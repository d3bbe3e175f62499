"""Request bodies as the published clients send them: JSON, URL-encoded or multipart, numbers perhaps as strings."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Request
from litestar.exceptions import ClientException

from src.platform.errors import Invalid, InvalidFields, UnsupportedMedia

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
# The published client sends no Content-Type with some bodies and text/plain with others; both hold JSON.
JSON_TYPES = frozenset({"", "application/json", "text/plain"})
MAX_FIELDS = 100
EXACT: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)
WHOLE_NUMBER = re.compile("-?[0-9]+")
NOT_OF_TYPE = {int: "A valid whole number is required", UUID: "Must be a valid UUID"}

StructT = TypeVar("StructT", bound=msgspec.Struct)
AnyRequest = Request[Any, Any, Any]


async def read_fields(request: AnyRequest, struct: type[StructT]) -> StructT:
    """The body as a `struct`; raises InvalidFields naming every field that does not fit."""
    return convert_fields(await _fields(request), struct)


async def read_json(request: AnyRequest, struct: type[StructT]) -> StructT:
    """The body, which must be JSON, as a `struct`; raises InvalidFields naming every field that does not fit."""
    if request.content_type[0].lower() not in JSON_TYPES:
        raise UnsupportedMedia
    return convert_fields(_json_object(await request.body(), exact=_has_amounts(struct)), struct)


async def _fields(request: AnyRequest) -> Mapping[str, Any]:
    content_type = request.content_type[0].lower()
    if content_type in JSON_TYPES:
        return _json_object(await request.body())
    if content_type == FORM:
        try:
            return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
        except ValueError as error:
            raise Invalid("The form could not be read") from error
    if content_type == MULTIPART:
        # Whole and first: what is too large is told as such, and the digest of an Idempotency-Key reads it again.
        await request.body()
        try:
            return dict((await request.form()).items())
        except (ValueError, LookupError, ClientException) as error:
            raise Invalid("The form could not be read") from error
    raise UnsupportedMedia


def _json_object(body: bytes, *, exact: bool = False) -> Mapping[str, Any]:
    try:
        content = EXACT.decode(body) if exact else msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("The body is not valid JSON") from error
    if not isinstance(content, dict):
        raise Invalid("The body must be a JSON object")
    return content


def convert_fields(fields: Mapping[str, Any], struct: type[StructT]) -> StructT:
    """`fields` as a `struct`, each converted on its own so that every fault is told at once."""
    known = _fields_of(struct)
    faults = {name: "Unknown field" for name in fields if name not in known}
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name not in fields:
            if field.required:
                faults[name] = "Field is required"
            continue
        value = fields[name]
        if value is None and field.required:
            faults[name] = "Field is required"
            continue
        try:
            values[field.name] = convert_value(value, field.type)
        except msgspec.ValidationError:
            faults[name] = NOT_OF_TYPE.get(_base(field.type), "Not a valid value")
    if faults:
        raise InvalidFields(faults)
    return struct(**values)


@cache
def _fields_of(struct: type[msgspec.Struct]) -> Mapping[str, Any]:
    return {field.encode_name: field for field in msgspec.structs.fields(struct)}


@cache
def _has_amounts(struct: type[msgspec.Struct]) -> bool:
    """Whether some field is a Decimal, which must not have been a float on its way."""
    return any(Decimal in _kinds(field.type) for field in msgspec.structs.fields(struct))


def _base(kind: Any) -> Any:
    """The type below its constraints."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _kinds(kind: Any) -> tuple[Any, ...]:
    """The types of a union, or the one type, below their constraints."""
    return tuple(map(_base, get_args(kind))) if get_origin(kind) in (Union, UnionType) else (_base(kind),)


def convert_value(value: object, kind: Any) -> Any:
    """`value` as `kind`, numbers in strings accepted; raises msgspec.ValidationError."""
    if isinstance(value, bool):
        return msgspec.convert(value, kind)  # a lax conversion takes true for 1
    if isinstance(value, str) and int in _kinds(kind) and not WHOLE_NUMBER.fullmatch(value):
        raise msgspec.ValidationError("not a whole number")  # a lax conversion takes 1e3 for 1000
    try:
        unstorable = _is_unstorable(value)
    except RecursionError as error:
        raise msgspec.ValidationError("nested too deep") from error
    if unstorable:
        raise msgspec.ValidationError("PostgreSQL can't store this text")
    return msgspec.convert(value, kind, strict=False)


def _is_unstorable(value: object) -> bool:
    """Whether a text in `value` holds U+0000 or a lone surrogate, which PostgreSQL can't store."""
    if isinstance(value, str):
        try:
            return b"\0" in value.encode()
        except UnicodeEncodeError:
            return True
    if isinstance(value, dict):
        return any(_is_unstorable(key) or _is_unstorable(item) for key, item in value.items())
    return isinstance(value, list) and any(_is_unstorable(item) for item in value)
