"""Collections: products that users gather under a name, note things about, and show to others by a link."""

from src.modules.collections.buying import CollectionBuyingController
from src.modules.collections.commerce import UserCollectionsController
from src.modules.collections.commerce_items import UserCollectionItemsController
from src.modules.collections.linked import LinkedCollections
from src.modules.collections.linked_page import LinkedCollectionController
from src.modules.collections.personal import IMPERSONAL, PERSONAL
from src.modules.collections.services import Collections
from src.modules.collections.showing import Showing

CONTROLLERS = (
    UserCollectionsController,
    UserCollectionItemsController,
    CollectionBuyingController,
    LinkedCollectionController,
)

__all__ = ("CONTROLLERS", "IMPERSONAL", "PERSONAL", "Collections", "LinkedCollections", "Showing")
