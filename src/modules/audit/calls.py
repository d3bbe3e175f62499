"""What is kept of a request that changes something: what explains it later, and nothing that opens a door."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Request

from src.modules.audit.request_data import read_pairs, storable, without_url_secrets
from src.platform.clients import client_address

AnyRequest = Request[Any, Any, Any]

MAX_TEXT_LENGTH = 2000
# An Idempotency-Key is among them: kept answers are sealed with it.
SECRET_HEADER = re.compile("auth|cookie|token|secret|key|passw|credential|signature|csrf|jwt|oidc|session|assertion")
SECRET_VALUE = re.compile(r"\s*(bearer|token|basic|jwt)\s|eyJ[\w-]+\.[\w-]+\.", re.IGNORECASE)
CLIENT_TYPE = "default"


class Call(msgspec.Struct, frozen=True):
    """A request as an audit event tells of it, and the user who sent it."""

    user_id: int
    email: str
    arrived_at: datetime
    method: str
    path: str
    url: str
    remote_addr: str | None
    query_params: dict[str, Any]
    headers: dict[str, Any]
    client_type: str
    browser_agent: str

    @property
    def told(self) -> str:
        """The call in a line."""
        return f"{self.method} {self.path}"


def heard(request: AnyRequest, user_id: int, email: str) -> Call:
    """What is kept of a request of this user, its body aside."""
    headers = {name: _text(", ".join(request.headers.getall(name))) for name in dict.fromkeys(request.headers.keys())}
    path = _text(request.scope["raw_path"].decode("latin-1").partition("?")[0])
    base = request.app.state.settings.public_url or f"{request.scope['scheme']}://{headers.get('host', '')}"
    return Call(
        user_id=user_id,
        email=email,
        arrived_at=datetime.now(UTC),
        method=request.method,
        path=path,
        url=f"{base.rstrip('/')}{path}",
        remote_addr=client_address(request) or None,
        query_params=read_pairs(request.scope["query_string"]),
        headers={
            name.title(): without_url_secrets(value)
            for name, value in headers.items()
            if not SECRET_HEADER.search(name) and not SECRET_VALUE.match(value)
        },
        client_type=headers.get("x-client-type") or CLIENT_TYPE,
        browser_agent=headers.get("user-agent", ""),
    )


def _text(text: str) -> str:
    return storable(text)[:MAX_TEXT_LENGTH]
