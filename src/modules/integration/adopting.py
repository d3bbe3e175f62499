"""Rows that were made here for want of their owner's, until he tells their ids: see `resources.Adoption`."""

from src.modules.integration.statements import table
from src.platform.resources import Resource

# The ids that adopted rows had before, when the rows of a body have been merged.
GIVEN_UP = "SELECT target FROM changed_row WHERE id <> target"


def adopt(resource: Resource) -> str | None:
    """Let new rows with an id be about the rows that were made in their place; None when there are none such."""
    if resource.adopts is None:
        return None
    return f"""
        UPDATE changed_row SET target = chosen.target
        FROM (
            SELECT DISTINCT ON (ours.id) ours.id AS target, fed.id AS id
            FROM changed_row AS fed JOIN {table(resource)} AS ours ON {resource.adopts.condition}
            WHERE fed.target IS NULL AND fed.id IS NOT NULL
            ORDER BY ours.id, ({resource.adopts.first}) IS TRUE DESC, fed.row DESC
        ) AS chosen
        WHERE changed_row.id = chosen.id AND changed_row.target IS NULL"""
