"""Events, revisions and versions in the shape of the warehouse document, as a shop that migrates brings them."""

from src.modules.audit.models import AuditEvent, Revision, Version
from src.modules.audit.objects import RESOURCES as OBJECTS
from src.platform.resources import Resource, Shown, table_of

AUDIT_LOCK = 5
_NUMBER = "The number of the row."

REVISIONS = Resource(
    path="reversions/revisions",
    table=table_of(Revision),
    content_type="reversion.revision",
    lock=AUDIT_LOCK,
    shown=Shown(
        title="Revisions",
        about="Changes that operators and feeding systems made to products, campaigns and settings: a call that"
        " changed or deleted some of them has one revision, with a version of each of them.",
        docs={
            "id": _NUMBER,
            "date_created": "When the change was made.",
            "comment": "What made the change: method and path of the call, empty where there was none.",
            "user": "The id of the user who made it; null when nobody was signed in or the user is gone.",
        },
    ),
)
VERSIONS = Resource(
    path="reversions/versions",
    table=table_of(Version),
    content_type="reversion.version",
    lock=AUDIT_LOCK,
    shown=Shown(
        title="Versions",
        about="Products, campaigns and settings as they were before a revision changed or deleted them."
        " What a revision made anew has no version in it.",
        docs={
            "id": _NUMBER,
            "object_id": "The id of the object; of a setting, its name.",
            "db": "The database that keeps the object; ours is called default.",
            "format": "How serialized_data is written; ours is json.",
            "serialized_data": "A list of one object: pk, model, and the fields with the values that they had,"
            " named and written as its own resource shows them.",
            "object_repr": "The object in a few words, such as its code and name.",
            "revision": "The id of the revision that replaced this state.",
            "content_type": "The id of the content type of the object.",
        },
    ),
)
AUDIT_EVENTS = Resource(
    path="audit-events",
    table=table_of(AuditEvent),
    content_type="audit.auditevent",
    lock=AUDIT_LOCK,
    key=("uuid",),
    shown=Shown(
        title="Audit events",
        about="Calls that changed something on behalf of an operator or a feeding system, as they came. There is one"
        " event for each call, written together with what it changed.",
        docs={
            "id": _NUMBER,
            "uuid": "What the event is known by in other systems.",
            "user": "Who called, as they were then: pk, email, first_name, last_name.",
            "timestamp": "When the event was written.",
            "remote_addr": "The IP address that the call came from.",
            "url": "The URL of the call without its query.",
            "query_params": "The parameters of its query.",
            "post_data": "The fields of its body where that was a form.",
            "headers": "Its headers, apart from those that carry credentials.",
            "object_id": "The id of the object that it was about; null where there were several, or it has no number.",
            "content": "What it asked for and what came of it: request_method, request_data (null when it was too long"
            " to keep; without secrets, and of URLs without users and queries), request_size in bytes, client_type,"
            " request_datetime, browser_agent, outcome.",
            "content_type": "The id of the content type of what it was about.",
        },
    ),
)

RESOURCES = (REVISIONS, VERSIONS, AUDIT_EVENTS, *OBJECTS)
