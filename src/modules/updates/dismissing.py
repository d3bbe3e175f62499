"""Dismissing updates: the state of favourites at a moment becomes what they are compared with from then on."""

from src.modules.identity import Shopper
from src.modules.updates import repositories
from src.modules.updates.dtos import Dismiss
from src.modules.updates.history import read_histories
from src.modules.updates.question import read_terms
from src.modules.updates.repositories import NewBaseline
from src.modules.updates.rules import state_at
from src.platform.database import Connection

CHUNK = 1000


async def dismiss(connection: Connection, shopper: Shopper, asked: Dismiss) -> int:
    """Give the shopper's favourites that are named a new baseline, except those whose baseline is newer; how many."""
    terms = await read_terms(connection)
    up_to = terms.now if asked.up_to is None else min(asked.up_to, terms.now)
    uuids = None if asked.all else asked.favorite_ids
    favourites = await repositories.lock_favourites(connection, shopper.id, uuids, up_to)
    for start in range(0, len(favourites), CHUNK):
        chunk = favourites[start : start + CHUNK]
        # What comes after `up_to` is taken back, also what was committed while this waited for the locks.
        histories = await read_histories(connection, [favourite.product_id for favourite in chunk], up_to)
        baselines = []
        for favourite in chunk:
            sight, changes = histories[favourite.product_id]
            currency = favourite.currency or terms.currency
            context = sight.context(shopper.price_list_id, shopper.stock_list_id, currency)
            state = state_at(sight, changes, context, up_to)
            known = favourite.currency if state.price is None else currency
            baselines.append(NewBaseline(favourite.id, state.price, known, state.available))
        await repositories.set_baselines(connection, shopper.id, up_to, baselines)
    if favourites:
        await repositories.move_version(connection, shopper.id)
    return len(favourites)
