"""What travels in and out of the token and session endpoints."""

from typing import Annotated, Literal, TypeAlias

import msgspec

from src.modules.identity.rules import DEFAULT_SCOPE

MAX_LIFETIME_S = 10 * 365 * 24 * 3600

# What browsers take for an e-mail address (HTML Standard), and not a line feed after it, which `$` would allow.
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL_PATTERN = rf"^[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*$(?!\n)"

Email: TypeAlias = Annotated[str, msgspec.Meta(max_length=254, pattern=EMAIL_PATTERN)]
Scope: TypeAlias = Literal["storefront", "integration", "warehouse", "ops"]
Time: TypeAlias = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class TokenCreate(msgspec.Struct, forbid_unknown_fields=True):
    """For whom a token is, what it may do, and for how many seconds; without `expires_in` for ever."""

    email: Email
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1)] = msgspec.field(default_factory=lambda: [DEFAULT_SCOPE])
    expires_in: Annotated[int, msgspec.Meta(gt=0, le=MAX_LIFETIME_S)] | None = None


class IssuedToken(msgspec.Struct, frozen=True):
    """A new token: the only time that it is shown. `expires_at` null means never."""

    token: str
    scopes: list[str]
    expires_at: Time | None


class TokenRead(msgspec.Struct, frozen=True):
    """A token without its secret; `id` is what DELETE takes."""

    id: str
    email: str
    user: str
    scopes: list[str]
    created_at: Time
    expires_at: Time | None


class TokenPage(msgspec.Struct, frozen=True):
    """A page of tokens, the newest first."""

    count: int
    next: str | None
    previous: str | None
    results: list[TokenRead]


class SessionRead(msgspec.Struct, frozen=True):
    """A session that has begun; its id is only in the cookie, out of reach of scripts."""

    user: str
    expires_at: Time


class TokenQuery(msgspec.Struct):
    """Which tokens to list."""

    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    limit: Annotated[int, msgspec.Meta(ge=1)] = 20
    email: Email | None = None
