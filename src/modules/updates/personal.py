"""What the feed tells of a user goes with them; how far the log was worked off tells of nobody."""

from collections.abc import Mapping

from src.modules.updates.models import FavouriteUpdate
from src.platform.personal import USER, Personal
from src.platform.resources import table_of

PERSONAL = (
    Personal(
        table=table_of(FavouriteUpdate),
        whose=f"user_id = {USER}",
        why="Rows of a feed that nobody reads any more.",
        goes=True,
    ),
)
IMPERSONAL: Mapping[str, str] = {"update_progress": "how far the log was worked off; its cursors tell of nobody"}
