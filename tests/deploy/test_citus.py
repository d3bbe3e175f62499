"""The tables of shoppers can be spread over a Citus cluster, as far as its documented rules can tell without one."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from advanced_alchemy.base import orm_registry

from src.app import create_app
from src.platform.embedded import EmbeddedServers
from src.platform.migrations import upgrade
from src.platform.settings import load_settings
from tests.conftest import JWT_SECRET
from tests.journeys import travel

SCRIPT = (Path(__file__).parents[2] / "deploy" / "citus" / "distribute.sql").read_text()
RULES = Path(__file__).with_name("citus_rules.sql").read_text()
DATABASE = "spread"
PEOPLE = {"user_id", "user", "basket_id"}


@pytest.fixture(scope="module")
def address(servers: EmbeddedServers) -> Iterator[str]:
    """A migrated database of its own."""
    home = servers.addresses["DATABASE_URL"]
    made = home.replace("/wishkeep?", f"/{DATABASE}?")
    with psycopg.connect(home, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
        upgrade(load_settings({**servers.addresses, "DATABASE_URL": made}))
        with psycopg.connect(made, autocommit=True) as own:
            own.execute(RULES.encode())
        yield made
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.mark.parametrize(
    "forgotten",
    [
        "DROP INDEX uq_favourite_id",
        "DROP CONSTRAINT fk_favourite_alert_user_id_users",
        "DROP CONSTRAINT fk_user_collection_item_product_id_product",
        "DROP TRIGGER stamp_changed_xid ON favourite",
    ],
)
def test_what_citus_would_refuse_is_refused(address: str, forgotten: str) -> None:
    (line,) = [each for each in SCRIPT.splitlines() if forgotten in each]
    # One of several in a statement must leave a statement.
    rest = line.replace(f"{forgotten}, ", "") if f"{forgotten}, " in line else ""
    with psycopg.connect(address) as connection, pytest.raises(psycopg.errors.RaiseException):
        connection.execute(SCRIPT.replace(line, rest).encode())


def test_every_table_that_is_about_people_has_its_place() -> None:
    about = {table.name for table in orm_registry.metadata.tables.values() if PEOPLE & set(table.columns.keys())}
    assert {name for name in about if f"'{name}'" not in SCRIPT and f" {name}" not in SCRIPT} == set()


async def test_shoppers_find_everything_as_before(address: str, servers: EmbeddedServers) -> None:
    with psycopg.connect(address) as connection:
        connection.execute(SCRIPT.encode())
        connection.execute("SELECT refuse_foreign_keys(relation) FROM citus_table")
        spread = connection.execute("SELECT count(*) FROM citus_table WHERE kind = 'distributed'").fetchone()
        assert spread == (9,)
    environ = {**servers.addresses, "DATABASE_URL": address, "JWT_SECRET": JWT_SECRET, "LOG_LEVEL": "error"}
    app = create_app(load_settings(environ))
    async with app.lifespan():
        await travel(app)
