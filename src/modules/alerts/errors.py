"""What can go wrong with a product alert.

Refused           AlreadyWaiting   406
Invalid           UnknownProduct   400 on `product`
                  EmailNeeded      400 on `email`
TooManyRequests   TooManyAlerts    429
"""

from src.platform.errors import Invalid, Refused, TooManyRequests


class AlreadyWaiting(Refused):
    code, message = "product_alert_100", "You will be told about this product already."


class UnknownProduct(Invalid):
    message = "There is no such product"

    def __init__(self) -> None:
        super().__init__(field="product")


class EmailNeeded(Invalid):
    message = "A valid e-mail address is required"

    def __init__(self) -> None:
        super().__init__(field="email")


class TooManyAlerts(TooManyRequests):
    message = "Too many alerts were asked for; try again later"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(headers={"Retry-After": str(retry_after_s)})
