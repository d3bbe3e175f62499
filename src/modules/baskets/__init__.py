"""Baskets: what shoppers are about to buy, and what it costs them now."""

from src.modules.baskets.changes import Changes
from src.modules.baskets.commerce_writes import BasketItemController, BasketWritingController
from src.modules.baskets.expiry import expire_forgotten, release_overdue
from src.modules.baskets.explanations import ExplanationController
from src.modules.baskets.order_systems import OrderSystemController
from src.modules.baskets.orders import Orders
from src.modules.baskets.services import Baskets

CONTROLLERS = (
    BasketWritingController,
    BasketItemController,
    ExplanationController,
    OrderSystemController,
)

__all__ = ("CONTROLLERS", "Baskets", "Changes", "Orders", "expire_forgotten", "release_overdue")
