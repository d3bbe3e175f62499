"""Campaigns as other systems feed them: what the engine and its slow reference both begin with."""

from typing import Any

import msgspec


class Fed(msgspec.Struct, frozen=True):
    """An offer in the words of the documents."""

    id: int
    condition_type: str
    condition: dict[str, Any]
    benefit_type: str
    benefit: dict[str, Any]
    condition_collection: int | None = None
    benefit_collection: int | None = None
    priority: int = 0
    is_mergable: bool = True
    max_applications: int = 0
    for_data_sources: bool = False
