"""What must be true when the deployment has come to rest."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import httpx
import psycopg

from src.platform.embedded.processes import wait_until
from tests.chaos.load import FAVOURITES, Goods, Shopper
from tests.modules.updates.reference import Lens, Past, Seen

# A claim of a deliverer that was killed has to run out, and the sweep that finds it comes every minute.
REST_PATIENCE_S = 300
LENS = Lens((1,), (1,), "try")
WINDOW = timedelta(days=30)
NAMES: dict[str, Callable[[Any], str]] = {
    "price_changed": lambda each: each["price_change"]["changed_at"],
    "newly_available": lambda each: each["became_available_at"],
    "out_of_stock": lambda each: each["became_unavailable_at"],
}
BEHIND = """
SELECT (SELECT count(*) FROM catalogue_change, update_progress
        WHERE xid >= pg_snapshot_xmin(done) AND NOT pg_visible_in_snapshot(xid, done)),
       (SELECT count(*) FROM update_progress WHERE pass_until IS NOT NULL),
       (SELECT count(*) FROM delivery WHERE status IN ('due', 'sending'))
"""
LOG = """
SELECT product_id, kind, coalesce(old_price::text, old_available::text), coalesce(new_price::text, new_available::text),
       changed_at FROM catalogue_change ORDER BY changed_at, id
"""
NOW = """
SELECT product.id, product.is_active, price.price, stock.in_stock
FROM product LEFT JOIN product_price AS price ON price.product_id = product.id
LEFT JOIN product_stock AS stock ON stock.product_id = product.id
"""
BASELINES = """
SELECT product.uuid::text, product.id, baseline_at, baseline_price, baseline_available
FROM favourite JOIN product ON product.id = favourite.product_id WHERE user_id = %s
"""
UNTOLD = """
SELECT count(*) FROM favourite JOIN product_price AS price USING (product_id)
WHERE user_id = ANY(%s) AND price.price < baseline_price AND NOT EXISTS (
    SELECT FROM delivery WHERE delivery.user_id = favourite.user_id AND delivery.favourite_id = favourite.id
      AND delivery.kind = 'price_changed' AND delivery.channel = %s)
"""


# An update: when it changed, and the price before and after.
Told: TypeAlias = tuple[str, Decimal | None, Decimal | None]


class Verdict:
    """Looks at the stores and at what both APIs answer."""

    def __init__(self, database_url: str, addresses: Sequence[str]) -> None:
        self._url = database_url
        self._addresses = addresses

    def end_claims(self) -> None:
        """Let the claims of deliverers, and the pauses after failed tries, run out now."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("UPDATE delivery SET claimed_until = now(), due_at = now() WHERE status = 'sending'")
            connection.execute("UPDATE delivery SET due_at = now() WHERE status = 'due'")

    def wait_for_rest(self) -> None:
        """Return when every change was passed on and nothing is left to be delivered."""
        assert wait_until(lambda: self._rows(BEHIND) == [(0, 0, 0)], timeout_s=REST_PATIENCE_S, every_s=0.5), (
            f"no rest: (changes, passes, deliveries) to go are {self._rows(BEHIND)}"
        )

    def the_catalogue_is_as_acknowledged(self, goods: Sequence[Goods]) -> None:
        """No acknowledged write is lost."""
        now = {row[0]: row[1:] for row in self._rows(NOW)}
        for product in goods:
            assert now[product.id] == (product.is_active, product.price, product.in_stock), product

    def favourites_are_as_acknowledged(self, shoppers: Sequence[Shopper]) -> None:
        """Everybody has what they added and did not remove."""
        for shopper in shoppers:
            assert {row[0] for row in self._rows(BASELINES, shopper.id)} == set(shopper.wanted), shopper

    def every_feed_is_the_reference(self, shoppers: Sequence[Shopper]) -> int:
        """Each API tells each shopper what the slow reference makes of the log; the number of updates."""
        pasts, updates = self._pasts(), 0
        for shopper in shoppers:
            expected: dict[tuple[str, str], Told] = {}
            for uuid, product, at, price, available in self._rows(BASELINES, shopper.id):
                baseline = Seen(at, price, available)
                told = pasts[product].updates(LENS, baseline, datetime.now(UTC), WINDOW)
                expected |= {(uuid, kind): (_time(each.at), each.old, each.new) for kind, each in told.items()}
            updates += len(expected)
            for address in self._addresses:
                assert self._told(address, shopper) == expected, (address, shopper)
        return updates

    def everybody_was_told(self, watchers: Sequence[Shopper], channel: str) -> None:
        """Whoever has wanted a product since before it became cheaper has heard of it."""
        assert self._rows(UNTOLD, [watcher.id for watcher in watchers], channel) == [(0,)]

    def every_message_arrived(self, channel: str, received: Mapping[str, int]) -> tuple[int, int]:
        """Every message that was sent is there, under the id that is on record; how many, and how many twice."""
        states = self._rows("SELECT DISTINCT status FROM delivery WHERE channel = %s", channel)
        assert set(states) <= {("sent",), ("dropped",)}, states
        sent = self._rows(
            "SELECT DISTINCT message_id::text FROM delivery WHERE channel = %s AND status = 'sent'", channel
        )
        missing = {message for (message,) in sent} - set(received)
        assert not missing, f"{len(missing)} of {len(sent)} messages by {channel} never arrived"
        return len(sent), sum(1 for times in received.values() if times > 1)

    def _pasts(self) -> dict[int, Past]:
        pasts: dict[int, Past] = {}
        beginning = datetime(2000, 1, 1, tzinfo=UTC)
        log = self._rows(LOG)
        for product, is_active, price, in_stock in self._rows(NOW):
            first: dict[Any, Any] = {("active",): is_active, ("price", 1, "try"): price, ("stock", 1): in_stock}
            for changed, kind, old, _, _ in reversed(log):
                if changed == product:
                    first[_key(kind)] = _value(kind, old)
            pasts[product] = Past([(beginning, key, value) for key, value in first.items()])
        for product, kind, _, new, at in log:
            pasts[product].write(at, _key(kind), _value(kind, new))
        return pasts

    def _told(
        self, address: str, shopper: Shopper
    ) -> dict[tuple[str, str], tuple[str, Decimal | None, Decimal | None]]:
        answer = httpx.get(
            f"{address}{FAVOURITES}/updates",
            headers={"Authorization": f"Bearer {shopper.token}"},
            params={"limit": 500},
            timeout=20,
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        told: dict[tuple[str, str], Told] = {}
        for kind, at in NAMES.items():
            for each in data[kind]:
                change = each.get("price_change", {})
                prices = [
                    None if change.get(n) is None else Decimal(str(change[n])) for n in ("old_price", "new_price")
                ]
                told[each["variant_id"], kind] = (at(each), prices[0], prices[1])
        return told

    def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            return connection.execute(statement.encode(), values).fetchall()


def _key(kind: str) -> tuple[Any, ...]:
    return {"price": ("price", 1, "try"), "availability": ("stock", 1), "activity": ("active",)}[kind]


def _value(kind: str, text: str | None) -> Any:
    if text is None:
        return None
    return Decimal(text) if kind == "price" else text == "true"


def _price(number: Any) -> Decimal | None:
    return None if number is None else Decimal(str(number))


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
