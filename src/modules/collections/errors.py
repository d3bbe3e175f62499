"""What can go wrong with a collection.

Refused   AlreadyCollected    user_collection_100
          TooManyCollections  user_collection_101
          CollectionFull      user_collection_102
Invalid   NameNeeded          400 on `name`
          UnknownProduct      400 on `product_id`
          NotTheItems         400 on `items`
"""

from src.platform.errors import Invalid, Refused


class AlreadyCollected(Refused):
    code, message = "user_collection_100", "The product is already in this collection."


class TooManyCollections(Refused):
    code, message = "user_collection_101", "You can't have any more collections."


class CollectionFull(Refused):
    code, message = "user_collection_102", "There is no room for more products in your collections."


class NameNeeded(Invalid):
    message = "Field is required"

    def __init__(self) -> None:
        super().__init__(field="name")


class UnknownProduct(Invalid):
    message = "There is no such product"

    def __init__(self) -> None:
        super().__init__(field="product_id")


class NotTheItems(Invalid):
    message = "Name items of this collection, each once"

    def __init__(self) -> None:
        super().__init__(field="items")
