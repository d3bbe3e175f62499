"""What can go wrong with a basket; the refusals of vouchers, basket_110 to basket_113, are those of offers.

Refused    NotEnoughStock     basket_100
           NotForSale         basket_101
           QuantityOutOfRange basket_102
           BasketFull         basket_103
           BasketFrozen       basket_120
Invalid    UnknownProduct, UnknownLine, NothingToChange, AttributesNeeded
Conflict   WrongStatus        basket_120, order systems
           NotSubmittable     basket_121, order systems
           OfferUsedUp        basket_112, order systems
NotFound   NoSuchBasket       order systems
"""

from src.platform.errors import Conflict, Invalid, NotFound, Refused


class NotEnoughStock(Refused):
    code, message = "basket_100", "There is not enough stock of this product"


class NotForSale(Refused):
    code, message = "basket_101", "This product is not for sale"


class QuantityOutOfRange(Refused):
    code, message = "basket_102", "The quantity is out of range"


class BasketFull(Refused):
    code, message = "basket_103", "The basket can't hold any more lines"


class BasketFrozen(Refused):
    code, message = "basket_120", "The basket is being paid for and can't be changed"


class UnknownProduct(Invalid):
    message = "There is no such product"

    def __init__(self, field: str = "product") -> None:
        super().__init__(field=field)


class UnknownLine(Invalid):
    message = "There is no such line in the basket"

    def __init__(self) -> None:
        super().__init__(field="id")


class AttributesNeeded(Invalid):
    message = "Several lines hold this product: name the attributes of one"

    def __init__(self) -> None:
        super().__init__(field="attributes")


class NothingToChange(Invalid):
    message = "Nothing was given to be changed"


class NoSuchBasket(NotFound):
    message = "There is no such basket"


class WrongStatus(Conflict):
    code, message = "basket_120", "The status of the basket does not allow this"


class NotSubmittable(Conflict):
    code, message = "basket_121", "The basket is empty or holds what can't be bought now"


class OfferUsedUp(Conflict):
    code, message = "basket_112", "A voucher or offer of the basket has been used up"
