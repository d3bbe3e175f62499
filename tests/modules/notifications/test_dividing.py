"""Deliveries before and after their table is divided: this release serves all the time, and tells nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.engine import create_engine, make_url

from src.modules.notifications import (
    NewDelivery,
    deliver,
    enqueue,
    forget_deliveries,
    make_deliveries,
    make_delivery_partitions,
    replay_many,
)
from src.modules.notifications.dtos import ReplayFilter
from src.modules.updates import Chunk, advance
from src.platform.database import Connection, Database
from src.platform.embedded import EmbeddedServers
from src.platform.migrations import MIGRATIONS, commands
from src.platform.settings import Settings, load_settings
from tests.modules.notifications.telling import Carrier

NAME = "dividing"
# Two shoppers who want one product, and a fallen price that no pass has seen.
SCENE = """
INSERT INTO users (email, email_allowed) VALUES ('a@example.com', true), ('b@example.com', true);
INSERT INTO product (uuid, sku, name) VALUES (gen_random_uuid(), 'P', 'P');
INSERT INTO product_state (product_id) SELECT id FROM product;
INSERT INTO product_price (product_id, price) SELECT id, 80 FROM product;
INSERT INTO product_stock (product_id, stock, in_stock) SELECT id, 5, true FROM product;
INSERT INTO favourite (user_id, product_id, baseline_price, baseline_currency, baseline_available, baseline_at)
SELECT users.id, product.id, 100, 'try', true, now() - interval '1 day' FROM users, product;
INSERT INTO catalogue_change (product_id, kind, price_list_id, currency_type, old_price, new_price)
SELECT id, 'price', 1, 'try', 100, 80 FROM product
"""
OF_RELEASE_BEFORE = """
INSERT INTO delivery (channel, kind, address, dedupe_key, payload)
SELECT 'email', 'confirm_alert', 'g' || n || '@example.com', 'old:' || n, '{"link": "https://x"}'
FROM generate_series(1, 5) AS n ON CONFLICT (dedupe_key) DO NOTHING
"""
TABLE = "SELECT json_agg(d ORDER BY id)::text FROM (SELECT * FROM delivery) AS d"
KINDS = "SELECT relkind::text FROM pg_class WHERE oid = 'delivery'::regclass"
PARTS = "SELECT array_agg(DISTINCT tableoid::regclass::text) FROM delivery"


@pytest.fixture
def settings_before(servers: EmbeddedServers) -> Iterator[Settings]:
    """Settings of a database whose deliveries are in one table, with some that the release before made."""
    address = servers.addresses["DATABASE_URL"]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME}".encode())
    made = load_settings({**servers.addresses, "DATABASE_URL": address.replace("/wishkeep?", f"/{NAME}?")})
    migrations = commands(made.database_url)
    migrations.upgrade("0011")
    _run(made, OF_RELEASE_BEFORE)
    migrations.upgrade("0012")
    _run(made, OF_RELEASE_BEFORE.replace("'old:'", "'beside:'"))
    _run(made, SCENE)
    yield made
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)".encode())


@pytest.fixture
async def undivided(settings_before: Settings) -> AsyncIterator[Database]:
    """That database."""
    database = Database(settings_before)
    await database.open()
    yield database
    await database.close()


def _run(settings: Settings, statements: str) -> None:
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(statements.encode())


def _value(settings: Settings, statement: str) -> object:
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row and row[0]


async def test_release_serves_before_and_after_its_contract_and_tells_nothing_twice(
    settings_before: Settings, undivided: Database
) -> None:
    settings, database, made = settings_before, undivided, []
    migrations = commands(settings.database_url)
    rows = [NewDelivery("email", "confirm_alert", f"{name}:1", None, address="x@y.com") for name in ("old", "beside")]

    async def also(connection: Connection, chunk: Chunk) -> None:
        made.append(await make_deliveries(connection, chunk))

    async def all_again() -> None:
        _run(settings, f"UPDATE update_progress SET done = '{done}'")
        await advance(database, also)
        async with database.transaction() as work:
            made.append(await enqueue(work.connection, rows))
        await forget_deliveries(database)

    async def told() -> int:
        carrier = Carrier()
        assert not await deliver(database, "email", carrier.send)
        return sum(len(message.items) for message in carrier.messages)

    done = _value(settings, "SELECT done::text FROM update_progress")
    await all_again()
    assert made == [2, 0]
    assert await make_delivery_partitions(database) == []
    assert await told() == 12
    _run(settings, "UPDATE delivery SET status = 'dead' WHERE dedupe_key LIKE 'old:%'")
    before = _value(settings, TABLE)

    migrations.upgrade("0013")
    assert (_value(settings, KINDS), _value(settings, PARTS)) == ("p", ["delivery_first"])
    assert _value(settings, TABLE) == before
    assert await make_delivery_partitions(database) == []
    await all_again()
    assert made == [2, 0, 0, 0]
    async with database.transaction() as work:
        assert (await replay_many(work.connection, ReplayFilter())).replayed == 5
    assert await told() == 5
    _run(settings, OF_RELEASE_BEFORE.replace("'old:'", "'new:'").replace("ON CONFLICT (dedupe_key) DO NOTHING", ""))
    assert _value(settings, "SELECT count(DISTINCT id) = count(*) AND count(*) = 17 FROM delivery") is True

    kept = _value(settings, TABLE)
    migrations.downgrade("0012")
    assert (_value(settings, KINDS), _value(settings, TABLE)) == ("r", kept)
    _run(settings, OF_RELEASE_BEFORE.replace("'old:'", "'back:'"))
    migrations.upgrade("0013")
    assert _value(settings, "SELECT count(DISTINCT id) = count(*) AND count(*) = 22 FROM delivery") is True


async def test_contract_gives_way_to_whoever_is_at_work(settings_before: Settings, undivided: Database) -> None:
    """A transaction that has the table asks for the users' next, and neither is ended for the other."""
    contract = ScriptDirectory(str(MIGRATIONS)).get_revision("0013").module
    engine = create_engine(make_url(settings_before.database_url).set(drivername="postgresql+psycopg"))

    def lock() -> None:
        with engine.begin() as connection:
            contract.lock(connection)

    async with undivided.transaction() as work:
        await work.connection.execute("UPDATE delivery SET attempts = attempts + 1")
        locking = asyncio.create_task(asyncio.to_thread(lock))
        for _ in range(15):
            await asyncio.sleep(0.1)
            await work.connection.execute("SELECT count(*) FROM users")
        assert not locking.done()
    await locking
    engine.dispose()
