"""Lets a price of the demo shop drop, as the catalogue system of a shop would."""

from decimal import ROUND_DOWN, Decimal

from src.demo.calls import TOKEN_LIFE_S, opened_shop, post
from src.modules.identity import issue_token
from src.platform.database import Connection, Database
from src.platform.settings import Settings
from src.platform.wire import CENT, money

KEPT = Decimal("0.9")
_PRICE = """
SELECT price, currency_type FROM product_price JOIN product ON product.id = product_id
WHERE sku = %s AND price_list_id = 1 ORDER BY currency_type LIMIT 1
"""


async def drop_price(settings: Settings, sku: str) -> tuple[Decimal, Decimal] | None:
    """Take a tenth off the price of `sku`; the price before and the new one, None when it has no price."""
    database = Database(settings, application="wishkeep-demo")
    await database.open()
    try:
        async with database.read() as connection:
            found = await _price(connection, sku)
        if found is None:
            return None
        before, currency = found
        now = (before * KEPT).quantize(CENT, ROUND_DOWN)
        token = await issue_token(
            database, email="loader@example.com", scopes=["integration"], expires_in_s=TOKEN_LIFE_S
        )
        row = {"product": sku, "price": money(now), "currency_type": currency}
        async with opened_shop(settings) as client:
            await post(client, token, "/api/v1/integration/catalogs/product-prices", json=[row])
        return before, now
    finally:
        await database.close()


async def _price(connection: Connection, sku: str) -> tuple[Decimal, str] | None:
    row = await (await connection.execute(_PRICE, (sku,))).fetchone()
    return None if row is None else (row[0], row[1])
