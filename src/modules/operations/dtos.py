"""What operators see and send."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

Time: TypeAlias = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"]
    version: str


class Check(msgspec.Struct, frozen=True):
    """One thing that the service stands on: how it is, and how long it took to find out."""

    state: Literal["ok", "away", "behind", "ahead", "unknown"]
    ms: float


class Checks(msgspec.Struct, frozen=True):
    """Everything that the service stands on."""

    database: Check
    migrations: Check
    cache: Check
    queue: Check


class Ready(msgspec.Struct, frozen=True):
    """Whether the service can do its work: `degraded` is right but slower, `unavailable` is not at all.

    `leaving` still serves, and is about to stop.
    """

    status: Literal["ok", "degraded", "unavailable", "leaving"]
    version: str
    checks: Checks


class SettingRead(msgspec.Struct, frozen=True):
    """A setting that changes at run time; `modified_date` is null while it was never set."""

    name: str
    value: Any
    default: Any
    modified_date: Time | None
    description: str


class SettingList(msgspec.Struct, frozen=True):
    """All of them."""

    count: int
    next: None
    previous: None
    results: list[SettingRead]


class SettingWrite(msgspec.Struct, forbid_unknown_fields=True):
    """The value that a setting is to have, of the type of its default."""

    value: Any
