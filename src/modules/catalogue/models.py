"""What is for sale, at which price, and how much of it is there; rows come in through the integration API."""

from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import (
    EMPTY_OBJECT,
    FALSE,
    TRUE,
    Base,
    ChangedXid,
    IntegerId,
    JsonList,
    JsonObject,
    OftenChangedXid,
    PublicId,
    Timestamp,
    TransactionId,
)

DEFAULT_LIST_ID = 1
"""The price list and stock list that are always there; a price or stock that names no list belongs to it."""

# Prices and stocks change all the time; with some room on its page a new version of a row costs no index entry.
ROOM_FOR_UPDATES = {"postgresql_with": {"fillfactor": "85"}}


class PriceList(Base):
    """A named set of prices, chosen by the shopper's segment or the product's data source."""

    __tablename__ = "price_list"

    id: Mapped[IntegerId]
    name: Mapped[str] = mapped_column(Text)


class StockList(Base):
    """A named set of stocks, chosen like a price list."""

    __tablename__ = "stock_list"

    id: Mapped[IntegerId]
    name: Mapped[str] = mapped_column(Text)


class DataSource(Base):
    """A seller whose products are listed, with the lists that price and stock them."""

    __tablename__ = "data_source"

    id: Mapped[IntegerId]
    name: Mapped[str] = mapped_column(Text)
    slug: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    supplier_code: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    phone_number: Mapped[str | None] = mapped_column(Text)
    fax_number: Mapped[str | None] = mapped_column(Text)
    kep_address: Mapped[str | None] = mapped_column(Text)
    mersis_number: Mapped[str | None] = mapped_column(Text)
    trade_association: Mapped[str | None] = mapped_column(Text)
    extras: Mapped[JsonObject]
    price_list_id: Mapped[int | None] = mapped_column(ForeignKey("price_list.id"))
    stock_list_id: Mapped[int | None] = mapped_column(ForeignKey("stock_list.id"))
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)


class Segment(Base):
    """A group of shoppers who buy at lists of their own."""

    __tablename__ = "segment"

    id: Mapped[IntegerId]
    name: Mapped[str] = mapped_column(Text)
    price_list_id: Mapped[int | None] = mapped_column(ForeignKey("price_list.id"))
    stock_list_id: Mapped[int | None] = mapped_column(ForeignKey("stock_list.id"))


class Market(Base):
    """A market that products are offered on; the storefront dialect filters by its UUID."""

    __tablename__ = "market"

    id: Mapped[IntegerId]
    uuid: Mapped[PublicId] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(Text)


class CategoryNode(Base):
    """A node of the category tree; `path` is its materialised path, four characters a level."""

    __tablename__ = "category_node"
    __table_args__ = (Index("ix_category_node_modified_date", "modified_date", "id"),)

    id: Mapped[IntegerId]
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    uuid: Mapped[PublicId] = mapped_column(unique=True)
    attributes: Mapped[JsonObject]
    attributes_kwargs: Mapped[JsonObject]
    localized_attributes: Mapped[JsonObject]
    localized_attributes_kwargs: Mapped[JsonObject]
    path: Mapped[str] = mapped_column(Text, index=True)
    depth: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    numchild: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    order: Mapped[int | None] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    pretty_url: Mapped[int | None] = mapped_column(BigInteger)
    sort_option: Mapped[int | None] = mapped_column(BigInteger)
    changed_xid: Mapped[ChangedXid]


class Product(Base):
    """A product row: a single product, a parent, or a variant of a parent."""

    __tablename__ = "product"
    __table_args__ = (
        Index("ix_product_base_code", "base_code"),
        Index("ix_product_modified_date", "modified_date", "id"),
    )

    id: Mapped[IntegerId]
    uuid: Mapped[PublicId] = mapped_column(unique=True)
    sku: Mapped[str] = mapped_column(Text, unique=True)
    base_code: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    product_type: Mapped[str] = mapped_column(Text, server_default=text("'0'"))
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("product.id", deferrable=True, initially="DEFERRED"), index=True
    )
    data_source_id: Mapped[int | None] = mapped_column(ForeignKey("data_source.id"), index=True)
    market_id: Mapped[int | None] = mapped_column(ForeignKey("market.id"), index=True)
    category_nodes: Mapped[list[int]] = mapped_column(postgresql.ARRAY(BigInteger), server_default=text("'{}'"))
    slug: Mapped[str | None] = mapped_column(Text)
    # The path of the product's page in the shop when the shop told it; `/product/<id>/` otherwise.
    url_path: Mapped[str | None] = mapped_column(Text)
    # Names and descriptions by language code: {"en": {"name": …, "description": …}}.
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(postgresql.JSONB, server_default=EMPTY_OBJECT)
    attributes: Mapped[JsonObject]
    attributes_kwargs: Mapped[JsonObject]
    localized_attributes: Mapped[JsonObject]
    localized_attributes_kwargs: Mapped[JsonObject]
    extra_attributes: Mapped[JsonObject]
    attribute_set: Mapped[int | None] = mapped_column(BigInteger)
    custom_attribute_set: Mapped[int | None] = mapped_column(BigInteger)
    listing_code: Mapped[str | None] = mapped_column(Text)
    listable_product: Mapped[int | None] = mapped_column(BigInteger)
    pretty_url: Mapped[int | None] = mapped_column(BigInteger)
    is_seller_product: Mapped[bool] = mapped_column(server_default=FALSE)
    is_listable: Mapped[bool] = mapped_column(server_default=TRUE)
    is_form_required: Mapped[bool] = mapped_column(server_default=FALSE)
    group_products: Mapped[JsonList]
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    changed_xid: Mapped[ChangedXid]


