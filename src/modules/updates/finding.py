"""From favourites that may have changed to their updates: facts of the pass where they hold, else from the log."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from src.modules.updates.history import read_histories, read_sights
from src.modules.updates.question import Terms
from src.modules.updates.repositories import Candidate, Place
from src.modules.updates.rules import (
    PRIOR_PRICE_PERIOD,
    Context,
    Facts,
    Kind,
    Sight,
    State,
    Update,
    context_key,
    decide,
    effective,
    effective_changes,
    facts_among,
    lowest_among,
)
from src.platform.database import Connection

Key: TypeAlias = tuple[int, Kind]


class Found(NamedTuple):
    """An update of a favourite, and what else its element tells."""

    candidate: Candidate
    update: Update
    # Now; the price is in the favourite's currency or, where that is unknown, in that of everybody.
    state: State
    currency: str | None
    # Of a changed price.
    lowest: Decimal | None

    @property
    def key(self) -> Key:
        """Which update this is: there is one of a kind."""
        return self.candidate.id, self.update.kind

    @property
    def place(self) -> Place:
        """What decides how its product looks."""
        return self.candidate.product_id, self.candidate.stock_list_id


class _Group(NamedTuple):
    """Favourites of one product whose shoppers see the same."""

    product_id: int
    context: Context
    state: State
    members: list[Candidate]


async def find(connection: Connection, candidates: Sequence[Candidate], terms: Terms) -> list[Found]:
    """The updates of these favourites, the newest first; all is read as of one snapshot if the caller sees to it."""
    if not candidates:
        return []
    sights = await read_sights(connection, [*{candidate.product_id for candidate in candidates}])
    told: list[Found] = []
    open_groups = []
    for group in _grouped(candidates, sights):
        undecided = []
        shown = _shown(sights[group.product_id], group, terms)
        for member, known in _known(group):
            updates = None if known is None else _decide(member, group, known, terms)
            # What a changed price was before is in the log anyway.
            if updates is None or any(update.kind == "price_changed" for update in updates):
                undecided.append(member)
            else:
                told += [Found(member, update, shown, group.context.currency, None) for update in updates]
        if undecided:
            open_groups.append(group._replace(members=undecided))
    told += await _from_log(connection, open_groups, terms)
    told.sort(key=lambda found: (found.update.changed_at, found.candidate.id), reverse=True)
    return told


async def _from_log(connection: Connection, groups: Sequence[_Group], terms: Terms) -> list[Found]:
    products = {group.product_id for group in groups}
    since = terms.horizon - PRIOR_PRICE_PERIOD
    histories = await read_histories(connection, [*products], since) if products else {}
    told = []
    for group in groups:
        sight, changes = histories[group.product_id]
        seen = [*effective_changes(sight, changes, group.context)]
        found, lowest, shown = facts_among(seen), lowest_among(seen), _shown(sight, group, terms)
        for member, known in _known(group):
            for update in _decide(member, group, known or found, terms):
                prior = lowest if update.kind == "price_changed" else None
                told.append(Found(member, update, shown, group.context.currency, prior))
    return told


def _grouped(candidates: Sequence[Candidate], sights: Mapping[int, Sight]) -> list[_Group]:
    groups: dict[tuple[int, Context], _Group] = {}
    for candidate in candidates:
        sight = sights[candidate.product_id]
        key = candidate.product_id, candidate.context(sight)
        if key not in groups:
            groups[key] = _Group(*key, effective(sight, key[1]), [])
        groups[key].members.append(candidate)
    return [*groups.values()]


def _known(group: _Group) -> Iterator[tuple[Candidate, Facts | None]]:
    """The members, each with what a pass found of it if that still holds."""
    key = context_key(group.context)
    for member in group.members:
        yield member, member.found if member.found_in == key else None


def _decide(member: Candidate, group: _Group, known: Facts, terms: Terms) -> list[Update]:
    return decide(member.baseline, group.state, known, terms.now, terms.window)


def _shown(sight: Sight, group: _Group, terms: Terms) -> State:
    """What shows of the product; whose favourite has no currency sees the price in everybody's."""
    context = group.context
    return group.state if context.currency else effective(sight, context._replace(currency=terms.currency))
