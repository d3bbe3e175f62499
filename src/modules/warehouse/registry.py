"""Every resource that the warehouse shows, from the features that own them."""

from collections.abc import Mapping

from src.modules.alerts import RESOURCES as ALERTS
from src.modules.audit import RESOURCES as AUDIT
from src.modules.baskets import RESOURCES as BASKETS
from src.modules.catalogue import RESOURCES as CATALOGUE
from src.modules.favourites import RESOURCES as FAVOURITES
from src.modules.identity import RESOURCES as IDENTITY
from src.modules.offers import RESOURCES as OFFERS
from src.modules.warehouse.resources import MIRRORED
from src.platform.resources import Resource, one_per_path

# As they are documented; others stand behind them.
ORDER = (
    "account/email-addresses",
    "addresses",
    "districts",
    "countries",
    "cities",
    "townships",
    "users",
    "favourite-products",
    "product-alerts",
    "orders/orders",
    "orders/order-items",
    "orders/transactions",
    "orders/discount-items",
    "orders/benefit-applicants",
    "pretty-urls",
    "products/products",
    "products/product-images",
    "campaigns/conditions",
    "campaigns/benefits",
    "campaigns/basket-offers",
    "campaigns/promotions",
    "campaigns/bulk-voucher-codes",
    "campaigns/session-offers",
    "campaigns/loyalty-cards",
    "campaigns/product-collection-items",
    "campaigns/product-collections",
    "cms/seo",
    "cms/special-pages",
    "cms/widget-types",
    "cms/widgets",
    "cms/special-page-pretty-urls",
    "cms/landing-page-types",
    "cms/landing-pages",
    "loyalty/accounts",
    "loyalty/transfers",
    "loyalty/transactions",
    "social-account/accounts",
    "content-types",
    "redirects",
    "payments/pos",
    "shippings/shipping-options",
    "baskets/baskets",
    "baskets/basket-items",
    "deleted-items",
    "catalogs/category-nodes",
    "catalogs/product-prices",
    "reversions/revisions",
    "reversions/versions",
    "audit-events",
)


def _in_order(resources: Mapping[str, Resource]) -> dict[str, Resource]:
    places = {path: place for place, path in enumerate(ORDER)}
    return {path: resources[path] for path in sorted(resources, key=lambda path: places.get(path, len(ORDER)))}


SHOWN: Mapping[str, Resource] = _in_order(
    one_per_path(
        resource
        for resource in (*IDENTITY, *AUDIT, *CATALOGUE, *OFFERS, *FAVOURITES, *ALERTS, *BASKETS, *MIRRORED)
        if resource.shown is not None
    )
)
