"""audit events, revisions and versions, e-mail addresses, and what the warehouse needs of the tables it shows"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from src.platform.tracking import FUNCTIONS, track

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
# Our own content types stand behind those that a shop may bring along.
OWN_CONTENT_TYPES_FROM = 10_000


def changed_xid() -> "sa.Column[int]":
    default = sa.text("((pg_current_xact_id())::text)::bigint")
    return sa.Column("changed_xid", sa.BigInteger(), server_default=default, nullable=False)


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
    for name in (*DATED, *OFTEN, *UNDATED):
        op.add_column(name, changed_xid())
    for name in (*DATED, *UNDATED, *NEW):
        op.create_index(op.f(f"ix_{name}_changed_xid"), name, ["changed_xid"])
    for name in DATED:
        op.create_index(f"ix_{name}_modified_date", name, ["modified_date", "id"])
    op.drop_index("ix_basket_modified_date", "basket")
    for name in OFTEN:
        op.create_index(f"ix_{name}_changed_xid", name, ["changed_xid"], postgresql_using="brin")
        op.create_index(f"ix_{name}_modified_date", name, ["modified_date"], postgresql_using="brin")

    constraint = op.f("fk_deleted_item_content_type_id_content_type")
    op.drop_constraint(constraint, "deleted_item", type_="foreignkey")
    op.create_foreign_key(constraint, "deleted_item", "content_type", ["content_type_id"], ["id"], onupdate="CASCADE")
    op.execute(f"UPDATE content_type SET id = id + {OWN_CONTENT_TYPES_FROM}")
    op.execute(f"ALTER TABLE content_type ALTER COLUMN id RESTART WITH {OWN_CONTENT_TYPES_FROM + 100}")
    for content_type in CONTENT_TYPES:
        app_label, model = content_type.split(".")
        op.execute(f"INSERT INTO content_type (app_label, model) VALUES ('{app_label}', '{model}')")
    op.execute(
        """INSERT INTO email_address (email, "primary", user_id) SELECT email, true, id FROM users WHERE email <> ''"""
    )
    for function in FUNCTIONS:
        op.execute(function)
    for name, content_type in {**DATED, **OFTEN, **UNDATED, **NEW}.items():
        for trigger in track(name, content_type):
            op.execute(trigger)
    for name, content_type in UNSHOWN.items():
        op.execute(track(name, content_type)[1])


def downgrade() -> None:
    for name in UNSHOWN:
        op.execute(f'DROP TRIGGER leave_tombstones ON "{name}"')
    for name in (*DATED, *OFTEN, *UNDATED):
        op.execute(f'DROP TRIGGER leave_tombstones ON "{name}"')
        op.execute(f'DROP TRIGGER stamp_changed_xid ON "{name}"')
    for name in reversed(NEW):
        op.drop_table(name)
    op.execute("DROP FUNCTION stamp_changed_xid(), leave_tombstones()")
    for content_type in CONTENT_TYPES:
        app_label, model = content_type.split(".")
        op.execute(f"DELETE FROM content_type WHERE (app_label, model) = ('{app_label}', '{model}')")
    op.execute(f"UPDATE content_type SET id = id - {OWN_CONTENT_TYPES_FROM}")
    for name in (*DATED, *OFTEN):
        op.drop_index(f"ix_{name}_modified_date", name)
    op.create_index(
        "ix_basket_modified_date",
        "basket",
        ["modified_date"],
        postgresql_using="brin",
        postgresql_where=sa.text("status = 'active'"),
    )
    for name in (*DATED, *OFTEN, *UNDATED):
        op.drop_column(name, "changed_xid")
