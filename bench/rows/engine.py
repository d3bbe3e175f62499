"""The offers engine by itself: whole baskets worked out in this process, with campaigns as shops run them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

from bench.measure import Bench, Row
from bench.report import Result, Target
from src.modules.offers.rules import Line, Offer, Shopper, allocate, read_benefit, read_condition

_COLLECTIONS = 40
_SOLD = 12  # collections that a product of a basket can be in; campaigns are about all of them
_SHOPPER = Shopper(7, "shopper@example.com", frozenset({"members"}), "try", "web")
_MOST = Target(1, "most")
_GROWTH = Target(1.2, "most")
_WARM_UP = 3

# What most campaigns come to for any one basket: not about its products, not enough of them, not for its shopper.
_USUAL: tuple[Callable[[Random], tuple[str, dict[str, Any], int | None]], ...] = (
    lambda r: ("quantity", {"value": r.randint(1, 3)}, r.randrange(_SOLD, _COLLECTIONS)),
    lambda r: ("amount", {"value": r.randint(50, 900)}, r.randrange(_SOLD, _COLLECTIONS)),
    lambda r: ("distinct", {"value": 3, "distinct_by": "base_code"}, r.randrange(_COLLECTIONS)),
    lambda r: ("amount", {"value": r.randint(200_000, 900_000)}, None),
    lambda r: ("quantity", {"value": 2_000}, r.randrange(_SOLD)),
    lambda r: ("quantity", {"value": 1, "query": [["user_group_in", ["staff"]]]}, None),
    lambda r: ("query", {"query": [["attributes__color", "teal"], ["category_in", [999]]]}, None),
    lambda r: ("amount", {"value": 1, "query": [["basket__get_total_product_amount__gte", 500_000]]}, None),
)
_HOLDING: tuple[Callable[[Random], tuple[str, dict[str, Any], int | None]], ...] = (
    lambda r: ("amount", {"value": 100, "consume_type": "locally"}, None),
    lambda r: ("quantity", {"value": 2, "consume_type": "globally"}, r.randrange(_SOLD)),
    lambda r: ("query", {"query": [["attributes__color__in", ["red", "blue"]]]}, None),
    lambda r: ("distinct", {"value": 2, "distinct_by": "sku"}, None),
)
_BENEFITS: tuple[Callable[[Random], tuple[str, dict[str, Any], int | None]], ...] = (
    lambda r: ("percentage", {"amount": r.randint(5, 20), "price_type": "discount_unit_price"}, r.randrange(_SOLD)),
    lambda r: ("fixed", {"amount": r.randint(5, 50), "share_benefit_on_conditions": True}, None),
    lambda r: ("multibuy", {"amount": 50, "consume_type": "globally"}, r.randrange(_SOLD)),
    lambda r: ("sample_product", {"allowed_quantity": 1}, r.randrange(_SOLD)),
    lambda r: ("percentage", {"amount": r.randint(1, 10), "price_type": "unit_price"}, None),
    lambda r: ("shipping_free", {}, None),
    lambda r: ("loyalty_point", {"amount": 10}, None),
)


def basket(count: int, randomness: Random) -> list[Line]:
    """So many lines of clothes, each in some collections; a few come from another shop's data source."""
    return [
        Line(
            id=number,
            product_id=1000 + number,
            sku=f"SKU{number:05d}",
            base_code=f"BASE{number // 2:05d}",
            quantity=randomness.choice((1, 1, 1, 2, 3)),
            unit_price=randomness.randint(2_000, 90_000),
            retail_price=randomness.randint(90_000, 120_000),
            collections=frozenset(randomness.sample(range(_SOLD), 4)),
            categories=frozenset(randomness.sample(range(50), 3)),
            attributes={"color": randomness.choice(("red", "blue", "green", "black")), "size": str(number % 5)},
            from_data_source=number % 17 == 16,
        )
        for number in range(1, count + 1)
    ]


