"""What a user collected goes with them, links that were passed on included."""

from collections.abc import Mapping

from src.modules.collections.models import UserCollection, UserCollectionItem
from src.platform.personal import USER, Personal
from src.platform.resources import table_of

OF_USER = f"user_id = {USER}"
WHY = "A shopper's own list with their notes; a link to it leads nowhere any more."

PERSONAL = (
    Personal(table=table_of(UserCollectionItem), whose=OF_USER, why=WHY, goes=True),
    Personal(table=table_of(UserCollection), whose=OF_USER, why=WHY, goes=True, locked_by="id"),
)
IMPERSONAL: Mapping[str, str] = {}
