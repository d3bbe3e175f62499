"""Reads exports, and says what pages lead readers to expect."""

import io
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import ipc
from sqlalchemy import ARRAY, Date, DateTime, Numeric
from sqlalchemy.dialects.postgresql import JSONB

from src.platform.resources import Field, Resource
from tests.modules.warehouse.exporting.duck import Row, in_utc


def ndjson(content: bytes) -> list[Row]:
    """The lines."""
    assert content.endswith(b"\n") or not content
    return [json.loads(line) for line in content.decode().split("\n")[:-1]]


def arrow(content: bytes) -> list[Row]:
    """The records of Arrow's stream, with their types."""
    rows: list[Row] = ipc.open_stream(content).read_all().to_pylist()
    return [{name: in_utc(value) for name, value in row.items()} for row in rows]


def frame(content: bytes, kind: str) -> pd.DataFrame:
    """The rows as pandas reads them."""
    file = io.BytesIO(content)
    readers: Mapping[str, Callable[[], Any]] = {
        "ndjson": lambda: pd.read_json(file, lines=True),
        "csv": lambda: pd.read_csv(file),
        "parquet": lambda: pd.read_parquet(file),
        "arrow": lambda: ipc.open_stream(file).read_pandas(),
    }
    read: pd.DataFrame = readers[kind]()
    return read


def as_text(row: Row, resource: Resource) -> Row:
    """A row of a page as CSV has it; JSON is compared as such, because its text may be spaced."""
    return {name: _text(resource.by_name[name], value) for name, value in row.items()}


def as_typed(row: Row, resource: Resource) -> Row:
    """A row of a page as Parquet and Arrow have it."""
    return {name: _typed(resource.by_name[name], value) for name, value in row.items()}


def without_json_texts(row: Row, resource: Resource) -> Row:
    """A row of an export, in which texts that are JSON are read."""
    return {
        name: json.loads(value) if value is not None and _is_json(resource.by_name[name]) else value
        for name, value in row.items()
    }


def _text(known: Field, value: Any) -> Any:
    if value is None or _is_json(known) or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed(known: Field, value: Any) -> Any:
    if value is None or _is_json(known):
        return value
    match known.column.type:
        case DateTime():
            return datetime.fromisoformat(value)
        case Date():
            return date.fromisoformat(value)
        case Numeric():
            return Decimal(value)
    return value


def _is_json(known: Field) -> bool:
    return isinstance(known.column.type, JSONB | ARRAY)


def schema(content: bytes) -> pa.Schema:
    """The types of an Arrow stream."""
    return ipc.open_stream(content).schema
