"""The statuses of a basket that decide what may be done with it."""

ACTIVE = "active"
FROZEN = "frozen"
SUBMITTED = "submitted"
# Of these a shopper has at most one per namespace; the others are history.
CURRENT = frozenset({ACTIVE, FROZEN})
IS_CURRENT = "status in ('active', 'frozen')"
"""The same in SQL."""
