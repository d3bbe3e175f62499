"""The cookie that knows a shopper: a session's or a guest's."""

from typing import Any

from litestar import Request

from src.modules.identity.rules import SESSION_COOKIE
from src.platform.settings import Settings


def session_cookie(request: Request[Any, Any, Any], value: str, max_age_s: int) -> str:
    """The Set-Cookie header of `osessionid`, out of reach of scripts and, where there is TLS, of plain HTTP."""
    return secured(request, f"{SESSION_COOKIE}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax")


def secured(request: Request[Any, Any, Any], cookie: str) -> str:
    """`cookie`, which browsers send over TLS only where there is TLS."""
    settings: Settings = request.app.state.settings
    over_tls = (
        settings.cookie_secure
        or request.scope["scheme"] == "https"
        or (settings.public_url or "").startswith("https://")
    )
    return f"{cookie}; Secure" if over_tls else cookie
