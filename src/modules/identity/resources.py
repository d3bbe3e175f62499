"""Users as the integration API takes them: the fields of the warehouse document, and the segment they buy in."""

from src.modules.identity import shown
from src.modules.identity.email_addresses import EMAIL_ADDRESSES, IDENTITY_LOCK, MAX_EMAIL_LENGTH
from src.modules.identity.models import User
from src.platform.resources import Resource, Rule, Unique, table_of

USERS = Resource(
    path="users",
    table=table_of(User),
    content_type="users.user",
    lock=IDENTITY_LOCK,
    shown=shown.USERS,
    # Set by the first request of a JWT's subject, never by a feed: they decide who somebody is.
    hidden=frozenset({"issuer", "subject"}),
    rules=(Rule("email", f"length(email) <= {MAX_EMAIL_LENGTH}", f"must have at most {MAX_EMAIL_LENGTH} characters"),),
    unique=(Unique(("email",), {"email": "lower({})"}, "{email} <> ''"),),
)

RESOURCES = (EMAIL_ADDRESSES, USERS)
