"""What changed about the products that shoppers want: the feed, its stream, and the pass that computes its rows."""

from src.modules.updates.chunks import FAVOURITES_OF_CHUNK, Chunk, ProductFacts
from src.modules.updates.fan_out import advance
from src.modules.updates.forgetting import forget_old
from src.modules.updates.history import History, read_histories, read_sights
from src.modules.updates.hub import Hub
from src.modules.updates.lagging import read_lag
from src.modules.updates.personal import IMPERSONAL, PERSONAL
from src.modules.updates.rules import (
    KINDS,
    Baseline,
    Change,
    Context,
    Effective,
    Facts,
    Kind,
    Sight,
    State,
    Update,
    context_key,
    decide,
    effective,
    effective_changes,
    facts,
    lowest_before,
    state_at,
    undone,
)
from src.modules.updates.services import Element, Updates, Wanted
from src.modules.updates.storefront import UpdatesController
from src.modules.updates.stream import UpdatesStreamController
from src.modules.updates.waking import ADVANCE, wake

CONTROLLERS = (UpdatesController, UpdatesStreamController)

__all__ = (
    "ADVANCE",
    "CONTROLLERS",
    "FAVOURITES_OF_CHUNK",
    "IMPERSONAL",
    "KINDS",
    "PERSONAL",
    "Baseline",
    "Change",
    "Chunk",
    "Context",
    "Effective",
    "Element",
    "Facts",
    "History",
    "Hub",
    "Kind",
    "ProductFacts",
    "Sight",
    "State",
    "Update",
    "Updates",
    "Wanted",
    "advance",
    "context_key",
    "decide",
    "effective",
    "effective_changes",
    "facts",
    "forget_old",
    "lowest_before",
    "read_histories",
    "read_lag",
    "read_sights",
    "state_at",
    "undone",
    "wake",
)
