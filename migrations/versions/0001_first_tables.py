"""first tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import src.platform.orm

SHOPPER = """
CREATE VIEW shopper AS
SELECT credential.digest, credential.kind, credential.scopes,
       users.id AS user_id, users.uuid AS user_uuid, users.email, users.language_code,
       users.segment_id, segment.price_list_id, segment.stock_list_id
FROM credential
JOIN users ON users.id = credential.user_id
LEFT JOIN segment ON segment.id = users.segment_id
WHERE users.is_active AND (credential.expires_at IS NULL OR credential.expires_at > now())
"""
# Price and stock list 1 are always there (contract, Who pays what); given ids must not meet the sequence.
ALWAYS_THERE = (
    "INSERT INTO price_list (id, name) VALUES (1, 'Default')",
    "INSERT INTO stock_list (id, name) VALUES (1, 'Default')",
    "SELECT setval(pg_get_serial_sequence('price_list', 'id'), 1)",
    "SELECT setval(pg_get_serial_sequence('stock_list', 'id'), 1)",
    "INSERT INTO catalogue_epoch DEFAULT VALUES",
)
CONTENT_TYPES = (
    ("products", "product"),
    ("products", "productimage"),
    ("catalogs", "productprice"),
    ("catalogs", "productstock"),
    ("catalogs", "pricelist"),
    ("catalogs", "stocklist"),
    ("catalogs", "datasource"),
    ("catalogs", "segment"),
    ("catalogs", "market"),
    ("catalogs", "categorynode"),
    ("users", "user"),
    ("wishlists", "favouriteproduct"),
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalogue_change",
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
            "changed_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("kind in ('price', 'availability', 'activity')", name=op.f("ck_catalogue_change_kind")),
        sa.PrimaryKeyConstraint("xid", "id", name=op.f("pk_catalogue_change")),
    )
    op.create_index(
        "ix_catalogue_change_product_id_changed_at", "catalogue_change", ["product_id", "changed_at"], unique=False
    )
    op.create_table(
        "catalogue_epoch",
        sa.Column("id", sa.Integer(), server_default=sa.text("1"), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_catalogue_epoch_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_epoch")),
    )
    op.create_table(
        "category_node",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("uuid", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
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
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("depth", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("numchild", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("order", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pretty_url", sa.BigInteger(), nullable=True),
        sa.Column("sort_option", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_node")),
        sa.UniqueConstraint("uuid", name=op.f("uq_category_node_uuid")),
    )
    op.create_index(op.f("ix_category_node_path"), "category_node", ["path"], unique=False)
    op.create_table(
        "content_type",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("app_label", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_type")),
        sa.UniqueConstraint("app_label", "model", name=op.f("uq_content_type_app_label")),
    )
    op.create_table(
        "idempotency_record",
        sa.Column("scope", sa.LargeBinary(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_idempotency_record")),
    )
    op.create_index("ix_idempotency_record_created_at", "idempotency_record", ["created_at"], unique=False)
    op.create_table(
        "market",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uuid", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market")),
        sa.UniqueConstraint("uuid", name=op.f("uq_market_uuid")),
    )
    op.create_table(
        "price_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_table(
        "stock_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_list")),
    )
    op.create_table(
        "data_source",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("supplier_code", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone_number", sa.Text(), nullable=True),
        sa.Column("fax_number", sa.Text(), nullable=True),
        sa.Column("kep_address", sa.Text(), nullable=True),
        sa.Column("mersis_number", sa.Text(), nullable=True),
        sa.Column("trade_association", sa.Text(), nullable=True),
        sa.Column(
            "extras", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("price_list_id", sa.BigInteger(), nullable=True),
        sa.Column("stock_list_id", sa.BigInteger(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_list.id"], name=op.f("fk_data_source_price_list_id_price_list")
        ),
        sa.ForeignKeyConstraint(
            ["stock_list_id"], ["stock_list.id"], name=op.f("fk_data_source_stock_list_id_stock_list")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_source")),
    )
    op.create_table(
        "deleted_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("deleted_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("content_type_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_type_id"], ["content_type.id"], name=op.f("fk_deleted_item_content_type_id_content_type")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deleted_item")),
    )
    op.create_index("ix_deleted_item_object", "deleted_item", ["content_type_id", "object_id"])
    op.create_table(
        "segment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price_list_id", sa.BigInteger(), nullable=True),
        sa.Column("stock_list_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["price_list_id"], ["price_list.id"], name=op.f("fk_segment_price_list_id_price_list")),
        sa.ForeignKeyConstraint(["stock_list_id"], ["stock_list.id"], name=op.f("fk_segment_stock_list_id_stock_list")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
    )
    op.create_table(
        "product",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uuid", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("base_code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("product_type", sa.Text(), server_default=sa.text("'0'"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("data_source_id", sa.BigInteger(), nullable=True),
        sa.Column("market_id", sa.BigInteger(), nullable=True),
        sa.Column("category_nodes", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=True),
        sa.Column("url_path", sa.Text(), nullable=True),
        sa.Column(
            "translations",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
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
        sa.Column(
            "extra_attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("attribute_set", sa.BigInteger(), nullable=True),
        sa.Column("custom_attribute_set", sa.BigInteger(), nullable=True),
        sa.Column("listing_code", sa.Text(), nullable=True),
        sa.Column("listable_product", sa.BigInteger(), nullable=True),
        sa.Column("pretty_url", sa.BigInteger(), nullable=True),
        sa.Column("is_seller_product", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_listable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("is_form_required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "group_products",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["data_source_id"], ["data_source.id"], name=op.f("fk_product_data_source_id_data_source")
        ),
        sa.ForeignKeyConstraint(["market_id"], ["market.id"], name=op.f("fk_product_market_id_market")),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["product.id"],
            name=op.f("fk_product_parent_id_product"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("sku", name=op.f("uq_product_sku")),
        sa.UniqueConstraint("uuid", name=op.f("uq_product_uuid")),
    )
    op.create_index("ix_product_base_code", "product", ["base_code"], unique=False)
    op.create_index(op.f("ix_product_data_source_id"), "product", ["data_source_id"], unique=False)
    op.create_index(op.f("ix_product_market_id"), "product", ["market_id"], unique=False)
    op.create_index(op.f("ix_product_parent_id"), "product", ["parent_id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uuid", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("email", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("username", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("first_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("last_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("user_type", sa.Text(), server_default=sa.text("'registered'"), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("language_code", sa.Text(), nullable=True),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("is_staff", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_superuser", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_anonymized", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("email_allowed", sa.Boolean(), server_default=sa.text("false"), nullable=True),
        sa.Column("sms_allowed", sa.Boolean(), server_default=sa.text("false"), nullable=True),
        sa.Column("call_allowed", sa.Boolean(), nullable=True),
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
        sa.Column(
            "groups", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "user_permissions",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("last_login", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("date_joined", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("segment_id", sa.BigInteger(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name=op.f("fk_users_segment_id_segment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_users_issuer")),
        sa.UniqueConstraint("uuid", name=op.f("uq_users_uuid")),
    )
    op.create_index(op.f("ix_users_segment_id"), "users", ["segment_id"], unique=False)
    op.create_index(
        "uq_users_email_lower",
        "users",
        [sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("email <> ''"),
    )
    op.create_table(
        "credential",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('token', 'session', 'subject')", name=op.f("ck_credential_kind")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_credential_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_credential")),
    )
    op.create_index(
        "ix_credential_expires_at",
        "credential",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at is not null"),
    )
    op.create_index(op.f("ix_credential_user_id"), "credential", ["user_id"], unique=False)
    op.create_table(
        "favourite",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uuid", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
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
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "baseline_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("baseline_price", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("baseline_currency", sa.Text(), nullable=True),
        sa.Column("baseline_available", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_favourite_product_id_product")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_favourite_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_favourite")),
        sa.UniqueConstraint("user_id", "product_id", name=op.f("uq_favourite_user_id")),
    )
    op.create_index("ix_favourite_product_id", "favourite", ["product_id"], unique=False)
    op.create_index(
        "ix_favourite_user_id_created_date",
        "favourite",
        ["user_id", sa.literal_column("created_date DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("ix_favourite_uuid", "favourite", ["uuid"], unique=False)
    op.create_table(
        "favourite_summary",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "last_changed_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_favourite_summary_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_favourite_summary")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "product_image",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("order", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_product_image_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_image")),
    )
    op.create_index(op.f("ix_product_image_product_id"), "product_image", ["product_id"], unique=False)
    op.create_table(
        "product_price",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("price_list_id", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("currency_type", sa.Text(), server_default=sa.text("'try'"), nullable=False),
        sa.Column("price_type", sa.Text(), server_default=sa.text("'default'"), nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("retail_price", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("tax_rate", sa.Numeric(precision=9, scale=2), nullable=True),
        sa.Column(
            "extra_field",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("price >= 0", name=op.f("ck_product_price_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_list.id"], name=op.f("fk_product_price_price_list_id_price_list")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_product_price_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_price")),
        sa.UniqueConstraint(
            "product_id", "price_list_id", "currency_type", "price_type", name=op.f("uq_product_price_product_id")
        ),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_table(
        "product_state",
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_state_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_product_state")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "product_stock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_list_id", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("in_stock", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("unit_type", sa.Text(), server_default=sa.text("'qty'"), nullable=True),
        sa.Column("created_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "modified_date", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_product_stock_stock_not_negative")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_product_stock_product_id_product")),
        sa.ForeignKeyConstraint(
            ["stock_list_id"], ["stock_list.id"], name=op.f("fk_product_stock_stock_list_id_stock_list")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_stock")),
        sa.UniqueConstraint("product_id", "stock_list_id", name=op.f("uq_product_stock_product_id")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_table(
        "removed_favourite",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("favourite_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("removed_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_removed_favourite_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "favourite_id", name=op.f("pk_removed_favourite")),
    )

    op.execute(SHOPPER)
    for statement in ALWAYS_THERE:
        op.execute(statement)
    content_type = sa.table("content_type", sa.column("app_label"), sa.column("model"))
    op.bulk_insert(content_type, [{"app_label": label, "model": model} for label, model in CONTENT_TYPES])


def downgrade() -> None:
    op.execute("DROP VIEW shopper")
    op.drop_table("removed_favourite")
    op.drop_table("product_stock")
    op.drop_table("product_state")
    op.drop_table("product_price")
    op.drop_index(op.f("ix_product_image_product_id"), table_name="product_image")
    op.drop_table("product_image")
    op.drop_table("favourite_summary")
    op.drop_index("ix_favourite_uuid", table_name="favourite")
    op.drop_index("ix_favourite_user_id_created_date", table_name="favourite")
    op.drop_index("ix_favourite_product_id", table_name="favourite")
    op.drop_table("favourite")
    op.drop_index(op.f("ix_credential_user_id"), table_name="credential")
    op.drop_index(
        "ix_credential_expires_at", table_name="credential", postgresql_where=sa.text("expires_at is not null")
    )
    op.drop_table("credential")
    op.drop_index("uq_users_email_lower", table_name="users", postgresql_where=sa.text("email <> ''"))
    op.drop_index(op.f("ix_users_segment_id"), table_name="users")
    op.drop_table("users")
    op.drop_index(op.f("ix_product_parent_id"), table_name="product")
    op.drop_index(op.f("ix_product_market_id"), table_name="product")
    op.drop_index(op.f("ix_product_data_source_id"), table_name="product")
    op.drop_index("ix_product_base_code", table_name="product")
    op.drop_table("product")
    op.drop_table("segment")
    op.drop_table("deleted_item")
    op.drop_table("data_source")
    op.drop_table("stock_list")
    op.drop_table("setting")
    op.drop_table("price_list")
    op.drop_table("market")
    op.drop_index("ix_idempotency_record_created_at", table_name="idempotency_record")
    op.drop_table("idempotency_record")
    op.drop_table("content_type")
    op.drop_index(op.f("ix_category_node_path"), table_name="category_node")
    op.drop_table("category_node")
    op.drop_table("catalogue_epoch")
    op.drop_index("ix_catalogue_change_product_id_changed_at", table_name="catalogue_change")
    op.drop_table("catalogue_change")
