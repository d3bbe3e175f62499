"""What can go wrong with a favourite.

Refused    AlreadyFavourite    commerce, 406
Invalid    UnknownProduct      commerce, 400 on `product`
Conflict   AlreadyInFavorites  storefront, 409
NotFound   FavouriteNotFound, ProductNotAccessible, ProductNotFound
Forbidden  NotYourFavourite    storefront, 403
"""

from src.platform.errors import Conflict, Forbidden, Invalid, NotFound, Refused


class AlreadyFavourite(Refused):
    code, message = "favourite_product_100", "The product is already in your favourites list."


class UnknownProduct(Invalid):
    message = "There is no such product"

    def __init__(self) -> None:
        super().__init__(field="product")


class AlreadyInFavorites(Conflict):
    code, message = "already_in_favorites", "Product is already in your favorites"


class ProductNotAccessible(NotFound):
    message = "Product not found or not accessible"


class ProductNotFound(NotFound):
    message = "Product not found"


class FavouriteNotFound(NotFound):
    message = "Favorite item not found"


class NotYourFavourite(Forbidden):
    message = "Unauthorized to access this favorite item"
