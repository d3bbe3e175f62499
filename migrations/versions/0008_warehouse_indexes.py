"""what the warehouse needs of tables that were there before and takes long

Outside a transaction, so that the previous release neither waits nor is waited for longer than each step needs. It can
be run again after it was interrupted anywhere.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DATED = (
    "basket_offer",
    "bulk_voucher_code",
    "category_node",
    "favourite",
    "offer_benefit",
    "offer_condition",
    "product",
    "product_alert",
    "product_collection",
    "product_collection_item",
    "product_image",
    "promotion",
    "users",
)
# Their rows change all the time: with BRIN, a change costs no index entry.
OFTEN = ("basket", "basket_item", "product_price")
UNDATED = ("content_type", "deleted_item")
# Of active baskets only, as it was before.
REPLACED = "ix_basket_modified_date"
SET_ASIDE = "ix_basket_modified_date_active"
NOBODY = -(2**63)
# The rows of users are locked as they are read, so that an address can't change or go between; few at a time.
ADDRESSES = """
WITH batch AS (
    SELECT id, email FROM users WHERE id > :last ORDER BY id LIMIT 5000 FOR SHARE
), added AS (
    INSERT INTO email_address (email, "primary", user_id, from_user)
    SELECT email, true, id, true FROM batch WHERE email <> ''
    ON CONFLICT DO NOTHING
)
SELECT max(id) FROM batch
"""


def wait_as_long_as_it_takes() -> str:
    """Lift the timeouts: a statement here holds up nobody while it waits for others; returns how to set them again."""
    names = ("statement_timeout", "lock_timeout")
    before = [op.get_bind().scalar(sa.text(f"SHOW {name}")) for name in names]
    op.execute("; ".join(f"SET {name} = 0" for name in names))
    return "; ".join(f"SET {name} = '{value}'" for name, value in zip(names, before, strict=True))


def find(what: str, index: str) -> bool:
    """Whether there is an index of that name of which `what` is true."""
    query = sa.text(f"SELECT {what} FROM pg_index WHERE indexrelid = to_regclass(:index)")
    return bool(op.get_bind().scalar(query, {"index": index}))


def drop(index: str, table: str) -> None:
    op.drop_index(index, table, postgresql_concurrently=True, if_exists=True)


def create(index: str, table: str, columns: list[str], **options: Any) -> None:
    if find("NOT indisvalid", index):  # what an interrupted run left
        drop(index, table)
    op.create_index(index, table, columns, postgresql_concurrently=True, if_not_exists=True, **options)


def upgrade() -> None:
    connection = op.get_bind()
    with op.get_context().autocommit_block():
        timeouts = wait_as_long_as_it_takes()
        op.execute("ALTER TABLE deleted_item VALIDATE CONSTRAINT fk_deleted_item_content_type_id_content_type")
        # The triggers of 0004 see to the users that were written since.
        last: int | None = NOBODY
        while last is not None:
            last = connection.scalar(sa.text(ADDRESSES), {"last": last})
        for name in (*DATED, *UNDATED):
            create(f"ix_{name}_changed_xid", name, ["changed_xid"])
        for name in DATED:
            create(f"ix_{name}_modified_date", name, ["modified_date", "id"])
        if find("indpred IS NOT NULL", REPLACED):
            op.execute(f"ALTER INDEX {REPLACED} RENAME TO {SET_ASIDE}")
        for name in OFTEN:
            create(f"ix_{name}_changed_xid", name, ["changed_xid"], postgresql_using="brin")
            create(f"ix_{name}_modified_date", name, ["modified_date"], postgresql_using="brin")
        drop(SET_ASIDE, "basket")
        create("uq_favourite_id", "favourite", ["id"], unique=True)
        op.execute(timeouts)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        timeouts = wait_as_long_as_it_takes()
        drop("uq_favourite_id", "favourite")
        if find("indpred IS NULL", REPLACED):
            drop(REPLACED, "basket")
        only_active = sa.text("status = 'active'")
        create(REPLACED, "basket", ["modified_date"], postgresql_using="brin", postgresql_where=only_active)
        for name in (*DATED, *OFTEN, *UNDATED):
            drop(f"ix_{name}_changed_xid", name)
            if name not in (*UNDATED, "basket"):
                drop(f"ix_{name}_modified_date", name)
        op.execute(timeouts)
