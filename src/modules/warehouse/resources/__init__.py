"""Resources whose rows other systems own and feed: one declaration each, from which the table is made too."""

from src.modules.warehouse.resources import checkout, cms, customers, loyalty, orders, places, urls

MIRRORED = (
    *customers.RESOURCES,
    *places.RESOURCES,
    *orders.RESOURCES,
    *urls.RESOURCES,
    *cms.RESOURCES,
    *loyalty.RESOURCES,
    *checkout.RESOURCES,
)
