"""who was erased, and what an erasure finds rows by

The indexes are built outside a transaction, so that the previous release neither waits nor is waited for longer than
each step needs. It can be run again after it was interrupted anywhere.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Columns of the tables that other systems feed which say whose a row is.
OF_PEOPLE = (
    ("address_address", "user"),
    ("loyalty_account", "user"),
    ("loyalty_transaction", "order"),
    ("loyalty_transaction", "user"),
    ("loyalty_transfer", "account"),
    ("orders_discountitem", "order"),
    ("orders_order", "user"),
    ("orders_orderitem", "order"),
    ("orders_transaction", "order"),
    ("orders_transaction", "user"),
    ("promotions_loyaltycard", "user"),
    ("socialaccount_socialaccount", "user"),
)
# Rows that name no user may name an address.
OF_GUESTS = {
    "address_address": "email",
    "loyalty_account": "user_email",
    "loyalty_transaction": "user_email",
    "orders_order": "user_email",
    "orders_transaction": "user_email",
}
TOLD_EMAIL = "(content #>> '{request_data,email}'::text[])"


def wait_as_long_as_it_takes() -> str:
    """Lift the timeouts: a statement here holds up nobody while it waits for others; returns how to set them again."""
    names = ("statement_timeout", "lock_timeout")
    before = [op.get_bind().scalar(sa.text(f"SHOW {name}")) for name in names]
    op.execute("; ".join(f"SET {name} = 0" for name in names))
    return "; ".join(f"SET {name} = '{value}'" for name, value in zip(names, before, strict=True))


def drop(index: str, table: str) -> None:
    op.drop_index(index, table, postgresql_concurrently=True, if_exists=True)


def create(index: str, table: str, column: Any, where: str | None = None) -> None:
    broken = sa.text("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:index)")
    if op.get_bind().scalar(broken, {"index": index}):  # what an interrupted run left
        drop(index, table)
    only = None if where is None else sa.text(where)
    op.create_index(index, table, [column], postgresql_concurrently=True, if_not_exists=True, postgresql_where=only)


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("requested_by", sa.BigInteger(), nullable=True),
        sa.Column("requested_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cache_tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_erasure")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_erasure_unfinished",
        "erasure",
        ["requested_at"],
        postgresql_where=sa.text("finished_at is null"),
        if_not_exists=True,
    )
    with op.get_context().autocommit_block():
        timeouts = wait_as_long_as_it_takes()
        for table, column in OF_PEOPLE:
            create(f"ix_{table}_{column}", table, column)
        for table, column in OF_GUESTS.items():
            create(f"ix_{table}_guest", table, sa.text(f"lower({column})"), f'"user" IS NULL AND {column} IS NOT NULL')
        create("ix_audit_event_user_pk", "audit_event", sa.text("(\"user\" ->> 'pk'::text)"))
        create("ix_audit_event_email", "audit_event", sa.text(f"lower{TOLD_EMAIL}"), f"{TOLD_EMAIL} IS NOT NULL")
        create("ix_basket_guest_digest", "basket", "guest_digest", "guest_digest is not null")
        create("ix_delivery_address", "delivery", sa.text("lower(address)"), "address is not null")
        op.execute(timeouts)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        timeouts = wait_as_long_as_it_takes()
        drop("ix_delivery_address", "delivery")
        drop("ix_basket_guest_digest", "basket")
        drop("ix_audit_event_email", "audit_event")
        drop("ix_audit_event_user_pk", "audit_event")
        for table in OF_GUESTS:
            drop(f"ix_{table}_guest", table)
        for table, column in OF_PEOPLE:
            drop(f"ix_{table}_{column}", table)
        op.execute(timeouts)
    op.drop_table("erasure")
