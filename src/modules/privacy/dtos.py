"""What operators see of the data of a person."""

from typing import Annotated, Any, TypeAlias

import msgspec

Time: TypeAlias = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class UserData(msgspec.Struct, frozen=True):
    """Everything that is kept of a user: the rows of each table that has some."""

    user_id: int
    generated_at: Time
    tables: dict[str, list[dict[str, Any]]]


class ErasureRead(msgspec.Struct, frozen=True):
    """An erasure; it is finished when what was under way as it was asked for is over, too."""

    user_id: int
    requested_at: Time
    finished_at: Time | None
