"""How an import is carried out, where the answer can't tell."""

import json

import psycopg
import pytest

from src.modules.integration.registry import RESOURCES
from src.modules.integration.services import JSON, import_rows
from src.platform.database import Database
from src.platform.settings import Settings
from tests.modules.integration.bodies import body

READ_AS_A_WHOLE = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = %s"


@pytest.mark.parametrize("path", ["orders/order-items", "campaigns/promotions"])
async def test_table_that_is_known_to_be_empty_is_not_read_again_while_it_grows(
    database: Database, settings: Settings, path: str
) -> None:
    resource = RESOURCES[path]
    rows = [{"id": number} for number in range(1, 300)]
    async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as connection:
        await connection.execute(f'VACUUM ANALYZE "{resource.table.name}"'.encode())
    async with database.transaction() as work:
        report = await import_rows(work.connection, resource, body(json.dumps(rows)), JSON)
        assert report.created == len(rows)
        cursor = await work.connection.execute(READ_AS_A_WHOLE, [resource.table.name])
        (times,) = await cursor.fetchone() or (None,)
    # Once for each row while it is empty does no harm.
    assert times <= len(rows)
