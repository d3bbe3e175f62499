"""How values look on the wire: times with microseconds and Z, money as text or as exact numbers."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

CENT = Decimal("0.01")


def time(value: datetime) -> str:
    """RFC 3339 in UTC, always with microseconds, and Z."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def optional_time(value: datetime | None) -> str | None:
    """`time` of a value that may be missing."""
    return None if value is None else time(value)


def sql_time(value: str) -> str:
    """`time` of a value as the SQL expression of its text."""
    return f"""to_char({value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def money(value: Decimal) -> str:
    """An amount with two decimals, as the commerce and warehouse dialects write it."""
    return str(value.quantize(CENT))


def optional_money(value: Decimal | None) -> str | None:
    """`money` of a value that may be missing."""
    return None if value is None else money(value)


def read_json(text: str | bytes) -> Any:
    """What PostgreSQL keeps as JSON; a number beyond every float becomes an infinite one."""
    try:
        return msgspec.json.decode(text)
    except msgspec.ValidationError:
        return json.loads(text, parse_int=float)


def _refuse(value: object) -> Any:
    raise TypeError(f"{type(value).__name__} has no form on the wire")


JSON_ENCODER = msgspec.json.Encoder(enc_hook=_refuse)
"""Decimals become strings."""

NUMBER_ENCODER = msgspec.json.Encoder(enc_hook=_refuse, decimal_format="number")
"""Decimals become JSON numbers with exactly their digits, as the storefront dialect writes money."""
