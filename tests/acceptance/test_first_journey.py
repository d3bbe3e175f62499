"""From a catalogue to a shopper's list and back: HTTP and the command line only, on a service like a newcomer's."""

import re
from pathlib import Path

import httpx

from tests.running import Service, run

FEED = """id\titem_group_id\ttitle\tlink\tavailability\tprice\tsale_price\tquantity\tproduct_type\tcolor
J-RED\tjourney\tJourney bag red\thttps://shop.example.com/bags/red\tin_stock\t80.00 TRY\t60.00 TRY\t4\tBags > Day\tRed
J-BLUE\tjourney\tJourney bag blue\thttps://shop.example.com/bags/blue\tin_stock\t80.00 TRY\t\t2\tBags > Day\tBlue
J-BAD\t\tNo price at all\thttps://shop.example.com/bad\tin_stock\tfree\t\t1\t\t
"""
COMMERCE = "/wishlists/favourite-products/"
STOREFRONT = "/storefront/favorites"
# A product with this id makes the shop go on from here, so that the ids of those imported next are known.
ANCHOR = 9_000_000_000


def client(service: Service, scope: str) -> httpx.Client:
    token = re.search(rf"^  {scope} +(\S+)$", service.printed, re.MULTILINE)
    assert token is not None
    headers = {"Authorization": f"Bearer {token[1]}"}
    return httpx.Client(base_url=service.wait_until_ready(), headers=headers, timeout=30, trust_env=False)


def test_price_drop_in_the_demo_shop_is_in_the_next_answer(service: Service) -> None:
    with client(service, "storefront") as shopper, client(service, "integration") as feeder:
        shown = shopper.get(STOREFRONT).json()["favorites"]
        assert len(shown) == 5
        lamp = next(favourite for favourite in shown if favourite["current_price"] == 1899)
        assert set(lamp["catalog_item"]["name"]) == {"en", "tr", "ar", "ku"}
        prices = "/api/v1/integration/catalogs/product-prices"
        fed = feeder.post(prices, json=[{"product": "LAMP-ARC", "price": "1499.00"}]).json()
        assert fed == {"received": 1, "created": 0, "updated": 1, "unchanged": 0, "rejected": []}
        now = {favourite["id"]: favourite["current_price"] for favourite in shopper.get(STOREFRONT).json()["favorites"]}
        assert now[lamp["id"]] == 1499


def test_imported_feed_is_favourited_through_both_dialects(service: Service, tmp_path: Path) -> None:
    feed = tmp_path / "feed.tsv"
    feed.write_text(FEED, encoding="utf-8")
    with client(service, "integration") as feeder:
        anchor = {"id": ANCHOR, "sku": "J-ANCHOR", "name": "Anchor"}
        assert feeder.post("/api/v1/integration/products/products", json=[anchor]).json()["rejected"] == []
    imported = run("import-feed", "--data-dir", str(service.data_dir), str(feed))
    assert imported.returncode == 0, imported.stderr
    assert re.search(r"line 4\b.*price", imported.stdout + imported.stderr), imported.stderr
    token = run("token", "issue", "--data-dir", str(service.data_dir), "--email", "journey@example.com").stdout.strip()
    headers = {"Authorization": f"Token {token}"}
    with (
        httpx.Client(base_url=service.wait_until_ready(), headers=headers, timeout=30, trust_env=False) as shopper,
        client(service, "integration") as feeder,
    ):
        rows = [{"sku": sku, "name": f"Bag {sku}"} for sku in ("J-RED", "J-BLUE")]
        assert feeder.post("/api/v1/integration/products/products", json=rows).json()["updated"] == 2
        found = _find(shopper)
        assert {(p["sku"], p["price"], p["retail_price"], p["stock"]) for p in found} == {
            ("J-RED", "60.00", "80.00", 4),
            ("J-BLUE", "80.00", "80.00", 2),
        }
        assert {p["absolute_url"] for p in found} == {"/bags/red", "/bags/blue"}
        shown = shopper.get(STOREFRONT).json()["favorites"]
        red = next(favourite for favourite in shown if favourite["current_price"] == 60)
        assert red["has_variant"] is True
        parent = shopper.get(f"/storefront/products/{red['product_id']}/favorite-status").json()["data"]
        assert parent["is_favorited"] is True
        assert shopper.delete(f"{STOREFRONT}/{red['id']}").status_code == 200
        assert shopper.get(f"{STOREFRONT}/count").json()["data"]["count"] == 1
        assert shopper.get(COMMERCE).json()["count"] == 1


def _find(shopper: httpx.Client) -> list[dict[str, object]]:
    """Favourite whatever product ids turn out to be the feed's two variants, and show them."""
    for number in range(ANCHOR, ANCHOR + 10):
        shopper.post(COMMERCE, data={"product": str(number)})
    listed = shopper.get(COMMERCE, params={"limit": 1000}).json()["results"]
    for row in listed:
        if not str(row["product"]["sku"]).startswith(("J-RED", "J-BLUE")):
            assert shopper.delete(f"{COMMERCE}{row['pk']}/").status_code == 204
    return [row["product"] for row in shopper.get(COMMERCE).json()["results"]]
