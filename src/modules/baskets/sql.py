"""How a shopper's baskets are found, as pieces of SQL for every statement that looks for them."""

from src.modules.baskets.statuses import IS_CURRENT

# Baskets and what was `asked` for.
SAME_NAMESPACE = "coalesce(namespace, '') = coalesce(asked.namespace, '')"
# A guest's baskets that a sign-in left behind are found by the cookie and by the one that the session replaced.
LEFT_BEHIND = f"""shopper.user_id IS NOT NULL AND guest_digest IN (asked.guest, credential.guest_digest)
      AND {SAME_NAMESPACE} AND status = 'active'"""


def own_basket(columns: str) -> str:
    """The current basket of the user who is `asked` for, or of the cookie while nobody has signed in."""
    return f"""
    SELECT {columns} FROM basket
    WHERE user_id = shopper.user_id AND {SAME_NAMESPACE} AND {IS_CURRENT}
    UNION ALL
    SELECT {columns} FROM basket
    WHERE shopper.user_id IS NULL AND guest_digest = asked.guest AND {SAME_NAMESPACE} AND {IS_CURRENT}
"""
