"""Loads the demo shop into a database without products; a catalogue that is there stays as it is."""

from pathlib import Path
from typing import Any

import httpx
import msgspec

from src.app import create_app
from src.modules.identity import issue_token
from src.platform.database import Database
from src.platform.settings import Settings

FILES = Path(__file__).parent
# Tokens of the loader's own; the ones for the newcomer are made by `wishkeep up`.
TOKEN_LIFE_S = 300
# Who wants what, by sku. `wishkeep up` prints a token of the first one.
FAVOURITES = {
    "storefront@example.com": ("LAMP-ARC", "RAIN-CLA-M", "KETTLE-1", "LAMP-DOT", "TRAIL-40"),
    "aylin@example.com": ("LAMP-ARC", "BLANKET-W", "RAIN-MOS-S"),
    "omar@example.com": ("TENT-2", "STOVE-MINI", "BOTTLE-750", "TRAIL-38"),
    "shilan@example.com": ("PLANT-FIG", "LAMP-ARC", "MUG-SEA"),
}


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
    app = create_app(settings)
    application: Any = app  # httpx types ASGI more loosely than Litestar
    transport = httpx.ASGITransport(app=application)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
        loader = await issue_token(
            database, email="loader@example.com", scopes=["integration"], expires_in_s=TOKEN_LIFE_S
        )
        await _load_catalogue(client, loader)
        for email, skus in FAVOURITES.items():
            token = await issue_token(database, email=email, scopes=["storefront"], expires_in_s=TOKEN_LIFE_S)
            for product in await _products(database, skus):
                await _post(client, token, "/wishlists/favourite-products/", json={"product": product})


async def _load_catalogue(client: httpx.AsyncClient, token: str) -> None:
    feed = (FILES / "catalogue.tsv").read_bytes()
    path = "/api/v1/integration/feeds/merchant"
    await _post(client, token, path, content=feed, headers={"Content-Type": "text/tab-separated-values"})
    texts = msgspec.json.decode((FILES / "translations.json").read_bytes())
    rows = [{"sku": sku, "translations": translations} for sku, translations in texts.items()]
    await _post(client, token, "/api/v1/integration/products/products", json=rows)
    campaigns = msgspec.json.decode((FILES / "campaigns.json").read_bytes())
    for resource, rows in campaigns.items():
        await _post(client, token, f"/api/v1/integration/{resource}", json=rows)


async def _products(database: Database, skus: tuple[str, ...]) -> list[int]:
    async with database.read() as connection:
        cursor = await connection.execute("SELECT id FROM product WHERE sku = ANY(%s) ORDER BY id", (list(skus),))
        return [row[0] for row in await cursor.fetchall()]


async def _post(client: httpx.AsyncClient, token: str, path: str, **request: Any) -> None:
    headers = {"Authorization": f"Token {token}", **request.pop("headers", {})}
    answer = await client.post(path, headers=headers, **request)
    already_there = answer.status_code == httpx.codes.NOT_ACCEPTABLE
    if already_there:
        return
    if answer.is_error or answer.json().get("rejected"):
        raise RuntimeError(f"The demo shop was refused: POST {path} answered {answer.status_code}: {answer.text}")
