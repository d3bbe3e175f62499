"""What favourites tell of a user: all of it goes with them."""

from collections.abc import Mapping

from src.modules.favourites.models import Favourite, FavouriteSummary, RemovedFavourite
from src.platform.personal import USER, Personal
from src.platform.resources import table_of

OF_USER = f"user_id = {USER}"
WHY = "What somebody likes is theirs; products are counted without it."

PERSONAL = (
    Personal(
        table=table_of(Favourite),
        whose=OF_USER,
        why=WHY,
        goes=True,
        locked_by="product_id",
        content_type="wishlists.favouriteproduct",
        owner="{row}.user_id",
    ),
    Personal(table=table_of(RemovedFavourite), whose=OF_USER, why=WHY, goes=True),
    Personal(table=table_of(FavouriteSummary), whose=OF_USER, why=WHY, goes=True, locked_by="user_id"),
)
IMPERSONAL: Mapping[str, str] = {}
