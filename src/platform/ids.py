"""The ids of rows, as requests tell them."""

from typing import Annotated

import msgspec

from src.platform.paging import whole_number

MAX_ID = 2**63 - 1
RowId = Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)]


def read_id(text: str) -> int | None:
    """The id that ASCII digits write; None for what can't be one."""
    number = whole_number(text, MAX_ID + 1)
    return number if number is not None and 0 < number <= MAX_ID else None
