"""What comes out for a basket: the offers that apply, and what became of each of the others."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

Reason: TypeAlias = Literal["amount", "quantity", "distinct", "query", "over_limit", "products", "terms"]
State: TypeAlias = Literal["applied", "beaten", "missing", "nothing"]


class Missing(msgspec.Struct, frozen=True, gc=False):
    """Why a condition does not hold, and how far it is from holding.

    `reason` tells what the numbers count: cents for `amount`; units or codes for `quantity`, `distinct` and `query`;
    what the condition's type counts for `over_limit` and `products` (no line is what the condition is about);
    nothing for `terms`.
    """

    reason: Reason
    required: int = 0
    partial: int = 0
    remaining: int = 0
    partial_percentage: int = 0

    @classmethod
    def short(cls, reason: Reason, required: int, partial: int) -> "Missing":
        """So much is there, and so much is needed."""
        return cls(reason, required, partial, required - partial, partial * 100 // required if required else 0)


class Applied(msgspec.Struct, frozen=True):
    """What an offer gives, in cents; `by_line` tells the part of each line that gets any, and adds up to `discount`."""

    offer_id: int
    applications: int
    discount: int
    by_line: Mapping[int, int]
    shipping_free: bool
    points: int
    coupon: int


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of an offer, and the cents that it would take off if it were the only one.

    `beaten`: it would give something alone, but gives nothing beside `beaten_by`. `missing`: its condition does not
    hold. `nothing`: its condition holds, but there is nothing that it could give.
    """

    offer_id: int
    state: State
    beaten_by: tuple[int, ...] = ()
    alone: int = 0
    missing: Missing | None = None


class Allocation(msgspec.Struct, frozen=True):
    """The offers that apply, in the order in which they do, and what became of every offer that was looked at."""

    applied: tuple[Applied, ...]
    outcomes: tuple[Outcome, ...]
