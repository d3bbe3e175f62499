"""Who changed what: audit events, and revisions with the versions of what was changed.

It stands below the other features, so that each of them can tell it of its writes.
"""

from src.modules.audit.calls import Call, heard
from src.modules.audit.events import Body, audited, record
from src.modules.audit.forgetting import forget_old
from src.modules.audit.personal import IMPERSONAL, PERSONAL
from src.modules.audit.recent import RecentEvent, recent_events
from src.modules.audit.request_data import MAX_BODY_BYTES
from src.modules.audit.resources import RESOURCES
from src.modules.audit.revisions import Revision

__all__ = [
    "IMPERSONAL",
    "MAX_BODY_BYTES",
    "PERSONAL",
    "RESOURCES",
    "Body",
    "Call",
    "RecentEvent",
    "Revision",
    "audited",
    "forget_old",
    "heard",
    "recent_events",
    "record",
]
