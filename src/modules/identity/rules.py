"""Decisions about credentials: what a header may hold, which digest a secret has, which scopes a claim gives."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from src.platform.errors import Unauthenticated
from src.platform.security import SCOPES, digest

SESSION_COOKIE = "osessionid"
CSRF_COOKIE = "csrftoken"
DEFAULT_SCOPE: Final = "storefront"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
SCHEMES = frozenset({"token", "bearer"})

# RFC 6750, 2.1. The narrow alphabet also keeps header secrets apart from the prefixed ones of sessions below.
_SECRET = re.compile(r"[A-Za-z0-9\-._~+/]{1,8192}={0,2}")
_SESSION_ID = re.compile(r"[A-Za-z0-9_]{1,128}")
# blake2b, so that no opaque token (SHA-256) can ever have the digest of a subject, whose parts are no secret.
_SUBJECT_PERSON = b"wishkeep subject"


class Authorization(msgspec.Struct, frozen=True):
    """What an Authorization header holds."""

    scheme: str
    secret: str

    @property
    def may_be_jwt(self) -> bool:
        """Whether it has the form of a signed JWT; an opaque token never has."""
        return self.scheme == "bearer" and self.secret.count(".") == 2


def read_authorization(value: str) -> Authorization:
    """The parts of `Token <secret>` or `Bearer <secret>`; raises Unauthenticated for anything else."""
    scheme, _, secret = value.strip(" ").partition(" ")
    secret = secret.strip(" ")
    if scheme.lower() not in SCHEMES or not _SECRET.fullmatch(secret):
        raise Unauthenticated
    return Authorization(scheme.lower(), secret)


def session_digest(session_id: str, cookie: str = SESSION_COOKIE) -> bytes | None:
    """The digest of a session id, other than that of a token of the same letters; None if it can't be one of ours.

    What came in one cookie is worth nothing in another.
    """
    if not _SESSION_ID.fullmatch(session_id):
        return None
    return digest(f"{cookie}:{session_id}")


def subject_digest(issuer: str, subject: str, scopes: tuple[str, ...]) -> bytes:
    """The digest that stands for a JWT's subject with the scopes of that very token."""
    content = msgspec.json.encode((issuer, subject, sorted(scopes)))
    return hashlib.blake2b(content, digest_size=32, person=_SUBJECT_PERSON).digest()


def claimed_scopes(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The scopes that a JWT gives: those of `scope` and `scopes` that we know, else the default one."""
    claimed: set[str] = set()
    for name in ("scope", "scopes"):
        value = claims.get(name)
        words = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
        claimed |= {word for word in words if isinstance(word, str)}
    return tuple(scope for scope in SCOPES if scope in claimed) or (DEFAULT_SCOPE,)


def vouched_by_own_page(method: str, headers: Mapping[str, str], cookies: Mapping[str, str]) -> bool:
    """Whether a request that only a cookie identifies was sent by a page of the shop, not by somebody else's.

    A foreign page can send the cookie along, but neither set a header of its own nor read the csrftoken cookie.
    """
    if method in SAFE_METHODS or headers.get("x-requested-with"):
        return True
    told, expected = headers.get("x-csrftoken", ""), cookies.get(CSRF_COOKIE, "")
    return bool(expected) and hmac.compare_digest(told.encode(errors="replace"), expected.encode(errors="replace"))
