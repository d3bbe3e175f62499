"""Baskets of three lines, judged by fifty campaigns of which three apply: looked at, added to and submitted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median

import msgspec
import psycopg

from bench import floors
from bench.load import Load, Slice, request
from bench.measure import OK, READ_FLOOR, WRITE_FLOOR, Bench, Rate, Row
from bench.report import Result, Target
from bench.seed import Seed, token
from bench.seed_baskets import APPLIED, LINES, products_of
from bench.server import FLOORS

BASKET = "/baskets/basket/"
_VARIETY = 10_000  # prebuilt requests that a row goes round and round
_CLIENTS = 200  # of the hot voucher, which is good for every second of them
_PATIENCE_S = 60.0
_MOVE = """
UPDATE basket SET version = greatest(version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
WHERE user_id = ANY(%s) AND status = 'active'
"""
_BASKETS = "SELECT id FROM basket WHERE user_id = ANY(%s) AND status = 'active' ORDER BY id"
_PUT_ON = "UPDATE basket SET voucher_code = %s, version = version + 1 WHERE user_id = ANY(%s) AND status = 'active'"
_OUTCOME = """
SELECT (SELECT used FROM offer_usage WHERE basket_offer_id = %(offer)s),
       (SELECT count(*) FROM offer_redemption WHERE basket_offer_id = %(offer)s AND state = 'redeemed'),
       (SELECT count(*) FROM basket WHERE id = ANY(%(baskets)s) AND status = 'submitted')
"""


def looks(seed: Seed) -> Iterator[bytes]:
    """Every reader once, so that the warm-up has met them all, then whoever comes."""
    chosen = [*seed.readers, *seed.randomness("baskets").choices(seed.readers, k=_VARIETY - len(seed.readers))]
    return cycle([request("GET", BASKET, token=reader.token) for reader in chosen])


def _rounds(seed: Seed) -> Iterator[bytes]:
    """Every reader once, again and again."""
    return cycle([request("GET", BASKET, token=reader.token) for reader in seed.readers])


def _additions(seed: Seed) -> Iterator[bytes]:
    """The third line for everybody whose basket has two; who comes round again takes one more of it."""
    buyers = seed.adders.copy()
    seed.randomness("baskets added to").shuffle(buyers)
    for shopper in cycle(buyers):
        body = b'{"product": %d, "quantity": 1}' % products_of(shopper, seed.goods)[-1]
        yield request("POST", BASKET, token=token(shopper), body=body)


def is_whole(body: bytes) -> bool:
    """A basket with all its lines, each with a discount, and nothing that can't be bought."""
    basket = msgspec.json.decode(body)["basket"]
    discounted = [line["discount_amount"] != "0.00" for line in basket["basketitem_set"]]
    return (
        discounted == [True] * LINES
        and len(basket["discounts"]) == APPLIED
        and not basket["unavailable_basket_products"]
    )


class ColdRate(Rate):
    """Looks at baskets that have all moved since they were last looked at; moving them is not measured."""

    async def slice(self, bench: Bench, requests: Iterator[bytes]) -> Slice:
        """One look at each basket, or as many as there is time for."""
        readers = [reader.id for reader in bench.seed.readers]
        async with await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection:
            await connection.execute(_MOVE, (readers,))
        return await super().slice(bench, islice(requests, len(readers)))


@dataclass(frozen=True)
class HotVoucher:
    """Many clients submit baskets with the same voucher at once: as many as it has uses succeed, no more, no fewer."""

    name: str = "voucher-submit"
    target: Target | None = None

    async def measure(self, bench: Bench) -> Result:
        """A voucher and baskets of their own for each round; the ratio is to single-row writes by as many clients."""
        clients = min(_CLIENTS, len(bench.seed.adders) // bench.options.rounds)
        errors: Counter[str] = Counter()
        floor_requests = floors.write_requests(bench.seed.randomness("write floor"))
        ratios, rates, floor_rates, waits, longest = [], [], [], [], []
        for turn in range(bench.options.rounds):
            buyers = bench.seed.adders[turn * clients : (turn + 1) * clients]
            submitted, faults = await self._submit(bench, turn, buyers)
            errors.update(faults)
            floor = await bench.slice(FLOORS, floor_requests, OK)
            errors.update(floor.errors)
            rates.append(len(buyers) / submitted.seconds)
            floor_rates.append(floor.throughput)
            ratios.append(rates[-1] / floor.throughput)
            waits.append(submitted.percentile_ms(50))
            longest.append(submitted.percentile_ms(99))
        return Result(
            name=self.name,
            throughput=median(rates),
            p50_ms=median(waits),
            p99_ms=median(longest),
            ratio=median(ratios),
            floor=WRITE_FLOOR.name,
            floor_throughput=median(floor_rates),
            errors=dict(errors),
            note=f"{clients} clients, {clients // 2} uses",
        )

    async def _submit(self, bench: Bench, turn: int, buyers: list[int]) -> tuple[Slice, Counter[str]]:
        code, uses = f"HOT{turn}", len(buyers) // 2
        offer = await _voucher(bench, turn, code, uses)
        async with await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection:
            await connection.execute(_PUT_ON, (code, buyers))
            baskets = [row[0] for row in await (await connection.execute(_BASKETS, (buyers,))).fetchall()]
            steps = [f"/api/v1/baskets/{basket}/submit" for basket in baskets]
            load = Load(bench.service.port)
            await load.open(len(buyers), bench.service.worker_pids())
            try:
                requests = iter([request("POST", step, token=bench.seed.integration_token) for step in steps])
                submitted = await load.run(requests, seconds=_PATIENCE_S, statuses=OK)
            finally:
                load.close()
            outcome = await (await connection.execute(_OUTCOME, {"offer": offer, "baskets": baskets})).fetchone()
        faults = Counter(submitted.errors)
        faults["409"] -= len(buyers) - uses
        if submitted.answers != uses or outcome != (uses, uses, uses):
            faults[f"{uses} uses: {submitted.answers} submitted; used, redeemed, submitted: {outcome}"] += 1
        return submitted, Counter({fault: count for fault, count in faults.items() if count})


async def _voucher(bench: Bench, turn: int, code: str, uses: int) -> int:
    """Feeds a campaign whose code has so many uses; the id of its offer."""
    number = 1_000 + turn
    parts = {"promotion": number, "condition": number, "benefit": number}
    offer = {"offer_type": "voucher_code", "voucher_code": code, "max_stock_limit": uses, "currencies": ["try"]}
    rows: dict[str, dict[str, object]] = {
        "promotions": {"name": code, "slug": code.lower()},
        "conditions": {"condition_type": "quantity", "kwargs": {"value": 1}},
        "benefits": {"benefit_type": "fixed", "kwargs": {"amount": 5}},
        "basket-offers": {"label": code, **offer, **parts},
    }
    for resource, row in rows.items():
        answer = await bench.fetch(
            request(
                "POST",
                f"/api/v1/integration/campaigns/{resource}",
                token=bench.seed.integration_token,
                body=msgspec.json.encode([{"id": number, **row}]),
            )
        )
        if answer.status != 200 or msgspec.json.decode(answer.body)["rejected"]:
            raise RuntimeError(f"{resource} was refused: {answer.body.decode(errors='replace')}")
    return number


ROWS: list[Row] = [
    Rate("basket-get-warm", READ_FLOOR, looks, Target(1.2), check=is_whole),
    ColdRate("basket-get-cold", READ_FLOOR, _rounds, Target(0.25), check=is_whole),
    # Two in three products of a basket are like nobody else's: it takes a while until all have been seen.
    Rate("basket-add", WRITE_FLOOR, _additions, Target(0.3), check=is_whole, warm_up=12_000),
    HotVoucher(),
]
