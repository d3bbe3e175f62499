"""What is forgotten: what is older than AUDIT_DAYS, however much of it there is."""

import pytest

from src.modules.audit import forget_old, forgetting
from src.platform.database import Database
from src.platform.dynamic_settings import AUDIT_DAYS, write_setting
from tests.factories import Factory
from tests.modules.audit.records import Records

MAKE = """
WITH told AS (SELECT now() - make_interval(days => %(days)s) AS at),
event AS (INSERT INTO audit_event (uuid, "timestamp") SELECT gen_random_uuid()::text, at FROM told),
made AS (INSERT INTO revision (date_created) SELECT at FROM told RETURNING id)
INSERT INTO version (object_id, revision_id, content_type_id)
SELECT n::text, made.id, (SELECT min(id) FROM content_type) FROM made, generate_series(1, %(versions)s) AS n
"""
# As a shop that migrates brings it: with ids of another system.
MAKE_FED = """
WITH event AS (INSERT INTO audit_event (id, uuid, "timestamp") VALUES (7, 'fed', '2020-01-02')),
made AS (INSERT INTO revision (id, date_created) VALUES (7, '2020-01-02'), (8, '2020-01-02') RETURNING id)
INSERT INTO version (id, object_id, revision_id, content_type_id)
SELECT 7, '7', 7, min(id) FROM content_type
"""
COUNTS = """
SELECT (SELECT count(*) FROM audit_event) AS events, (SELECT count(*) FROM revision) AS revisions,
       (SELECT count(*) FROM version) AS versions
"""


async def test_old_records_go_in_small_transactions(
    database: Database, factory: Factory, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as work:
        for days, versions in ((731, forgetting.AT_ONCE + 1), (800, 0), (729, 3), (0, 1)):
            await work.connection.execute(MAKE, {"days": days, "versions": versions})
    await forget_old(database)
    assert await records.rows(COUNTS) == [{"events": 2, "revisions": 2, "versions": 4}]
    assert await factory.scalar("SELECT count(DISTINCT changed_xid) FROM deleted_item") >= 4
    async with database.transaction() as work:
        await write_setting(work.connection, AUDIT_DAYS, 30)
    await forget_old(database)
    assert await records.rows(COUNTS) == [{"events": 1, "revisions": 1, "versions": 1}]


async def test_history_of_another_system_stays(database: Database, records: Records) -> None:
    async with database.transaction() as work:
        await work.connection.execute(MAKE, {"days": 731, "versions": 1})
        await work.connection.execute(MAKE_FED)
    await forget_old(database)
    assert await records.rows(COUNTS) == [{"events": 1, "revisions": 2, "versions": 1}]
    assert await records.rows("SELECT id FROM version") == [{"id": 7}]
