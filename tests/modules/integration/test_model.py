"""Random batches against plain dictionaries that follow the rules row by row."""

from collections.abc import Iterable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.platform.database import Database
from tests.modules.integration.feeds import PRICES, PRODUCTS, STOCKS, Feed

CASES = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
EMPTY = """
WITH a AS (DELETE FROM product_price), b AS (DELETE FROM product_stock), c AS (DELETE FROM catalogue_change)
SELECT 1"""
SKUS = ["A", "B", "C"]
Row = dict[str, Any]


def rows_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[Row]]]:
    """Batches of rows, each with any of the fields."""
    return st.lists(st.lists(st.fixed_dictionaries({}, optional=fields), max_size=8), min_size=1, max_size=4)


class Products:
    """What products are after batches, by their ids; new ids are learnt from the database."""

    def __init__(self) -> None:
        self.stored: dict[int, Row] = {}

    def feed(self, rows: list[Row]) -> tuple[set[int], list[tuple[int | None, Row]]]:
        """The rows that are rejected, and the others that are left, by the id that they bring or name."""
        by_sku = {row["sku"]: number for number, row in self.stored.items()}
        left: dict[int, tuple[int | None, Row]] = {}
        for place, row in enumerate(rows):
            number = row.get("id") or by_sku.get(row.get("sku"))
            if number not in self.stored and not {"sku", "name"} <= row.keys():
                continue
            left[place] = (number, row)
        self._inherit(left)
        for place, (number, row) in list(left.items()):
            if "sku" in row and by_sku.get(row["sku"], number) != number:
                del left[place]
        first: dict[str, Any] = {}
        for place, (number, row) in list(left.items()):
            sku = row.get("sku") or self.stored[number or 0]["sku"]
            if first.setdefault(sku, number or sku) != (number or sku):
                del left[place]
        rejected = set(range(len(rows))) - left.keys()
        last = {number or row["sku"]: (number, row) for number, row in left.values()}
        return rejected, list(last.values())

    def _inherit(self, left: dict[int, tuple[int | None, Row]]) -> None:
        """New rows without an id mean the new row of their code that came first."""
        first: dict[str, int | None] = {}
        for place, (number, row) in left.items():
            if number not in self.stored:
                first.setdefault(row["sku"], number)
                left[place] = (number or first[row["sku"]], row)


@CASES
@given(
    rows_of(
        id=st.integers(1, 4),
        sku=st.sampled_from(SKUS),
        name=st.sampled_from(["x", "y"]),
        listing_code=st.sampled_from([None, "l"]),
        is_active=st.booleans(),
    )
)
async def test_products_follow_the_rules(database: Database, batches: list[list[Row]]) -> None:
    feed, model = Feed(database), Products()
    await feed.query("WITH s AS (DELETE FROM product_state), p AS (DELETE FROM product) SELECT 1")
    for batch in batches:
        rejected, told = model.feed(batch)
        report = await feed.rows(PRODUCTS, *batch)
        assert {rejection.row for rejection in report.rejected} == rejected
        ids = dict(await feed.query("SELECT sku, id FROM product"))
        created = updated = 0
        for number, row in told:
            known = number or ids[row["sku"]]
            default = {"listing_code": None, "is_active": True}
            now = {**model.stored.get(known, default), **{k: v for k, v in row.items() if k != "id"}}
            created += known not in model.stored
            updated += known in model.stored and now != model.stored[known]
            model.stored[known] = now
        assert (report.created, report.updated) == (created, updated)
        stored = await feed.query("SELECT id, sku, name, listing_code, is_active FROM product")
        assert {
            row[0]: dict(zip(["sku", "name", "listing_code", "is_active"], row[1:], strict=True)) for row in stored
        } == model.stored


def replayed(entries: Iterable[tuple[Any, ...]]) -> dict[Any, Any]:
    """What a log of (place, old, new) ends in; each entry must begin where the one before it left off."""
    state: dict[Any, Any] = {}
    for *place, old, new in entries:
        assert state.get(tuple(place)) == old
        state[tuple(place)] = new
    return {place: value for place, value in state.items() if value is not None}


AMOUNTS = st.sampled_from(["1.00", "2", 3, "-1", "1.001"])


@CASES
@given(
    rows_of(
        id=st.integers(1, 4),
        product=st.sampled_from(["id A", "id B", "A", "B", "unknown", 2**40]),
        price_list=st.sampled_from([None, 1, 2, 3]),
        currency_type=st.sampled_from(["try", "TRY", "usd", None]),
        price_type=st.sampled_from(["default", "special"]),
        price=AMOUNTS,
        retail_price=st.none() | AMOUNTS,
    )
)
async def test_log_of_prices_ends_in_the_prices(database: Database, batches: list[list[Row]]) -> None:
    feed = Feed(database)
    ids = {f"id {sku}": await feed.product(sku) for sku in "AB"}
    await feed.rows("catalogs/price-lists", {"id": 2, "name": "club"})
    await feed.query(EMPTY)
    for batch in batches:
        told = [
            {**row, **({"product": ids.get(row["product"], row["product"])} if "product" in row else {})}
            for row in batch
        ]
        before = dict(await feed.query("SELECT id, product_price::text FROM product_price"))
        report = await feed.rows(PRICES, *told)
        after = dict(await feed.query("SELECT id, product_price::text FROM product_price"))
        assert report.created == len(after.keys() - before.keys())
        assert report.updated == sum(before[number] != after[number] for number in before)
        assert report.received == report.created + report.updated + report.unchanged + len(report.rejected)
    entries = await feed.query(
        "SELECT product_id, price_list_id, currency_type, old_price, new_price FROM catalogue_change ORDER BY id"
    )
    prices = await feed.query(
        "SELECT product_id, price_list_id, currency_type, price FROM product_price WHERE price_type = 'default'"
    )
    assert replayed(entries) == {place: amount for *key, amount in prices for place in [tuple(key)]}


@CASES
@given(
    rows_of(
        sku=st.sampled_from(["A", "B"]),
        stock_list=st.sampled_from([None, 1]),
        stock=st.sampled_from([None, 0, 1, 2]),
        in_stock=st.booleans(),
    )
)
async def test_stocks_follow_the_rules_and_their_log_ends_in_them(database: Database, batches: list[list[Row]]) -> None:
    feed = Feed(database)
    ids = {sku: await feed.product(sku) for sku in "AB"}
    await feed.query(EMPTY)
    stored: dict[int, tuple[int | None, bool]] = {}
    for batch in batches:
        report = await feed.rows(STOCKS, *batch)
        assert {rejection.row for rejection in report.rejected} == {
            n for n, row in enumerate(batch) if "sku" not in row
        }
        for sku, row in {row["sku"]: row for row in batch if "sku" in row}.items():
            stock, available = stored.get(ids[sku], (None, False))
            stock = row.get("stock", stock)
            if row.get("stock") is not None:
                available = row["stock"] > 0
            stored[ids[sku]] = (stock, row.get("in_stock", available))
    rows = await feed.query("SELECT product_id, stock, in_stock FROM product_stock")
    assert {product: (stock, available) for product, stock, available in rows} == stored
    entries = await feed.query("SELECT product_id, old_available, new_available FROM catalogue_change ORDER BY id")
    assert replayed(entries) == {(product,): available for product, (_, available) in stored.items()}
