"""Who is asking: from the headers of a request to a shopper, in at most one round trip that requests share."""

import time
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request

from src.modules.identity import repositories
from src.modules.identity.errors import ForgeryRefused
from src.modules.identity.jwts import Claims, JwtVerifier
from src.modules.identity.repositories import KnownShopper
from src.modules.identity.rules import (
    DEFAULT_SCOPE,
    SESSION_COOKIE,
    read_authorization,
    session_digest,
    vouched_by_own_page,
)
from src.modules.identity.services import meet_subject
from src.platform.coalescing import Coalescer
from src.platform.database import Database
from src.platform.errors import Forbidden, Unauthenticated
from src.platform.security import digest
from src.platform.settings import Settings

AnyRequest = Request[Any, Any, Any]
K = TypeVar("K")
V = TypeVar("V")

# A JWT that was verified a moment ago is not verified again; a withdrawn key is noticed after this long.
VERIFIED_FOR_S = 60.0
REMEMBERED = 10_000


class Presented(msgspec.Struct, frozen=True):
    """What a request brought: the digest of its credential, and whether only a cookie vouches for it."""

    digest: bytes
    via_cookie: bool = False


class Shopper(msgspec.Struct, frozen=True):
    """An active user with a valid credential; the lists are None where no segment chooses them."""

    id: int
    uuid: UUID
    scopes: frozenset[str]
    price_list_id: int | None
    stock_list_id: int | None
    language: str | None
    email: str
    via_cookie: bool


class Identity:
    """Knows shoppers by what their requests present; one per process and event loop."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._jwts = JwtVerifier(settings)
        self._shoppers: Coalescer[bytes, KnownShopper | None] = Coalescer(self._fetch)
        self._verified: dict[bytes, tuple[Claims, float]] = {}
        self._met: dict[bytes, None] = {}

    async def present(self, request: AnyRequest) -> Presented:
        """The digest of a request's credential, without asking the database except for a JWT's first sight.

        Raises Unauthenticated when there is none or it makes no sense, Forbidden for a write that only a cookie
        vouches for, ServiceUnavailable while a JWT can't be verified.
        """
        header = request.headers.get("authorization")
        if header is not None:
            return await self.read(header)
        cookies = request.cookies
        session = session_digest(cookies.get(SESSION_COOKIE, ""))
        if session is None:
            raise Unauthenticated
        if not vouched_by_own_page(request.method, request.headers, cookies):
            raise ForgeryRefused
        return Presented(session, via_cookie=True)

    async def read(self, header: str) -> Presented:
        """The digest of the credential in an Authorization header; raises like `present`."""
        authorization = read_authorization(header)
        if authorization.may_be_jwt and self._jwts.configured:
            return Presented(await self._subject(authorization.secret))
        return Presented(digest(authorization.secret))

    async def shopper(self, request: AnyRequest, scope: str | None = DEFAULT_SCOPE) -> Shopper:
        """The shopper of a request; raises what `present` and `admit` raise. A scope of None means any will do."""
        return await self.known(await self.present(request), scope)

    async def known(self, presented: Presented, scope: str | None) -> Shopper:
        """Whom that stands for; raises what `admit` raises."""
        known = await self._shoppers.get(presented.digest)
        self.admit(presented, None if known is None else known.scopes, scope)
        assert known is not None  # noqa: S101  (`admit` has refused None)
        return Shopper(
            id=known.id,
            uuid=known.uuid,
            scopes=frozenset(known.scopes),
            price_list_id=known.price_list_id,
            stock_list_id=known.stock_list_id,
            language=known.language,
            email=known.email,
            via_cookie=presented.via_cookie,
        )

    def admit(self, presented: Presented, scopes: Sequence[str] | None, scope: str | None) -> None:
        """Judge what a statement that joined the view `shopper` found under the digest; None means that it is unknown.

        Raises Unauthenticated and, when `scope` is missing, Forbidden.
        """
        if scopes is None:
            # If it is a JWT whose user was deleted, the next request meets its subject anew.
            self._met.pop(presented.digest, None)
            raise Unauthenticated
        if scope is not None and scope not in scopes:
            raise Forbidden

    async def _subject(self, token: str) -> bytes:
        key = digest(token)
        claims, until = self._verified.get(key, (None, 0.0))
        if claims is None or time.time() >= until:
            claims = await self._jwts.verify(token)
            _remember(self._verified, key, (claims, min(claims.expires_at, time.time() + VERIFIED_FOR_S)))
        if claims.digest not in self._met:
            await meet_subject(self._database, claims)
            _remember(self._met, claims.digest, None)
        return claims.digest

    async def _fetch(self, digests: Sequence[bytes]) -> Sequence[KnownShopper | None]:
        async with self._database.read() as connection:
            return await repositories.known_shoppers(connection, digests)


def _remember(memory: dict[K, V], key: K, value: V) -> None:
    """Keep `value`, at the price of the oldest entry when there are too many."""
    memory.pop(key, None)
    if len(memory) >= REMEMBERED:
        del memory[next(iter(memory))]
    memory[key] = value
