"""Loads the demo shop into a database without products; a catalogue that is there stays as it is."""

from pathlib import Path

import httpx
import msgspec

from src.demo.calls import TOKEN_LIFE_S, opened_shop, post, put
from src.modules.identity import issue_token
from src.platform.database import Database
from src.platform.settings import Settings

FILES = Path(__file__).parent
# Who wants what, by sku. `wishkeep up` prints a token of the first one.
FAVOURITES = {
    "storefront@example.com": ("LAMP-ARC", "RAIN-CLA-M", "KETTLE-1", "LAMP-DOT", "TRAIL-40"),
    "aylin@example.com": ("LAMP-ARC", "BLANKET-W", "RAIN-MOS-S"),
    "omar@example.com": ("LAMP-ARC", "TENT-2", "STOVE-MINI", "BOTTLE-750", "TRAIL-38"),
    "shilan@example.com": ("PLANT-FIG", "LAMP-ARC", "MUG-SEA"),
}
# Who they are; all of them agreed to mails.
SHOPPERS = {
    "storefront@example.com": ("Ada", "en"),
    "aylin@example.com": ("Aylin", "tr"),
    "omar@example.com": ("عمر", "ar"),
    "shilan@example.com": ("شیلان", "ku"),
}
# A newcomer lets prices drop more often than a shopper wants to be told.
SETTINGS = {"MESSAGES_PER_DAY": 0}


async def load_demo(settings: Settings) -> None:
    """Bring the demo catalogue and its shoppers into an empty catalogue; raises RuntimeError when that is refused."""
    database = Database(settings, application="wishkeep-demo")
    await database.open()
    try:
        if await _is_empty(database):
            await _load(database, settings)
    finally:
        await database.close()


async def _is_empty(database: Database) -> bool:
    async with database.read() as connection:
        row = await (await connection.execute("SELECT NOT EXISTS (SELECT FROM product)")).fetchone()
    return bool(row and row[0])


async def _load(database: Database, settings: Settings) -> None:
    async with opened_shop(settings) as client:
        loader = await issue_token(
            database, email="loader@example.com", scopes=["integration", "ops"], expires_in_s=TOKEN_LIFE_S
        )
        await _load_catalogue(client, loader)
        for name, value in SETTINGS.items():
            await put(client, loader, f"/api/v1/settings/{name}", json={"value": value})
        for email, skus in FAVOURITES.items():
            token = await issue_token(database, email=email, scopes=["storefront"], expires_in_s=TOKEN_LIFE_S)
            for product in await _products(database, skus):
                await post(client, token, "/wishlists/favourite-products/", json={"product": product})
        await _introduce_shoppers(database, client, loader)


async def _introduce_shoppers(database: Database, client: httpx.AsyncClient, token: str) -> None:
    async with database.read() as connection:
        cursor = await connection.execute("SELECT email, id FROM users WHERE email = ANY(%s)", (list(SHOPPERS),))
        ids = dict(await cursor.fetchall())
    rows = [
        {"id": ids[email], "email": email, "first_name": name, "language_code": language, "email_allowed": True}
        for email, (name, language) in SHOPPERS.items()
    ]
    await post(client, token, "/api/v1/integration/users", json=rows)


async def _load_catalogue(client: httpx.AsyncClient, token: str) -> None:
    feed = (FILES / "catalogue.tsv").read_bytes()
    path = "/api/v1/integration/feeds/merchant"
    await post(client, token, path, content=feed, headers={"Content-Type": "text/tab-separated-values"})
    texts = msgspec.json.decode((FILES / "translations.json").read_bytes())
    rows = [{"sku": sku, "translations": translations} for sku, translations in texts.items()]
    await post(client, token, "/api/v1/integration/products/products", json=rows)
    campaigns = msgspec.json.decode((FILES / "campaigns.json").read_bytes())
    for resource, rows in campaigns.items():
        await post(client, token, f"/api/v1/integration/{resource}", json=rows)


async def _products(database: Database, skus: tuple[str, ...]) -> list[int]:
    async with database.read() as connection:
        cursor = await connection.execute("SELECT id FROM product WHERE sku = ANY(%s) ORDER BY id", (list(skus),))
        return [row[0] for row in await cursor.fetchall()]
