"""Every table says what it holds of people, and no column of theirs is forgotten."""

import re
from pathlib import Path

from advanced_alchemy.base import orm_registry
from sqlalchemy import Table

from src.modules import operations
from src.modules.privacy import ALL_IMPERSONAL, ALL_PERSONAL
from src.platform.database import Database
from src.platform.dynamic_settings import DECLARED
from src.platform.settings import Settings
from src.workers.jobs import JOBS

DOCUMENT = Path(__file__).parents[3] / "docs" / "privacy.md"
# Names of columns that tell who somebody is, or whose a row is.
TELLING = re.compile(
    r"user|e_?mail|phone|fax|first_name|last_name|address|addr$|birth|gender|avatar|identity|tax_no|guest|shopper|owner"
)
# Such columns of tables that nevertheless hold nothing of a shopper; why is said where the table is declared.
HARMLESS = {
    "basket_offer.max_usage_per_user": "a limit",
    "data_source.address": "a seller's",
    "data_source.email": "a seller's",
    "data_source.fax_number": "a seller's",
    "data_source.kep_address": "a seller's",
    "data_source.phone_number": "a seller's",
    "erasure.user_id": "a number that stands for nobody",
    "update_progress.user_cursor": "how far a pass is",
}
TABLES = """
SELECT relname::text, array(SELECT attname::text FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0
                            AND NOT attisdropped)
FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
"""
PERSONAL = {str(each.table.name) for each in ALL_PERSONAL}
IMPERSONAL = {**ALL_IMPERSONAL, **operations.IMPERSONAL}


async def test_every_table_is_declared_and_columns_that_tell_of_people_are_personal(database: Database) -> None:
    async with database.read() as connection:
        tables = dict(await (await connection.execute(TABLES)).fetchall())
    assert tables.keys() == PERSONAL | IMPERSONAL.keys()
    assert not PERSONAL & IMPERSONAL.keys()
    telling = {f"{table}.{column}" for table in IMPERSONAL for column in tables[table] if TELLING.search(column)}
    assert telling == {name for name in HARMLESS if name.partition(".")[0] in IMPERSONAL}


def test_every_table_that_refers_to_a_user_is_personal() -> None:
    referring = {
        table.name
        for table in orm_registry.metadata.tables.values()
        for key in table.foreign_keys
        if key.target_fullname == "users.id"
    }
    assert referring <= PERSONAL


def kept_of(table: Table) -> set[str]:
    """The columns that an erasure leaves as they are in some row that stays."""
    staying = [each for each in ALL_PERSONAL if each.table is table and not (each.goes or each.statements)]
    return {str(c.name) for each in staying for c in table.columns if c.name not in each.blanked and not c.primary_key}


def test_nothing_that_tells_who_somebody_is_is_kept() -> None:
    kept = {f"{each.table.name}.{column}" for each in ALL_PERSONAL for column in kept_of(each.table)}
    telling = {name for name in kept if TELLING.search(name.partition(".")[2])} - HARMLESS.keys()
    # Numbers of the user's row, which stands for nobody; the column of events holds whoever else did something.
    numbers = {name for name in telling if name.endswith((".user", ".user_id"))}
    assert telling - numbers == {
        "address_address.address_type",
        "audit_event.remote_addr",
        "orders_order.billing_address",
        "orders_order.shipping_address",
        "users.user_type",
    }


def test_what_is_kept_is_there_and_has_a_reason() -> None:
    for each in ALL_PERSONAL:
        assert set(each.kept) <= set(each.table.columns.keys())
        assert each.why.endswith(".")
        assert not (each.goes and each.kept)


def test_every_declaration_says_how_its_rows_end() -> None:
    silent = [each.table.name for each in ALL_PERSONAL if not each.erasing]
    assert silent == ["offer_redemption"]


def test_document_says_of_every_personal_table_what_becomes_of_it() -> None:
    text = DOCUMENT.read_text()
    assert [name for name in sorted(PERSONAL) if f"`{name}`" not in text] == []


def test_document_s_settings_and_jobs_are_there() -> None:
    rows = [line for line in DOCUMENT.read_text().partition("## Retention")[2].splitlines() if line.startswith("| ")]
    named = set(re.findall(r"`([\w.]+)`", "\n".join(rows)))
    settings = {name for name in named if name.isupper()}
    assert settings <= DECLARED.keys() | {field.upper() for field in Settings.__struct_fields__}
    assert {name for name in named if "." in name} <= {job.name for job in JOBS}
