"""What every shown table needs so that pulls, counts and pages can rely on it."""

from typing import Any

from src.modules.warehouse import SHOWN
from src.platform.resources import CHANGED_XID, ID, MODIFIED
from tests.factories import Factory

TRIGGERS = """
SELECT jsonb_object_agg(tgrelid::regclass::text || '.' || tgname, pg_get_triggerdef(oid))
FROM pg_trigger WHERE tgname IN ('stamp_changed_xid', 'leave_tombstones')
"""
INDEXES = """
SELECT jsonb_agg(jsonb_build_array(indrelid::regclass::text, am.amname, (
    SELECT jsonb_agg(attname ORDER BY place) FROM unnest(indkey) WITH ORDINALITY AS key (number, place)
    JOIN pg_attribute ON attrelid = indrelid AND attnum = key.number)))
FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid JOIN pg_am AS am ON am.oid = relam
WHERE indpred IS NULL
"""
OFTEN_CHANGED = {"basket", "basket_item", "product_price"}


async def test_every_shown_table_has_its_triggers(factory: Factory) -> None:
    triggers: dict[str, str] = await factory.scalar(TRIGGERS)
    for resource in SHOWN.values():
        name = resource.table.name
        assert f"{name}.stamp_changed_xid" in triggers
        app_label, model = resource.content_type.split(".")
        assert triggers[f"{name}.leave_tombstones"].endswith(f"leave_tombstones('{app_label}', '{model}')")


async def test_every_shown_table_has_its_indexes(factory: Factory) -> None:
    indexes: list[Any] = await factory.scalar(INDEXES)
    for resource in SHOWN.values():
        name = resource.table.name
        often = name in OFTEN_CHANGED
        assert [name, "brin" if often else "btree", [CHANGED_XID]] in indexes
        if MODIFIED in resource.by_name:
            assert [name, "brin", [MODIFIED]] in indexes if often else [name, "btree", [MODIFIED, ID]] in indexes


async def test_every_content_type_is_known_and_no_two_resources_share_one(factory: Factory) -> None:
    known = await factory.scalar("SELECT jsonb_agg(app_label || '.' || model) FROM content_type")
    told = [resource.content_type for resource in SHOWN.values()]
    assert set(told) <= set(known)
    assert len(set(told)) == len(told)
