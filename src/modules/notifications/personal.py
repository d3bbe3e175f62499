"""What a user or a guest is told, and how: it goes, but for the wish of an address to be left alone."""

from collections.abc import Mapping

from src.modules.notifications.models import (
    Delivery,
    FavouriteAlert,
    NotificationPreference,
    PushSubscription,
    SuppressedAddress,
)
from src.modules.notifications.suppressed import MAKE_KEY, mark_of
from src.platform.personal import EMAILS, USER, Personal
from src.platform.resources import table_of

OF_USER = f"user_id = {USER}"

PERSONAL = (
    Personal(
        table=table_of(NotificationPreference), whose=OF_USER, why="There is nobody to be told anything.", goes=True
    ),
    Personal(table=table_of(FavouriteAlert), whose=OF_USER, why="The favourite is gone.", goes=True),
    Personal(
        table=table_of(PushSubscription),
        whose=OF_USER,
        why="It leads to the person's browser.",
        goes=True,
        withheld=("p256dh", "auth"),
    ),
    Personal(
        table=table_of(Delivery),
        whose=f"{OF_USER} OR address IS NOT NULL AND lower(address) = ANY({EMAILS})",
        why="What is due is not sent, and who was told what is nobody's business any more.",
        goes=True,
    ),
    Personal(
        table=table_of(SuppressedAddress),
        whose=f"email = ANY({EMAILS})",
        why="Who wants no more mail still wants none: a keyed digest of the address stays.",
        kept=("created_date",),
        statements=(
            MAKE_KEY,
            f"""INSERT INTO suppressed_address (email, created_date)
            SELECT {mark_of("email")}, created_date FROM suppressed_address WHERE email = ANY({EMAILS})
            ON CONFLICT (email) DO NOTHING""",
            f"DELETE FROM suppressed_address WHERE email = ANY({EMAILS})",
        ),
    ),
)
IMPERSONAL: Mapping[str, str] = {
    "service_key": "keys that the service made for itself",
    "webhook_endpoint": "addresses of other systems",
}
