"""The failures of identity beyond 401 and the plain 403."""

from src.platform.errors import Conflict, Forbidden


class ForgeryRefused(Forbidden):
    """A write that only a cookie vouches for, without proof that a page of the shop sent it."""

    code, message = "csrf_failed", "A write with a session cookie needs X-Requested-With or X-CSRFToken"


class UserInactive(Conflict):
    """Credentials are asked for somebody who may not sign in."""

    code, message = "user_inactive", "This user is not active"
