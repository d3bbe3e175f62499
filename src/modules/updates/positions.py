"""How far a follower of the stream has come: what its event ids say. Pure.

A position is a snapshot of PostgreSQL and not a number, because changes become visible out of the order of their ids:
only a snapshot says of every change whether it was seen. Within what came together, a place says how far it was told.
"""

import base64
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from src.platform.errors import Invalid

HEADER = "Last-Event-ID"
MAX_LENGTH = 16_384
# The ids of transactions have 64 bits, and so have those of favourites.
MAX_NUMBER = 2**64 - 1
CONTINUATION, LOW_BITS = 0x80, 0x7F


class Snapshot(NamedTuple):
    """Which transactions had ended at a moment: all below `xmin`, none from `xmax` on, between them all but these."""

    xmin: int
    xmax: int
    running: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Snapshot":
        """The snapshot that PostgreSQL writes so."""
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), tuple(map(int, running.split(","))) if running else ())

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, self.running))}"

    def sees(self, xid: int) -> bool:
        """Whether what the transaction wrote, if it was not taken back, is in the snapshot."""
        return xid < self.xmin or (xid < self.xmax and xid not in self.running)


class Place(NamedTuple):
    """An element among those that are told together; they are told in the order of their places."""

    changed_us: int
    favourite_id: int
    kind: int


class Position(NamedTuple):
    """Everything that `until` sees has been told; with a place, of what `before` does not see only that far."""

    until: Snapshot
    before: Snapshot | None = None
    place: Place | None = None


# Thousands of followers are at the same position.
@lru_cache(maxsize=64)
def encode(position: Position) -> str:
    """The position as an event id."""
    numbers = [*_numbers(position.until)]
    if position.before is not None and position.place is not None:
        numbers += [*_numbers(position.before), *position.place]
    written = bytearray()
    for number in numbers:
        while number > LOW_BITS:
            written.append(number & LOW_BITS | CONTINUATION)
            number >>= 7
        written.append(number)
    return base64.urlsafe_b64encode(written).decode().rstrip("=")


def decode(text: str) -> Position:
    """The position that an event id tells; raises Invalid for what `encode` has not written."""
    try:
        numbers = _read(text)
        position = Position(_snapshot(numbers))
        following = next(numbers, None)
        if following is not None:
            before = _snapshot(numbers, following)
            position = Position(position.until, before, Place(next(numbers), next(numbers), next(numbers)))
            if before.xmin > position.until.xmin or before.xmax > position.until.xmax:
                raise ValueError(text)
        if next(numbers, None) is not None or encode(position) != text:
            raise ValueError(text)
    except (ValueError, StopIteration) as error:
        raise Invalid("Not a valid value", field=HEADER) from error
    return position


def _numbers(snapshot: Snapshot) -> Iterator[int]:
    """Small ones, each a difference to the one before."""
    yield snapshot.xmin
    yield snapshot.xmax - snapshot.xmin
    yield len(snapshot.running)
    last = snapshot.xmin
    for xid in snapshot.running:
        yield xid - last
        last = xid


def _snapshot(numbers: Iterator[int], first: int | None = None) -> Snapshot:
    xmin = next(numbers) if first is None else first
    xmax = xmin + next(numbers)
    running = []
    last = xmin
    for _ in range(next(numbers)):
        last += next(numbers)
        running.append(last)
    if not 0 < xmin <= xmax <= MAX_NUMBER or (running and running[-1] >= xmax) or len(set(running)) < len(running):
        raise ValueError(xmin)
    return Snapshot(xmin, xmax, tuple(running))


def _read(text: str) -> Iterator[int]:
    if not text.isascii() or len(text) > MAX_LENGTH:
        raise ValueError(text)
    number = shift = 0
    for byte in base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True):
        number |= (byte & LOW_BITS) << shift
        shift += 7
        if byte & CONTINUATION:
            continue
        if number > MAX_NUMBER:
            raise ValueError(text)
        yield number
        number = shift = 0
    if shift:
        raise ValueError(text)
