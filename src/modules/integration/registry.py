"""Every resource that may be fed: what the warehouse shows, and what only decides prices and stocks.

Whoever was erased stays so, whatever is fed: rows that would bring their data back are refused one by one.
"""

from dataclasses import replace

from src.modules import alerts, audit, baskets, favourites, identity, warehouse
from src.modules.catalogue import RESOURCES as CATALOGUE
from src.modules.warehouse import SHOWN
from src.platform.personal import guard
from src.platform.resources import Resource, one_per_path

_PERSONAL = tuple(
    declared for feature in (alerts, audit, baskets, favourites, identity, warehouse) for declared in feature.PERSONAL
)


def _guarded(resource: Resource) -> Resource:
    guards = (guard(declared, resource.by_column) for declared in _PERSONAL if declared.table is resource.table)
    return replace(resource, rules=(*resource.rules, *(rule for rule in guards if rule is not None)))


RESOURCES = {
    path: _guarded(resource)
    for path, resource in one_per_path(
        [*SHOWN.values(), *(resource for resource in CATALOGUE if resource.shown is None)]
    ).items()
}
# The content types of rows about people: what is fed of them is not kept a second time by the audit.
ABOUT_PEOPLE = frozenset(
    resource.content_type
    for resource in RESOURCES.values()
    if any(declared.table is resource.table for declared in _PERSONAL)
)
