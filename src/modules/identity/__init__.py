"""Identity: users, tokens, sessions, and who is asking.

Its published relation is the SQL view `shopper`: one row per credential that is valid now, of an active user. Other
features join it in their hot statements, so that authentication shares their round trip and revocation is
effective at once; `Identity.present` gives the digest to join by and `Identity.admit` judges what was found.
"""

from src.modules.identity.controllers import SessionController, TokenController
from src.modules.identity.cookies import secured, session_cookie
from src.modules.identity.errors import ForgeryRefused
from src.modules.identity.identity import Identity, Presented, Shopper
from src.modules.identity.personal import IMPERSONAL, PERSONAL
from src.modules.identity.resources import RESOURCES
from src.modules.identity.rules import SESSION_COOKIE, session_digest
from src.modules.identity.services import delete_expired_credentials, end_session, issue_token, start_session

CONTROLLERS = (SessionController, TokenController)

__all__ = [
    "CONTROLLERS",
    "IMPERSONAL",
    "PERSONAL",
    "RESOURCES",
    "SESSION_COOKIE",
    "ForgeryRefused",
    "Identity",
    "Presented",
    "Shopper",
    "delete_expired_credentials",
    "end_session",
    "issue_token",
    "secured",
    "session_cookie",
    "session_digest",
    "start_session",
]
