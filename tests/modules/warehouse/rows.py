"""A row or more of every resource, with nulls where the document shows some."""

import json
from pathlib import Path
from typing import Any

from advanced_alchemy.base import orm_registry

from src.modules.warehouse import SHOWN

EXAMPLES: dict[str, list[dict[str, Any]]] = json.loads(Path(__file__).with_name("examples.json").read_text())


def in_order_of_reference() -> list[str]:
    """The paths of all resources, those first whose rows others name."""
    places = {table.name: place for place, table in enumerate(orm_registry.metadata.sorted_tables)}
    return sorted(SHOWN, key=lambda path: places[SHOWN[path].table.name])
