"""baskets and offers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

CONTENT_TYPES = (
    ("campaigns", "promotion"),
    ("campaigns", "condition"),
    ("campaigns", "benefit"),
    ("campaigns", "basketoffer"),
    ("campaigns", "bulkvouchercode"),
    ("campaigns", "productcollection"),
    ("campaigns", "productcollectionitem"),
    ("baskets", "basket"),
    ("baskets", "basketitem"),
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offer_epoch",
        sa.Column("id", sa.Integer(), server_default=sa.text("1"), autoincrement=False, nullable=False),
        sa.Column(
            "version",
            sa.BigInteger(),
            server_default=sa.text("((EXTRACT(epoch FROM clock_timestamp()) * (1000000)::numeric))::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_offer_epoch_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_epoch")),
    )
    op.create_table(
        "product_collection",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("collection_type", sa.Text(), server_default=sa.text("'static'"), nullable=False),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("expiration_date", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("uuid", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("slug", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("sort_option", sa.BigInteger(), nullable=True),
        sa.Column(
            "query", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.CheckConstraint(
            "collection_type in ('static', 'dynamic')", name=op.f("ck_product_collection_collection_type")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_collection")),
    )
    op.create_index(
        "ix_product_collection_expiration_date",
        "product_collection",
        ["expiration_date"],
        unique=False,
        postgresql_where=sa.text("expiration_date is not null"),
    )
    op.create_table(
        "promotion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("translations", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("slug", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion")),
    )
    op.create_table(
        "offer_benefit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("benefit_type", sa.Text(), nullable=False),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "kwargs", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("product_collection_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "benefit_type in ('percentage', 'fixed', 'multibuy', 'shipping_free', 'point', 'loyalty_point', 'coupon', 'voucher', 'sample_product')",
            name=op.f("ck_offer_benefit_benefit_type"),
        ),
        sa.ForeignKeyConstraint(
            ["product_collection_id"],
            ["product_collection.id"],
            name=op.f("fk_offer_benefit_product_collection_id_product_collection"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_benefit")),
    )
    op.create_index(
        op.f("ix_offer_benefit_product_collection_id"), "offer_benefit", ["product_collection_id"], unique=False
    )
    op.create_table(
        "offer_condition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("condition_type", sa.Text(), nullable=False),
        sa.Column("translations", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("upsell_message", sa.Text(), nullable=True),
        sa.Column(
            "kwargs", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("product_collection_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "condition_type in ('amount', 'quantity', 'distinct', 'query')",
            name=op.f("ck_offer_condition_condition_type"),
        ),
        sa.ForeignKeyConstraint(
            ["product_collection_id"],
            ["product_collection.id"],
            name=op.f("fk_offer_condition_product_collection_id_product_collection"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_condition")),
    )
    op.create_index(
        op.f("ix_offer_condition_product_collection_id"), "offer_condition", ["product_collection_id"], unique=False
    )
    op.create_table(
        "basket",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column(
            "created_date",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "modified_date",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "version",
            sa.BigInteger(),
            server_default=sa.text("((EXTRACT(epoch FROM clock_timestamp()) * (1000000)::numeric))::bigint"),
            nullable=False,
        ),
        sa.Column("voucher_code", sa.Text(), nullable=True),
        sa.Column("namespace", sa.Text(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("guest_digest", sa.LargeBinary(), nullable=True),
        sa.Column("currency_type", sa.Text(), nullable=True),
        sa.Column("external_offer_code", sa.Text(), nullable=True),
        sa.Column("frozen_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("frozen_view", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status in ('active', 'inactive', 'expired', 'merged', 'frozen', 'submitted')",
            name=op.f("ck_basket_status"),
        ),
        sa.CheckConstraint("user_id is null or guest_digest is null", name=op.f("ck_basket_one_owner")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_basket_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_basket")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index(
        "ix_basket_frozen_until",
        "basket",
        ["frozen_until"],
        unique=False,
        postgresql_where=sa.text("status = 'frozen'"),
    )
    op.create_index(
        "ix_basket_modified_date",
        "basket",
        ["modified_date"],
        unique=False,
        postgresql_using="brin",
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index("ix_basket_user_id", "basket", ["user_id"], unique=False)
    op.create_index(
        "uq_basket_guest_digest",
        "basket",
        ["guest_digest", sa.literal_column("coalesce(namespace, '')")],
        unique=True,
        postgresql_where=sa.text("guest_digest is not null and status in ('active', 'frozen')"),
    )
    op.create_index(
        "uq_basket_user_id",
        "basket",
        ["user_id", sa.literal_column("coalesce(namespace, '')")],
        unique=True,
        postgresql_where=sa.text("user_id is not null and status in ('active', 'frozen')"),
    )
    op.create_table(
        "basket_offer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("offer_type", sa.Text(), server_default=sa.text("'sitewide'"), nullable=False),
        sa.Column(
            "currencies", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("translations", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("voucher_code", sa.Text(), nullable=True),
        sa.Column("is_visible", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("is_visible_on_list", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("start_datetime", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("end_datetime", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("priority", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("allowed_quantity_per_basket", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_mergable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("max_usage_per_user", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "kwargs", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("is_available_for_data_sources", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("max_stock_limit", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("promotion_id", sa.BigInteger(), nullable=True),
        sa.Column("condition_id", sa.BigInteger(), nullable=True),
        sa.Column("benefit_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "listing_kwargs",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "offer_type in ('sitewide', 'coupon', 'coupon_code', 'voucher_code', 'bulk_voucher_code', 'bulk_coupon')",
            name=op.f("ck_basket_offer_offer_type"),
        ),
        sa.CheckConstraint("status in ('active', 'passive', 'used')", name=op.f("ck_basket_offer_status")),
        sa.ForeignKeyConstraint(
            ["benefit_id"], ["offer_benefit.id"], name=op.f("fk_basket_offer_benefit_id_offer_benefit")
        ),
        sa.ForeignKeyConstraint(
            ["condition_id"], ["offer_condition.id"], name=op.f("fk_basket_offer_condition_id_offer_condition")
        ),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotion.id"], name=op.f("fk_basket_offer_promotion_id_promotion")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_basket_offer_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_basket_offer")),
    )
    op.create_index(op.f("ix_basket_offer_benefit_id"), "basket_offer", ["benefit_id"], unique=False)
    op.create_index(op.f("ix_basket_offer_condition_id"), "basket_offer", ["condition_id"], unique=False)
    op.create_index(
        "ix_basket_offer_end_datetime",
        "basket_offer",
        ["end_datetime"],
        unique=False,
        postgresql_where=sa.text("offer_type = 'sitewide'"),
    )
    op.create_index(op.f("ix_basket_offer_promotion_id"), "basket_offer", ["promotion_id"], unique=False)
    op.create_index(
        "ix_basket_offer_start_datetime",
        "basket_offer",
        ["start_datetime"],
        unique=False,
        postgresql_where=sa.text("offer_type = 'sitewide'"),
    )
    op.create_index(
        "ix_basket_offer_user_id",
        "basket_offer",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("user_id is not null"),
    )
    op.create_index(
        "ix_basket_offer_voucher_code",
        "basket_offer",
        ["voucher_code"],
        unique=False,
        postgresql_where=sa.text("voucher_code is not null"),
    )
    op.create_table(
        "product_collection_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("uuid", sa.Text(), server_default=sa.text("(uuidv7())::text"), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("collection_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["product_collection.id"],
            name=op.f("fk_product_collection_item_collection_id_product_collection"),
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_collection_item_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_collection_item")),
        sa.UniqueConstraint("product_id", "collection_id", name=op.f("uq_product_collection_item_product_id")),
    )
    op.create_index(
        op.f("ix_product_collection_item_collection_id"), "product_collection_item", ["collection_id"], unique=False
    )
    op.create_table(
        "shopper_offer_state",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "version",
            sa.BigInteger(),
            server_default=sa.text("((EXTRACT(epoch FROM clock_timestamp()) * (1000000)::numeric))::bigint"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_shopper_offer_state_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_shopper_offer_state")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "basket_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("basket_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_date",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "modified_date",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "version",
            sa.BigInteger(),
            server_default=sa.text("((EXTRACT(epoch FROM clock_timestamp()) * (1000000)::numeric))::bigint"),
            nullable=False,
        ),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column(
            "attributes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "attributes_kwargs",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "localized_attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "localized_attributes_kwargs",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("inquiry", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("currency_type", sa.Text(), nullable=True),
        sa.Column("unit_price", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("tax_rate", sa.Numeric(precision=9, scale=2), nullable=True),
        sa.Column("image", sa.Text(), nullable=True),
        sa.Column("extra_product_price", sa.BigInteger(), nullable=True),
        sa.Column("extra_product_stock", sa.BigInteger(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("datasource", sa.BigInteger(), nullable=True),
        sa.Column("offer_ids", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("quantity between 1 and 9999", name=op.f("ck_basket_item_quantity")),
        sa.ForeignKeyConstraint(
            ["basket_id"], ["basket.id"], name=op.f("fk_basket_item_basket_id_basket"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["basket_item.id"], name=op.f("fk_basket_item_parent_id_basket_item"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_basket_item_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_basket_item")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index(
        "ix_basket_item_parent_id",
        "basket_item",
        ["parent_id"],
        unique=False,
        postgresql_where=sa.text("parent_id is not null"),
    )
    op.create_index("ix_basket_item_product_id", "basket_item", ["product_id"], unique=False)
    op.create_index(
        "uq_basket_item_basket_id",
        "basket_item",
        ["basket_id", "reference", sa.literal_column("coalesce(parent_id, 0)")],
        unique=True,
    )
    op.create_table(
        "bulk_voucher_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("translations", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("basket_offer_id", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=True),
        sa.Column("discount_item", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status in ('active', 'passive', 'used')", name=op.f("ck_bulk_voucher_code_status")),
        sa.ForeignKeyConstraint(
            ["basket_offer_id"], ["basket_offer.id"], name=op.f("fk_bulk_voucher_code_basket_offer_id_basket_offer")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_bulk_voucher_code_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_voucher_code")),
        sa.UniqueConstraint("code", name=op.f("uq_bulk_voucher_code_code")),
    )
    op.create_index(
        op.f("ix_bulk_voucher_code_basket_offer_id"), "bulk_voucher_code", ["basket_offer_id"], unique=False
    )
    op.create_index(
        "ix_bulk_voucher_code_user_id",
        "bulk_voucher_code",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("user_id is not null"),
    )
    op.create_table(
        "offer_usage",
        sa.Column("basket_offer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["basket_offer_id"],
            ["basket_offer.id"],
            name=op.f("fk_offer_usage_basket_offer_id_basket_offer"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("basket_offer_id", name=op.f("pk_offer_usage")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "offer_redemption",
        sa.Column("basket_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("basket_offer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("bulk_voucher_code_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("coupon_amount", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("coupon_currency", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state in ('held', 'redeemed')", name=op.f("ck_offer_redemption_state")),
        sa.ForeignKeyConstraint(
            ["basket_id"], ["basket.id"], name=op.f("fk_offer_redemption_basket_id_basket"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["basket_offer_id"],
            ["basket_offer.id"],
            name=op.f("fk_offer_redemption_basket_offer_id_basket_offer"),
        ),
        sa.ForeignKeyConstraint(
            ["bulk_voucher_code_id"],
            ["bulk_voucher_code.id"],
            name=op.f("fk_offer_redemption_bulk_voucher_code_id_bulk_voucher_code"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_offer_redemption_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("basket_id", "basket_offer_id", name=op.f("pk_offer_redemption")),
    )
    op.create_index("ix_offer_redemption_basket_offer_id", "offer_redemption", ["basket_offer_id"], unique=False)
    op.create_index(
        "ix_offer_redemption_user_id",
        "offer_redemption",
        ["user_id", "basket_offer_id"],
        unique=False,
        postgresql_where=sa.text("user_id is not null"),
    )
    op.create_index(
        "uq_offer_redemption_bulk_voucher_code_id",
        "offer_redemption",
        ["bulk_voucher_code_id"],
        unique=True,
        postgresql_where=sa.text("bulk_voucher_code_id is not null"),
    )
    op.add_column("credential", sa.Column("guest_digest", sa.LargeBinary(), nullable=True))

    op.create_index(
        "ix_product_price_currency_type",
        "product_price",
        ["currency_type", "price_list_id"],
        postgresql_where=sa.text("price_type = 'default'"),
    )
    op.execute("INSERT INTO offer_epoch DEFAULT VALUES")
    content_type = sa.table("content_type", sa.column("app_label"), sa.column("model"))
    op.bulk_insert(content_type, [{"app_label": label, "model": model} for label, model in CONTENT_TYPES])


def downgrade() -> None:
    op.drop_index("ix_product_price_currency_type", table_name="product_price")
    op.execute("DELETE FROM content_type WHERE app_label IN ('campaigns', 'baskets')")
    op.drop_column("credential", "guest_digest")
    op.drop_index(
        "uq_offer_redemption_bulk_voucher_code_id",
        table_name="offer_redemption",
        postgresql_where=sa.text("bulk_voucher_code_id is not null"),
    )
    op.drop_index(
        "ix_offer_redemption_user_id", table_name="offer_redemption", postgresql_where=sa.text("user_id is not null")
    )
    op.drop_index("ix_offer_redemption_basket_offer_id", table_name="offer_redemption")
    op.drop_table("offer_redemption")
    op.drop_table("offer_usage")
    op.drop_index(
        "ix_bulk_voucher_code_user_id", table_name="bulk_voucher_code", postgresql_where=sa.text("user_id is not null")
    )
    op.drop_index(op.f("ix_bulk_voucher_code_basket_offer_id"), table_name="bulk_voucher_code")
    op.drop_table("bulk_voucher_code")
    op.drop_index("uq_basket_item_basket_id", table_name="basket_item")
    op.drop_index("ix_basket_item_product_id", table_name="basket_item")
    op.drop_index(
        "ix_basket_item_parent_id", table_name="basket_item", postgresql_where=sa.text("parent_id is not null")
    )
    op.drop_table("basket_item")
    op.drop_table("shopper_offer_state")
    op.drop_index(op.f("ix_product_collection_item_collection_id"), table_name="product_collection_item")
    op.drop_table("product_collection_item")
    op.drop_index(
        "ix_basket_offer_voucher_code", table_name="basket_offer", postgresql_where=sa.text("voucher_code is not null")
    )
    op.drop_index("ix_basket_offer_user_id", table_name="basket_offer", postgresql_where=sa.text("user_id is not null"))
    op.drop_index(
        "ix_basket_offer_start_datetime",
        table_name="basket_offer",
        postgresql_where=sa.text("offer_type = 'sitewide'"),
    )
    op.drop_index(op.f("ix_basket_offer_promotion_id"), table_name="basket_offer")
    op.drop_index(
        "ix_basket_offer_end_datetime", table_name="basket_offer", postgresql_where=sa.text("offer_type = 'sitewide'")
    )
    op.drop_index(op.f("ix_basket_offer_condition_id"), table_name="basket_offer")
    op.drop_index(op.f("ix_basket_offer_benefit_id"), table_name="basket_offer")
    op.drop_table("basket_offer")
    op.drop_index(
        "uq_basket_user_id",
        table_name="basket",
        postgresql_where=sa.text("user_id is not null and status in ('active', 'frozen')"),
    )
    op.drop_index(
        "uq_basket_guest_digest",
        table_name="basket",
        postgresql_where=sa.text("guest_digest is not null and status in ('active', 'frozen')"),
    )
    op.drop_index("ix_basket_user_id", table_name="basket")
    op.drop_index("ix_basket_modified_date", table_name="basket", postgresql_where=sa.text("status = 'active'"))
    op.drop_index("ix_basket_frozen_until", table_name="basket", postgresql_where=sa.text("status = 'frozen'"))
    op.drop_table("basket")
    op.drop_index(op.f("ix_offer_condition_product_collection_id"), table_name="offer_condition")
    op.drop_table("offer_condition")
    op.drop_index(op.f("ix_offer_benefit_product_collection_id"), table_name="offer_benefit")
    op.drop_table("offer_benefit")
    op.drop_table("promotion")
    op.drop_index(
        "ix_product_collection_expiration_date",
        table_name="product_collection",
        postgresql_where=sa.text("expiration_date is not null"),
    )
    op.drop_table("product_collection")
    op.drop_table("offer_epoch")
