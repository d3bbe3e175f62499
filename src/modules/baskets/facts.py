"""What decides whether a product can be put into a basket."""

from decimal import Decimal
from typing import NamedTuple

from src.modules.baskets.dtos import MAX_QUANTITY

MAX_LINES = 200


class Facts(NamedTuple):
    """What decides whether a shopper can buy a product now, and for how much."""

    product_id: int
    # Neither taken out of sale, nor one that only stands for its variants.
    is_active: bool
    unit_price: Decimal | None
    currency_type: str | None
    tax_rate: Decimal | None
    stock: int | None
    in_stock: bool
    data_source_id: int | None

    @property
    def for_sale(self) -> bool:
        """Whether it can be bought at all, stock aside."""
        return self.is_active and self.unit_price is not None

    def room(self) -> int:
        """How many units there are to sell; a stock that nobody counts is as good as endless."""
        if not self.in_stock:
            return 0
        return MAX_QUANTITY * MAX_LINES if self.stock is None else max(self.stock, 0)
