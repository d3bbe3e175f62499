"""What the audit tells of a user: that something was done stays, and to which row; who, and with what data, goes."""

from collections.abc import Mapping

from src.modules.audit.models import AuditEvent, Revision, Version
from src.platform.personal import EMAILS, OBJECTS, USER, Personal
from src.platform.resources import table_of

# A user's number outlives the erasure, and then stands for nobody.
NOBODY = """jsonb_build_object('pk', "user" -> 'pk', 'email', '', 'first_name', '', 'last_name', '')"""
# What other systems bring along may have any shape, so it is said what may stay.
CIRCUMSTANCES = """CASE WHEN jsonb_typeof(content) = 'object' THEN (
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(content)
    WHERE key IN ('request_method', 'request_size', 'request_datetime', 'client_type', 'outcome')) ELSE '{}' END"""
# Who did it; other systems may tell anything.
ACTOR = """CASE WHEN {row}."user" ->> 'pk' ~ '^[0-9]{{1,18}}$' THEN ({row}."user" ->> 'pk')::bigint END"""
WITHOUT_AGENT = "CASE WHEN jsonb_typeof(content) = 'object' THEN content - 'browser_agent' ELSE '{}' END"
WHEN_AND_WHAT = ("uuid", "timestamp", "url", "object_id", "content_type_id")

PERSONAL = (
    Personal(
        table=table_of(AuditEvent),
        whose=f"""id IN (SELECT id FROM audit_event WHERE "user" ->> 'pk' = ({USER})::text)""",
        why="That something was done, and to what, must be told for as long as the settings say.",
        kept=(*WHEN_AND_WHAT, "query_params", "post_data"),
        becomes={
            "user": NOBODY,
            "content": WITHOUT_AGENT,
        },
        owner=ACTOR,
    ),
    Personal(
        table=table_of(AuditEvent),
        whose=f"""id IN (
            SELECT id FROM audit_event WHERE lower(content #>> '{{request_data,email}}') = ANY({EMAILS})
                                           AND content #>> '{{request_data,email}}' IS NOT NULL
            UNION ALL
            SELECT event.id FROM {OBJECTS} AS object
            JOIN audit_event AS event USING (content_type_id, object_id))""",
        why="Who changed a row of a person stays; what they wrote into it does not.",
        kept=(*WHEN_AND_WHAT, "user", "remote_addr", "headers"),
        # They are of whoever did it, who is somebody else.
        withheld=("user", "remote_addr", "headers"),
        becomes={"content": CIRCUMSTANCES},
    ),
    Personal(
        table=table_of(Version),
        whose=f"""id IN (
            SELECT version.id FROM {OBJECTS} AS object
            JOIN version ON version.content_type_id = object.content_type_id
                        AND version.object_id = object.object_id::text)""",
        why="What a row of a person was before is what the erasure is to end.",
        goes=True,
    ),
    Personal(
        table=table_of(Revision),
        whose=f"user_id = {USER}",
        why="That there was a change stays, by a number that stands for nobody; comments are dropped.",
        kept=("date_created", "user_id"),
    ),
)
IMPERSONAL: Mapping[str, str] = {}
