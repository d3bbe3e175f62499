"""Keys that the service makes for itself, so that nobody has to configure them."""

import secrets

from src.platform.database import Database

KEY_BYTES = 32

# Whoever comes second keeps what the first one made; the conflict waits until that one has committed.
_MAKE = "INSERT INTO service_key (name, value) VALUES (%s, %s) ON CONFLICT (name) DO NOTHING"
_READ = "SELECT value FROM service_key WHERE name = %s"


async def service_key(database: Database, name: str) -> bytes:
    """The 256 random bits under `name`, made when they are first asked for and the same for every process since."""
    async with database.read() as connection:
        row = await (await connection.execute(_READ, (name,))).fetchone()
        if row is None:
            await connection.execute(_MAKE, (name, secrets.token_bytes(KEY_BYTES)))
            row = await (await connection.execute(_READ, (name,))).fetchone()
    assert row is not None  # noqa: S101 -- it was just put there, and nobody deletes keys
    return bytes(row[0])
