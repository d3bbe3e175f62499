"""Baskets: what shoppers are about to buy, and what it costs them now."""

from src.modules.baskets.changes import Changes
from src.modules.baskets.commerce import VISIT_HEADERS, VisitQuery
from src.modules.baskets.commerce_writes import IF_MATCH, BasketItemController, BasketWritingController, read_writer
from src.modules.baskets.dtos import BasketView, Quantity
from src.modules.baskets.expiry import expire_forgotten, forget_guests, release_overdue
from src.modules.baskets.explanations import ExplanationController
from src.modules.baskets.filling import Outcome, Shortfall, Wish
from src.modules.baskets.line_resources import RESOURCES
from src.modules.baskets.order_systems import OrderSystemController
from src.modules.baskets.orders import Orders
from src.modules.baskets.personal import IMPERSONAL, PERSONAL
from src.modules.baskets.services import Baskets, cache_tags
from src.modules.baskets.thawing import release_all

CONTROLLERS = (
    BasketWritingController,
    BasketItemController,
    ExplanationController,
    OrderSystemController,
)

__all__ = (
    "CONTROLLERS",
    "IF_MATCH",
    "IMPERSONAL",
    "PERSONAL",
    "RESOURCES",
    "VISIT_HEADERS",
    "BasketView",
    "Baskets",
    "Changes",
    "Orders",
    "Outcome",
    "Quantity",
    "Shortfall",
    "VisitQuery",
    "Wish",
    "cache_tags",
    "expire_forgotten",
    "forget_guests",
    "read_writer",
    "release_all",
    "release_overdue",
)
