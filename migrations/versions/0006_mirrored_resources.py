"""the tables of the resources that other systems own"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Content types, whether their rows have the two dates, and their columns with the kind of each.
TABLES: dict[tuple[str, bool], dict[str, str]] = {
    ("address.address", True): {
        "address_type": "text",
        "email": "text",
        "phone_number": "text",
        "first_name": "text",
        "last_name": "text",
        "line": "text",
        "is_active": "true",
        "postcode": "text",
        "notes": "text",
        "company_name": "text",
        "tax_office": "text",
        "tax_no": "text",
        "e_bill_taxpayer": "false",
        "hash_data": "text",
        "remote_id": "text",
        "identity_number": "text",
        "title": "text",
        "primary": "false",
        "extra_field": "json",
        "country": "number",
        "city": "number",
        "township": "number",
        "district": "number",
        "retail_store": "number",
        "user": "number",
    },
    ("promotions.loyaltycard", True): {
        "attributes": "object",
        "attributes_kwargs": "object",
        "localized_attributes": "object",
        "localized_attributes_kwargs": "object",
        "number": "text",
        "user": "number",
    },
    ("socialaccount.socialaccount", False): {
        "provider": "text",
        "uid": "text",
        "last_login": "time",
        "date_joined": "time",
        "extra_data": "text",
        "user": "number",
    },
    ("address.district", True): {
        "translations": "json",
        "is_active": "true",
        "name": "text",
        "postcode": "text",
        "city": "number",
        "township": "number",
    },
    ("address.country", True): {
        "translations": "json",
        "is_active": "true",
        "name": "text",
        "code": "text",
    },
    ("address.city", True): {
        "translations": "json",
        "is_active": "true",
        "name": "text",
        "priority": "number",
        "postcode": "text",
        "country": "number",
    },
    ("address.township", True): {
        "translations": "json",
        "is_active": "true",
        "name": "text",
        "postcode": "text",
        "city": "number",
    },
    ("orders.order", True): {
        "status": "text",
        "currency": "text",
        "client_type": "text",
        "shipping_company": "text",
        "number": "text",
        "amount": "amount",
        "discount_amount": "amount",
        "shipping_amount": "amount",
        "shipping_tax_rate": "amount",
        "refund_amount": "amount",
        "discount_refund_amount": "amount",
        "shipping_refund_amount": "amount",
        "invoice_number": "text",
        "invoice_date": "text",
        "e_archive_url": "text",
        "tracking_number": "text",
        "defined_tracking_url": "text",
        "remote_addr": "text",
        "has_gift_box": "false",
        "gift_box_note": "text",
        "language_code": "text",
        "notes": "text",
        "delivery_range": "text",
        "extra_field": "object",
        "user_email": "text",
        "shipping_option_slug": "text",
        "payment_option_slug": "text",
        "bin_number": "text",
        "installment_count": "number",
        "installment_interest_amount": "amount",
        "shipping_tracking_url": "text",
        "user": "number",
        "basket": "number",
        "shipping_option": "number",
        "payment_option": "number",
        "card": "number",
        "installment": "number",
        "segment": "number",
        "shipping_address": "number",
        "billing_address": "number",
        "checkout_provider": "number",
    },
    ("orders.orderitem", True): {
        "status": "text",
        "price_currency": "text",
        "shipping_company": "text",
        "attributes": "object",
        "attributes_kwargs": "object",
        "localized_attributes": "object",
        "localized_attributes_kwargs": "object",
        "price": "amount",
        "tax_rate": "amount",
        "invoice_number": "text",
        "invoice_date": "text",
        "e_archive_url": "text",
        "tracking_number": "text",
        "defined_tracking_url": "text",
        "retail_price": "amount",
        "image": "text",
        "extra_field": "object",
        "estimated_delivery_date": "text",
        "shipping_tracking_url": "text",
        "order": "number",
        "product": "number",
        "parent": "number",
        "extra_product_price": "number",
        "extra_product_stock": "number",
        "datasource": "number",
        "shipping_option_group": "number",
    },
    ("orders.transaction", True): {
        "transaction_type": "text",
        "currency": "text",
        "user_email": "text",
        "remote_addr": "text",
        "transaction_id": "text",
        "raw_request": "text",
        "raw_response": "text",
        "is_succeeded": "false",
        "amount": "amount",
        "three_d_used": "false",
        "auth_code": "text",
        "pos": "number",
        "order": "number",
        "main_pos": "number",
        "user": "number",
    },
    ("orders.discountitem", True): {
        "name": "text",
        "amount": "amount",
        "cancel_amount": "amount",
        "data_source_discount_sharing_rate": "amount",
        "data": "json",
        "order": "number",
        "conditional_offer": "number",
        "session_offer": "number",
    },
    ("orders.benefitapplicant", True): {
        "discount_item": "number",
        "order_item": "number",
    },
    ("prettyurls.prettyurl", True): {
        "new_path": "text",
        "old_path": "text",
        "func_module": "text",
        "func_name": "text",
        "func_initkwargs": "object",
        "viewname": "text",
        "args": "list",
        "kwargs": "object",
        "query_params": "object",
        "language": "text",
        "parent": "number",
    },
    ("redirects.redirect", False): {
        "old_path": "text",
        "new_path": "text",
        "site": "number",
    },
    ("cms.seo", True): {
        "attributes": "object",
        "attributes_kwargs": "object",
        "localized_attributes": "object",
        "localized_attributes_kwargs": "object",
        "url": "text",
        "title": "text",
        "description": "text",
        "keywords": "text",
    },
    ("cms.specialpage", True): {
        "extraction_strategy": "text",
        "attributes": "object",
        "attributes_kwargs": "object",
        "localized_attributes": "object",
        "localized_attributes_kwargs": "object",
        "name": "text",
        "url": "text",
        "template": "text",
        "banner": "text",
        "banner_mobile": "text",
        "banner_url": "text",
        "banner_description": "text",
        "is_active": "true",
        "video_embedded_code": "text",
        "product_collection": "number",
        "pretty_url": "number",
    },
    ("cms.widgettype", False): {
        "name": "text",
        "schema": "object",
    },
    ("cms.widget", True): {
        "attributes": "object",
        "attributes_kwargs": "object",
        "localized_attributes": "object",
        "localized_attributes_kwargs": "object",
        "name": "text",
        "slug": "text",
        "template": "text",
        "content_type": "number",
        "widget_type": "number",
    },
    ("cms.specialpageprettyurl", True): {
        "special_page": "number",
        "url": "text",
        "language": "text",
    },
    ("cms.landingpagetype", True): {
        "name": "text",
        "slug": "text",
        "func_module": "text",
        "func_name": "text",
        "schema": "object",
    },
    ("cms.landingpage", True): {
        "attributes": "object",
        "attributes_kwargs": "object",
        "localized_attributes": "object",
        "localized_attributes_kwargs": "object",
        "name": "text",
        "url": "text",
        "template": "text",
        "is_active": "true",
        "content_type": "number",
        "pretty_url": "number",
        "landing_page_type": "number",
        "attribute_value": "number",
    },
    ("loyalty.account", True): {
        "currency": "text",
        "uuid": "text",
        "number": "text",
        "user_email": "text",
        "balance": "amount",
        "debit_allowed": "false",
        "user": "number",
    },
    ("loyalty.transfer", True): {
        "currency": "text",
        "uuid": "text",
        "amount": "amount",
        "reference": "text",
        "account": "number",
        "transaction": "number",
    },
    ("loyalty.transaction", True): {
        "currency": "text",
        "remote_addr": "text",
        "uuid": "text",
        "amount": "amount",
        "user_email": "text",
        "reference": "text",
        "order": "number",
        "user": "number",
    },
    ("payments.pos", False): {
        "name": "text",
        "slug": "text",
        "gateway": "text",
        "resource_url": "text",
        "three_d_resource_url": "text",
    },
    ("shippings.shippingoption", True): {
        "delivery_type": "text",
        "translations": "json",
        "name": "text",
        "slug": "text",
        "logo": "text",
        "is_active": "true",
        "sort_order": "number",
        "calculator": "object",
        "rule": "object",
        "kwargs": "object",
        "description": "text",
    },
    ("campaigns.sessionoffer", True): {
        "status": "text",
        "type": "text",
        "code": "text",
        "response": "object",
    },
}


def column(name: str, kind: str) -> "sa.Column[object]":
    json = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    types: dict[str, Any] = {
        "text": sa.Text(),
        "number": sa.BigInteger(),
        "amount": sa.Numeric(precision=18, scale=2),
        "time": postgresql.TIMESTAMP(timezone=True),
        "true": sa.Boolean(),
        "false": sa.Boolean(),
        "json": json,
        "object": json,
        "list": json,
    }
    defaults = {"true": "true", "false": "false", "object": "'{}'::jsonb", "list": "'[]'::jsonb"}
    default = sa.text(defaults[kind]) if kind in defaults else None
    return sa.Column(name, types[kind], server_default=default, nullable=True)


def date(name: str) -> "sa.Column[object]":
    return sa.Column(name, postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False)


def track(table: str, app_label: str, model: str) -> None:
    op.execute(
        f"""
        CREATE TRIGGER stamp_changed_xid BEFORE UPDATE ON "{table}" FOR EACH ROW
        WHEN (NEW.changed_xid = OLD.changed_xid) EXECUTE FUNCTION stamp_changed_xid()
        """
    )
    op.execute(
        f"""
        CREATE TRIGGER leave_tombstones AFTER DELETE ON "{table}" REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION leave_tombstones('{app_label}', '{model}')
        """
    )


def upgrade() -> None:
    for (content_type, dated), columns in TABLES.items():
        app_label, model = content_type.split(".")
        table = f"{app_label}_{model}"
        op.create_table(
            table,
            sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
            *((date("created_date"), date("modified_date")) if dated else ()),
            *(column(name, kind) for name, kind in columns.items()),
            sa.Column(
                "changed_xid",
                sa.BigInteger(),
                server_default=sa.text("((pg_current_xact_id())::text)::bigint"),
                nullable=False,
            ),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_changed_xid"), table, ["changed_xid"])
        if dated:
            op.create_index(f"ix_{table}_modified_date", table, ["modified_date", "id"])
        op.execute(f"INSERT INTO content_type (app_label, model) VALUES ('{app_label}', '{model}')")
        track(table, app_label, model)


def downgrade() -> None:
    for content_type, _ in reversed(TABLES):
        app_label, model = content_type.split(".")
        op.drop_table(f"{app_label}_{model}")
        of_it = f"(app_label, model) = ('{app_label}', '{model}')"
        op.execute(f"DELETE FROM deleted_item USING content_type AS type WHERE type.id = content_type_id AND {of_it}")
        op.execute(f"DELETE FROM content_type WHERE {of_it}")
