"""What follows when rows of campaigns change: the epoch moves, or the state of the one shopper whom they are for.

Each is part of the statement that makes the change and reads only what really changed (`resources.Effects`).
"""

from src.platform.orm import next_version
from src.platform.resources import Effects

# In the order of users, so that two such statements never wait for each other in a circle.
MOVE_SHOPPERS = f"""
    INSERT INTO shopper_offer_state AS state (user_id)
    SELECT DISTINCT concerned.user_id
    FROM merged, LATERAL (VALUES (old_user_id), (new_user_id)) AS concerned (user_id)
    WHERE concerned.user_id IS NOT NULL ORDER BY concerned.user_id
    ON CONFLICT (user_id) DO UPDATE SET version = {next_version("state")}
    RETURNING user_id"""


def move_epoch(condition: str, *, after: str | None = None) -> str:
    """Move the epoch if any changed row fulfils the condition, once the step `after` is through."""
    waited = f" AND (SELECT count(*) FROM {after}) >= 0" if after else ""
    return f"""
    UPDATE offer_epoch SET version = {next_version("offer_epoch")}
    WHERE EXISTS (SELECT FROM merged WHERE {condition}){waited}"""


# Nothing names a row that has just been made, or one that can be deleted.
NAMED_EFFECTS = Effects(("id",), {"moved": move_epoch("old_id IS NOT NULL AND new_id IS NOT NULL")})
ITEM_EFFECTS = Effects(("id",), {"moved": move_epoch("true")})
# The epoch is the last row that anybody locks.
OFFER_EFFECTS = Effects(
    ("id", "user_id"),
    {
        "shoppers": MOVE_SHOPPERS,
        "moved": move_epoch(
            "(old_id IS NOT NULL AND old_user_id IS NULL) OR (new_id IS NOT NULL AND new_user_id IS NULL)",
            after="shoppers",
        ),
    },
)
# A code that is nobody's own is seen by whoever enters it.
BULK_CODE_EFFECTS = Effects(("user_id",), {"shoppers": MOVE_SHOPPERS})
