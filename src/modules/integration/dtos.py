"""What the integration API answers."""

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a row; `field` is null when it is about the row as a whole."""

    field: str | None
    message: str


class Rejection(msgspec.Struct, omit_defaults=True):
    """A row that was left out: its number, counted from 0, and why; `line` is its first line in a feed, from 1."""

    row: int
    errors: list[Fault]
    line: int | None = None


class Report(msgspec.Struct):
    """What became of the rows of a body."""

    received: int
    created: int
    updated: int
    unchanged: int
    rejected: list[Rejection]
