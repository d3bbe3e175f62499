"""Why a voucher is declined; each is also the code that a basket answers with.

Refused    VoucherUnknown, VoucherNotInForce, VoucherUsedUp, VoucherNotForThisBasket    406
"""

from src.platform.errors import Refused


class VoucherRefused(Refused):
    """A voucher that can't be used; one of the classes below."""


class VoucherUnknown(VoucherRefused):
    code, message = "basket_110", "This voucher code is not known"


class VoucherNotInForce(VoucherRefused):
    code, message = "basket_111", "This voucher has expired or has not begun yet"


class VoucherUsedUp(VoucherRefused):
    """A limit of an offer is reached; `offer_id` says of which, and it need not be a voucher's."""

    code, message = "basket_112", "This voucher has been used up"

    def __init__(self, offer_id: int | None = None) -> None:
        super().__init__()
        self.offer_id = offer_id


class VoucherNotForThisBasket(VoucherRefused):
    code, message = "basket_113", "This voucher does not apply to this basket"
