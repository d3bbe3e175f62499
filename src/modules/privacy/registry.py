"""Every declaration, in the order of an erasure: who refers to others goes before them, and users come last."""

from collections.abc import Mapping
from itertools import chain

from src.modules import (
    alerts,
    audit,
    baskets,
    catalogue,
    collections,
    favourites,
    identity,
    notifications,
    offers,
    updates,
    warehouse,
)
from src.modules.privacy import personal
from src.platform.personal import Personal

# The audit first: it names rows that are still there.
_FEATURES = (
    audit,
    warehouse,
    collections,
    baskets,
    alerts,
    notifications,
    updates,
    favourites,
    offers,
    catalogue,
    identity,
    personal,
)
ALL_PERSONAL: tuple[Personal, ...] = tuple(chain.from_iterable(feature.PERSONAL for feature in _FEATURES))
ALL_IMPERSONAL: Mapping[str, str] = {table: why for feature in _FEATURES for table, why in feature.IMPERSONAL.items()}
