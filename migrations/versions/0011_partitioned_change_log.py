"""partitions of the change log

The table that is there becomes the first partition as it is; its new key is built and its rows are judged beforehand,
beside everything else. Can be run again after it was interrupted anywhere.
"""

import sqlalchemy as sa
from alembic import op

import src.platform.orm

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LOG = "catalogue_change"
FIRST = "catalogue_change_first"
OTHERS = "catalogue_change_default"
KEY = "pk_catalogue_change"
FIRST_KEY = "pk_catalogue_change_first"
BY_PRODUCT = "ix_catalogue_change_product_id_changed_at"
# For as long as the first partition is not one yet: all of it is before the second begins.
BOUND = "ck_catalogue_change_first_bound"
# Far enough ahead for this migration to end before; a Monday, like all of them.
SECOND = "SELECT to_char(date_trunc('week', now() AT TIME ZONE 'UTC') + %s * interval '7 days', 'YYYY-MM-DD')"
FIRST_WEEK_AHEAD = 2
WEEKS = 3
COLUMNS = (
    "xid, id, product_id, kind, price_list_id, stock_list_id, currency_type, old_price, new_price, old_available,"
    " new_available, changed_at"
)
NEXT_ID = "SELECT last_value + is_called::int FROM {}"


def make(*, partitioned: bool) -> None:
    """The log as an empty table."""
    op.create_table(
        LOG,
        sa.Column(
            "xid", src.platform.orm.TransactionId(), server_default=sa.text("pg_current_xact_id()"), nullable=False
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("price_list_id", sa.BigInteger(), nullable=True),
        sa.Column("stock_list_id", sa.BigInteger(), nullable=True),
        sa.Column("currency_type", sa.Text(), nullable=True),
        sa.Column("old_price", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("new_price", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("old_available", sa.Boolean(), nullable=True),
        sa.Column("new_available", sa.Boolean(), nullable=True),
        sa.Column(
            "changed_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("kind in ('price', 'availability', 'activity')", name=op.f("ck_catalogue_change_kind")),
        sa.PrimaryKeyConstraint("xid", "id", *(["changed_at"] if partitioned else []), name=op.f(KEY)),
        postgresql_partition_by="RANGE (changed_at)" if partitioned else None,
    )
    op.create_index(BY_PRODUCT, LOG, ["product_id", "changed_at"])


def next_id(connection: sa.Connection) -> int:
    sequence = connection.scalar(sa.text("SELECT pg_get_serial_sequence(:log, 'id')"), {"log": LOG})
    return int(connection.scalar(sa.text(NEXT_ID.format(sequence))) or 1)


def begin_ids_at(connection: sa.Connection, number: int) -> None:
    values = {"log": LOG, "number": number}
    connection.execute(sa.text("SELECT setval(pg_get_serial_sequence(:log, 'id'), :number, false)"), values)


def monday(connection: sa.Connection, weeks_ahead: int) -> str:
    """The first moment of that week in UTC."""
    return f"{connection.exec_driver_sql(SECOND % weeks_ahead).scalar_one()} 00:00:00+00"


def upgrade() -> None:
    connection = op.get_bind()
    with op.get_context().autocommit_block():
        second = monday(connection, FIRST_WEEK_AHEAD)
        op.execute(f"ALTER TABLE {LOG} DROP CONSTRAINT IF EXISTS {BOUND}")
        op.execute(f"ALTER TABLE {LOG} ADD CONSTRAINT {BOUND} CHECK (changed_at < '{second}') NOT VALID")
        # What follows holds up nobody, and waits for whoever writes.
        timeouts = [
            (name, connection.scalar(sa.text(f"SHOW {name}"))) for name in ("statement_timeout", "lock_timeout")
        ]
        op.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        op.execute(f"ALTER TABLE {LOG} VALIDATE CONSTRAINT {BOUND}")
        op.drop_index(FIRST_KEY, LOG, postgresql_concurrently=True, if_exists=True)
        op.create_index(FIRST_KEY, LOG, ["xid", "id", "changed_at"], unique=True, postgresql_concurrently=True)
        op.execute("; ".join(f"SET {name} = '{value}'" for name, value in timeouts))
    # From here on in one transaction, and a moment: nothing reads or writes rows.
    op.execute(f"LOCK TABLE {LOG} IN ACCESS EXCLUSIVE MODE")
    number = next_id(connection)
    op.execute(f"ALTER TABLE {LOG} DROP CONSTRAINT {KEY}")
    op.execute(f"ALTER TABLE {LOG} ADD CONSTRAINT {FIRST_KEY} PRIMARY KEY USING INDEX {FIRST_KEY}")
    op.execute(f"ALTER TABLE {LOG} ALTER COLUMN id DROP IDENTITY")
    op.execute(f"ALTER INDEX {BY_PRODUCT} RENAME TO {FIRST}_product_id_changed_at_idx")
    op.rename_table(LOG, FIRST)
    make(partitioned=True)
    begin_ids_at(connection, number)
    op.execute(f"ALTER TABLE {LOG} ATTACH PARTITION {FIRST} FOR VALUES FROM (MINVALUE) TO ('{second}')")
    op.execute(f"ALTER TABLE {FIRST} DROP CONSTRAINT {BOUND}")
    for week in range(FIRST_WEEK_AHEAD, FIRST_WEEK_AHEAD + WEEKS):
        begin, end = monday(connection, week), monday(connection, week + 1)
        name = f"{LOG}_{begin[:10].replace('-', '')}"
        op.execute(f"CREATE TABLE {name} PARTITION OF {LOG} FOR VALUES FROM ('{begin}') TO ('{end}')")
    op.execute(f"CREATE TABLE {OTHERS} PARTITION OF {LOG} DEFAULT")


def downgrade() -> None:
    connection = op.get_bind()
    op.execute(f"LOCK TABLE {LOG} IN ACCESS EXCLUSIVE MODE")
    op.execute("SET LOCAL statement_timeout = 0")
    number = next_id(connection)
    op.rename_table(LOG, f"{LOG}_partitioned")
    op.execute(f"ALTER SEQUENCE {LOG}_id_seq RENAME TO {LOG}_partitioned_id_seq")
    op.execute(f"ALTER INDEX {KEY} RENAME TO {KEY}_partitioned")
    op.execute(f"ALTER INDEX {BY_PRODUCT} RENAME TO {BY_PRODUCT}_partitioned")
    make(partitioned=False)
    op.execute(f"INSERT INTO {LOG} ({COLUMNS}) SELECT {COLUMNS} FROM {LOG}_partitioned")
    begin_ids_at(connection, number)
    op.execute(f"DROP TABLE {LOG}_partitioned")
