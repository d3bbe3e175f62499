"""Kinds of objects and tombstones in the shape of the warehouse document, as a shop that migrates brings them."""

from src.platform.models import ContentType, DeletedItem
from src.platform.resources import Adoption, Resource, Rule, Shown, table_of

OBJECTS_LOCK = 6

CONTENT_TYPES = Resource(
    path="content-types",
    table=table_of(ContentType),
    content_type="contenttypes.contenttype",
    lock=OBJECTS_LOCK,
    key=("app_label", "model"),
    shown=Shown(
        title="Content types",
        about="Kinds of objects, by whose numbers other rows say of which kind an object is.",
        docs={
            "id": "The number of the row.",
            "app_label": "The part of the shop that the objects belong to.",
            "model": "What they are called there.",
        },
    ),
    rules=(
        # Everything that names it by its number would become something else.
        Rule(
            "id",
            """NOT EXISTS (
                SELECT FROM content_type AS stored
                WHERE stored.id = target
                  AND (coalesce(changed_row.app_label, stored.app_label), coalesce(changed_row.model, stored.model))
                      <> (stored.app_label, stored.model))""",
            "is that of another content type",
        ),
    ),
    # A shop keeps its numbers: what names one of ours follows.
    adopts=Adoption("(ours.app_label, ours.model) = (fed.app_label, fed.model)"),
    # Rows that are deleted leave tombstones under it.
    in_use=(
        r"""EXISTS (
            SELECT FROM content_type AS named JOIN pg_trigger
              ON pg_trigger.tgname = 'leave_tombstones' AND NOT pg_trigger.tgisinternal
             AND pg_trigger.tgargs = convert_to(named.app_label, 'UTF8') || '\x00'::bytea
                                     || convert_to(named.model, 'UTF8') || '\x00'::bytea
            WHERE named.id = {id})""",
    ),
)
DELETED_ITEMS = Resource(
    path="deleted-items",
    table=table_of(DeletedItem),
    content_type="deleted.deleteditem",
    lock=OBJECTS_LOCK,
    shown=Shown(
        title="Deleted items",
        about="What is gone: every deleted row of any resource leaves one, whoever deleted it.",
        docs={
            "id": "The number of the row.",
            "object_id": "The id that the deleted row had.",
            "deleted_date": "When it was deleted.",
            "content_type": "The content type of what it was.",
        },
    ),
)

RESOURCES = (CONTENT_TYPES, DELETED_ITEMS)