class ProductImage(Base):
    """A picture of a product, shown in the order of `order`."""

    __tablename__ = "product_image"
    __table_args__ = (Index("ix_product_image_modified_date", "modified_date", "id"),)

    id: Mapped[IntegerId]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    status: Mapped[str] = mapped_column(Text, server_default=text("'active'"))
    image: Mapped[str] = mapped_column(Text)
    height: Mapped[int | None] = mapped_column(Integer)
    width: Mapped[int | None] = mapped_column(Integer)
    order: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    changed_xid: Mapped[ChangedXid]


class ProductPrice(Base):
    """The price of a product on a price list in a currency; amounts have two decimals."""

    __tablename__ = "product_price"
    __table_args__ = (
        UniqueConstraint("product_id", "price_list_id", "currency_type", "price_type"),
        CheckConstraint("price >= 0", name="price_not_negative"),
        # Whether anything has a price in the currency that a request names.
        Index(
            "ix_product_price_currency_type",
            "currency_type",
            "price_list_id",
            postgresql_where=text("price_type = 'default'"),
        ),
        Index("ix_product_price_changed_xid", "changed_xid", postgresql_using="brin"),
        Index("ix_product_price_modified_date", "modified_date", postgresql_using="brin"),
        ROOM_FOR_UPDATES,
    )

    id: Mapped[IntegerId]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    price_list_id: Mapped[int] = mapped_column(ForeignKey("price_list.id"), server_default=text(str(DEFAULT_LIST_ID)))
    currency_type: Mapped[str] = mapped_column(Text, server_default=text("'try'"))
    price_type: Mapped[str] = mapped_column(Text, server_default=text("'default'"))
    price: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    retail_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    tax_rate: Mapped[Decimal | None] = mapped_column(Numeric(9, 2))
    extra_field: Mapped[JsonObject]
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    changed_xid: Mapped[OftenChangedXid]


class ProductStock(Base):
    """How much of a product a stock list holds; `stock` is null when only its availability is known."""

    __tablename__ = "product_stock"
    __table_args__ = (
        UniqueConstraint("product_id", "stock_list_id"),
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        ROOM_FOR_UPDATES,
    )

    id: Mapped[IntegerId]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    stock_list_id: Mapped[int] = mapped_column(ForeignKey("stock_list.id"), server_default=text(str(DEFAULT_LIST_ID)))
    stock: Mapped[int | None] = mapped_column(Integer)
    in_stock: Mapped[bool] = mapped_column(server_default=FALSE)
    unit_type: Mapped[str | None] = mapped_column(Text, server_default=text("'qty'"))
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]


class ProductState(Base):
    """A counter per product, moved in the same transaction as anything that is shown of it.

    Narrow and apart from `product`, so that a price change rewrites a few bytes and not a wide row.
    """

    __tablename__ = "product_state"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))


class CatalogueEpoch(Base):
    """One counter for the small tables that touch many products at once: lists, data sources, segments, markets."""

    __tablename__ = "catalogue_epoch"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, server_default=text("1"), autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))


class CatalogueChange(Base):
    """The log of what really changed: a price, the availability on a stock list, or whether a product is for sale.

    `xid` is the writing transaction, so that readers can stop at the snapshot horizon: ids become visible out of order.
    It leads the key, in whose order the log is read; every further index would be paid for at every change. The time
    is in the key because the log is kept in weeks, each a partition, which are forgotten whole.
    """

    __tablename__ = "catalogue_change"
    __table_args__ = (
        CheckConstraint("kind in ('price', 'availability', 'activity')", name="kind"),
        Index("ix_catalogue_change_product_id_changed_at", "product_id", "changed_at"),
        {"postgresql_partition_by": "RANGE (changed_at)"},
    )

    xid: Mapped[int] = mapped_column(TransactionId, primary_key=True, server_default=text("pg_current_xact_id()"))
    id: Mapped[IntegerId]
    product_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)
    price_list_id: Mapped[int | None] = mapped_column(BigInteger)
    stock_list_id: Mapped[int | None] = mapped_column(BigInteger)
    currency_type: Mapped[str | None] = mapped_column(Text)
    old_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    new_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    # Of a stock list for 'availability', of the product for 'activity'; null when there was no row before or after.
    old_available: Mapped[bool | None]
    new_available: Mapped[bool | None]
    changed_at: Mapped[Timestamp] = mapped_column(primary_key=True, server_default=text("clock_timestamp()"))
