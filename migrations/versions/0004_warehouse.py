"""audit events, revisions and versions, e-mail addresses, and what the warehouse needs of the tables it shows

The previous release waits behind its locks, so what takes long (indexes, the addresses of known users) is in 0008.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The tables that the warehouse shows, and the content types of their rows.
DATED = {
    "basket_offer": "campaigns.basketoffer",
    "bulk_voucher_code": "campaigns.bulkvouchercode",
    "category_node": "catalogs.categorynode",
    "favourite": "wishlists.favouriteproduct",
    "offer_benefit": "campaigns.benefit",
    "offer_condition": "campaigns.condition",
    "product": "products.product",
    "product_alert": "wishlists.productalert",
    "product_collection": "campaigns.productcollection",
    "product_collection_item": "campaigns.productcollectionitem",
    "product_image": "products.productimage",
    "promotion": "campaigns.promotion",
    "users": "users.user",
}
# Their rows change all the time: with BRIN, a change costs no index entry.
OFTEN = {
    "basket": "baskets.basket",
    "basket_item": "baskets.basketitem",
    "product_price": "catalogs.productprice",
}
UNDATED = {"content_type": "contenttypes.contenttype", "deleted_item": "deleted.deleteditem"}
NEW = {
    "audit_event": "audit.auditevent",
    "email_address": "account.emailaddress",
    "revision": "reversion.revision",
    "version": "reversion.version",
}
# Fed, but not shown.
UNSHOWN = {
    "data_source": "catalogs.datasource",
    "market": "catalogs.market",
    "price_list": "catalogs.pricelist",
    "product_stock": "catalogs.productstock",
    "segment": "catalogs.segment",
    "stock_list": "catalogs.stocklist",
}
CONTENT_TYPES = (*UNDATED.values(), *NEW.values())
# Our own content types stand behind those that a shop may bring along, and so do rows that nobody asks for: whoever
# feeds the numbers of another system would overwrite them.
OWN_CONTENT_TYPES_FROM = 10_000
OWN_ROWS_FROM = 1_000_000_000
# Who wrote a row last, and what is gone.
FUNCTIONS = (
    """
    CREATE FUNCTION stamp_changed_xid() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.changed_xid := pg_current_xact_id()::text::bigint;
        RETURN NEW;
    END $$
    """,
    # Fails when the content type is unknown, because a tombstone must name one.
    """
    CREATE FUNCTION leave_tombstones() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO deleted_item (object_id, content_type_id)
        SELECT gone.id::text,
               (SELECT id FROM content_type WHERE (app_label, model) = (TG_ARGV[0], TG_ARGV[1]))
        FROM gone;
        RETURN NULL;
    END $$
    """,
)
# What `users.email` says is there as an address, too; an address that replaces it takes its place or is told by a row
# that was there before. Triggers see to it, whoever writes users.
EMAIL_ADDRESSES = (
    """
    CREATE FUNCTION add_email_addresses() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO email_address (email, "primary", user_id, from_user)
        SELECT email, true, id, true FROM added WHERE email <> '';
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION follow_users_email() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        known bigint := (SELECT id FROM email_address WHERE user_id = NEW.id AND lower(email) = lower(NEW.email));
    BEGIN
        IF NEW.email = '' THEN
            DELETE FROM email_address
            WHERE user_id = NEW.id AND ("primary" OR lower(email) = lower(OLD.email));
        ELSIF known IS NOT NULL THEN
            DELETE FROM email_address WHERE user_id = NEW.id AND from_user AND id <> known;
            UPDATE email_address SET "primary" = false WHERE user_id = NEW.id AND "primary" AND id <> known;
            UPDATE email_address SET "primary" = true, email = NEW.email
            WHERE id = known AND (NOT "primary" OR email <> NEW.email);
        ELSE
            UPDATE email_address SET email = NEW.email, verified = false WHERE user_id = NEW.id AND "primary";
            IF NOT FOUND THEN
                INSERT INTO email_address (email, "primary", user_id, from_user)
                VALUES (NEW.email, true, NEW.id, true);
            END IF;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER add_email_addresses AFTER INSERT ON users REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION add_email_addresses()
    """,
    """
    CREATE TRIGGER follow_users_email AFTER UPDATE OF email ON users FOR EACH ROW
    WHEN (NEW.email <> OLD.email) EXECUTE FUNCTION follow_users_email()
    """,
)


def changed_xid() -> "sa.Column[int]":
    default = sa.text("((pg_current_xact_id())::text)::bigint")
    return sa.Column("changed_xid", sa.BigInteger(), server_default=default, nullable=False)


def stamp(table: str) -> None:
    op.execute(
        f"""
        CREATE TRIGGER stamp_changed_xid BEFORE UPDATE ON "{table}" FOR EACH ROW
        WHEN (NEW.changed_xid = OLD.changed_xid) EXECUTE FUNCTION stamp_changed_xid()
        """
    )


def leave_tombstones(table: str, content_type: str) -> None:
    app_label, _, model = content_type.partition(".")
    op.execute(
        f"""
        CREATE TRIGGER leave_tombstones AFTER DELETE ON "{table}" REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION leave_tombstones('{app_label}', '{model}')
        """
    )


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uuid", sa.Text(), server_default=sa.text("(uuidv7())::text"), nullable=False),
        sa.Column("user", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column(
            "timestamp",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("remote_addr", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column(
            "query_params",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "post_data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "headers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("object_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "content", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("content_type_id", sa.BigInteger(), nullable=True),
        changed_xid(),
        sa.ForeignKeyConstraint(
            ["content_type_id"],
            ["content_type.id"],
            name=op.f("fk_audit_event_content_type_id_content_type"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index("ix_audit_event_object", "audit_event", ["content_type_id", "object_id"], unique=False)
    op.create_table(
        "email_address",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("primary", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("from_user", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        changed_xid(),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_email_address_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_address")),
    )
    op.create_index(
        "uq_email_address_primary", "email_address", ["user_id"], unique=True, postgresql_where=sa.text('"primary"')
    )
    op.create_index(
        "uq_email_address_user_id", "email_address", ["user_id", sa.literal_column("lower(email)")], unique=True
    )
    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "date_created",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("comment", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        changed_xid(),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_revision_user_id_users"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
    )
    op.create_index(op.f("ix_revision_user_id"), "revision", ["user_id"], unique=False)
    op.create_table(
        "version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("db", sa.Text(), server_default=sa.text("'default'"), nullable=False),
        sa.Column("format", sa.Text(), server_default=sa.text("'json'"), nullable=False),
        sa.Column(
            "serialized_data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("object_repr", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("content_type_id", sa.BigInteger(), nullable=False),
        changed_xid(),
        sa.ForeignKeyConstraint(
            ["content_type_id"],
            ["content_type.id"],
            name=op.f("fk_version_content_type_id_content_type"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_version_revision_id_revision"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version")),
    )
    op.create_index("ix_version_object", "version", ["content_type_id", "object_id"], unique=False)
    op.create_index(op.f("ix_version_revision_id"), "version", ["revision_id"], unique=False)
    for name in NEW:
        op.create_index(op.f(f"ix_{name}_changed_xid"), name, ["changed_xid"])

    constraint = op.f("fk_deleted_item_content_type_id_content_type")
    op.drop_constraint(constraint, "deleted_item", type_="foreignkey")
    op.create_foreign_key(
        constraint,
        "deleted_item",
        "content_type",
        ["content_type_id"],
        ["id"],
        onupdate="CASCADE",
        postgresql_not_valid=True,
    )
    op.execute(f"UPDATE content_type SET id = id + {OWN_CONTENT_TYPES_FROM}")
    op.execute(f"ALTER TABLE content_type ALTER COLUMN id RESTART WITH {OWN_CONTENT_TYPES_FROM + 100}")
    for name in ("deleted_item", *NEW):
        # As one that was used: what is fed may move a sequence on, but never one of these back.
        op.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {OWN_ROWS_FROM})")
    for content_type in CONTENT_TYPES:
        app_label, model = content_type.split(".")
        op.execute(f"INSERT INTO content_type (app_label, model) VALUES ('{app_label}', '{model}')")
    # From here on the tables that everybody uses are locked, until the end.
    for statement in (*FUNCTIONS, *EMAIL_ADDRESSES):
        op.execute(statement)
    for name in (*DATED, *OFTEN, *UNDATED):
        op.add_column(name, changed_xid())
    for name, content_type in {**DATED, **OFTEN, **UNDATED, **NEW}.items():
        stamp(name)
        leave_tombstones(name, content_type)
    for name, content_type in UNSHOWN.items():
        leave_tombstones(name, content_type)


def downgrade() -> None:
    for name in UNSHOWN:
        op.execute(f'DROP TRIGGER leave_tombstones ON "{name}"')
    for name in (*DATED, *OFTEN, *UNDATED):
        op.execute(f'DROP TRIGGER leave_tombstones ON "{name}"')
        op.execute(f'DROP TRIGGER stamp_changed_xid ON "{name}"')
    op.execute("DROP TRIGGER add_email_addresses ON users")
    op.execute("DROP TRIGGER follow_users_email ON users")
    op.execute("DROP FUNCTION add_email_addresses(), follow_users_email()")
    for name in reversed(NEW):
        op.drop_table(name)
    op.execute("DROP FUNCTION stamp_changed_xid(), leave_tombstones()")
    for content_type in CONTENT_TYPES:
        app_label, model = content_type.split(".")
        of_it = f"(app_label, model) = ('{app_label}', '{model}')"
        op.execute(f"DELETE FROM deleted_item USING content_type AS type WHERE type.id = content_type_id AND {of_it}")
        op.execute(f"DELETE FROM content_type WHERE {of_it}")
    op.execute(f"UPDATE content_type SET id = id - {OWN_CONTENT_TYPES_FROM}")
    for name in (*DATED, *OFTEN, *UNDATED):
        op.drop_column(name, "changed_xid")