def campaigns(count: int, applying: int, randomness: Random) -> list[Offer]:
    """So many offers of all kinds, the conditions of `applying` of them such that most baskets fulfil them."""
    holding = set(randomness.sample(range(count), applying))
    offers = []
    for number in range(count):
        holds = number in holding
        makers = _HOLDING if holds else _USUAL
        offers.append(
            Offer(
                id=number + 1,
                priority=randomness.choice((0, 0, 1, 2, 5)),
                # An offer that goes with no other would hide how long the others take.
                is_mergable=holds or randomness.random() > 0.1,
                max_applications=randomness.choice((1, 1, 2)),
                for_data_sources=randomness.random() < 0.2,
                condition=read_condition(*randomness.choice(makers)(randomness)),
                benefit=read_benefit(*randomness.choice(_BENEFITS)(randomness)),
            )
        )
    return offers


@dataclass(frozen=True)
class Allocating:
    """Whole baskets, one after the other; the ratio is of the median to the limit."""

    name: str
    lines: int
    offers: int
    applying: int
    limit_ms: float
    target: Target | None = _MOST

    async def measure(self, bench: Bench) -> Result:
        """As many baskets as a slice allows, in each round."""
        run = _allocation(self.lines, self.offers, self.applying)
        took_s: list[float] = []
        for _ in range(bench.options.rounds):
            took_s += await asyncio.to_thread(_slice, run, bench.options.seconds)
        took_s.sort()
        took_ms = median(took_s) * 1000
        applied = run()
        return Result(
            name=self.name,
            throughput=1000 / took_ms,
            p50_ms=took_ms,
            p99_ms=took_s[int(len(took_s) * 0.99)] * 1000,
            ratio=took_ms / self.limit_ms,
            floor=f"{self.limit_ms:g} ms",
            errors={} if applied else {"no offer applies": 1},
            note=f"{self.lines} lines, {self.offers} offers, {applied} of which apply",
        )


@dataclass(frozen=True)
class Growth:
    """Twice the lines and twice the offers: the ratio is of the time to four times the time of the half."""

    name: str = "offers-engine-growth"
    lines: int = 100
    offers: int = 200
    applying: int = 40
    target: Target | None = _GROWTH

    async def measure(self, bench: Bench) -> Result:
        """Half, whole, half, whole …, so that a busy machine hits both."""
        half = _allocation(self.lines, self.offers, self.applying)
        whole = _allocation(2 * self.lines, 2 * self.offers, 2 * self.applying)
        ratios, half_s, whole_s = [], [], []
        for _ in range(bench.options.rounds):
            half_s.append(median(await asyncio.to_thread(_slice, half, bench.options.seconds / 2)))
            whole_s.append(median(await asyncio.to_thread(_slice, whole, bench.options.seconds / 2)))
            ratios.append(whole_s[-1] / (4 * half_s[-1]))
        return Result(
            name=self.name,
            throughput=1 / median(whole_s),
            p50_ms=median(whole_s) * 1000,
            ratio=median(ratios),
            floor="linear",
            floor_throughput=1 / (4 * median(half_s)),
            note=f"{2 * self.lines} lines, {2 * self.offers} offers",
        )


def _allocation(lines: int, offers: int, applying: int) -> Callable[[], int]:
    """Works out always the same basket, and tells how many offers apply."""
    randomness = Random("sale")  # noqa: S311
    bought = basket(lines, randomness)
    known = campaigns(offers, applying, randomness)

    def run() -> int:
        return len(allocate(bought, known, _SHOPPER).applied)

    for _ in range(_WARM_UP):
        run()
    return run


def _slice(run: Callable[[], object], seconds: float) -> list[float]:
    took_s: list[float] = []
    end = perf_counter() + seconds
    while not took_s or perf_counter() < end:
        began = perf_counter()
        run()
        took_s.append(perf_counter() - began)
    return took_s


ROWS: list[Row] = [
    Allocating("offers-engine-small", lines=3, offers=50, applying=3, limit_ms=0.3),
    Allocating("offers-engine-large", lines=100, offers=200, applying=40, limit_ms=30),
    Growth(),
]
