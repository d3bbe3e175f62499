"""Favourites: what shoppers want, through the commerce and the storefront dialect."""

from src.modules.favourites.commerce import FavouriteProductsController
from src.modules.favourites.personal import IMPERSONAL, PERSONAL
from src.modules.favourites.resources import RESOURCES
from src.modules.favourites.services import Favourites
from src.modules.favourites.statuses import Statuses
from src.modules.favourites.storefront import FavoritesController, FavoriteStatusController

CONTROLLERS = (FavouriteProductsController, FavoritesController, FavoriteStatusController)

__all__ = ("CONTROLLERS", "IMPERSONAL", "PERSONAL", "RESOURCES", "Favourites", "Statuses")
