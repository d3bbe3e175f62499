"""Every SQL statement of identity: plain ones where requests wait for them, repositories for administration."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from src.modules.identity.jwts import Claims
from src.modules.identity.models import Credential, User
from src.platform.database import Connection
from src.platform.paging import Page

SHOPPERS = """
SELECT digest, user_id, user_uuid, email, language_code, scopes, price_list_id, stock_list_id
FROM shopper WHERE digest = ANY(%s)
"""
CREDENTIAL_EXISTS = "SELECT EXISTS (SELECT FROM credential WHERE digest = %s)"
# An address that another user has stays that user's; of two who bring it at once, the second is asked again.
CREATE_SUBJECT = """
INSERT INTO users (issuer, subject, email, username)
SELECT %(issuer)s, %(subject)s, free.email, free.email
FROM (SELECT CASE WHEN EXISTS (SELECT FROM users WHERE lower(email) = lower(%(email)s) AND email <> '')
                  THEN '' ELSE %(email)s::text END AS email) free
ON CONFLICT DO NOTHING
"""
FIND_SUBJECT = "SELECT id FROM users WHERE issuer = %(issuer)s AND subject = %(subject)s"
ADD_SUBJECT_CREDENTIAL = """
INSERT INTO credential (digest, kind, user_id, scopes) VALUES (%s, 'subject', %s, %s) ON CONFLICT (digest) DO NOTHING
"""
# The cookie that is replaced is a guest's unless it is a credential; a session of this very user hands its guest on.
ADD_SESSION = """
INSERT INTO credential (digest, kind, user_id, scopes, expires_at, guest_digest)
VALUES (%(digest)s, 'session', %(user)s, %(scopes)s,
        least(now() + %(ttl)s * interval '1s', (SELECT expires_at FROM credential WHERE digest = %(ends_with)s)),
        CASE WHEN EXISTS (SELECT FROM credential WHERE digest = %(guest)s)
             THEN (SELECT guest_digest FROM credential WHERE digest = %(guest)s AND user_id = %(user)s)
             ELSE %(guest)s::bytea END)
RETURNING expires_at
"""
SIGNED_IN = "UPDATE users SET last_login = now(), modified_date = now() WHERE id = %s"
END_SESSION = "DELETE FROM credential WHERE digest = %s AND kind = 'session' AND user_id = %s"
DELETE_EXPIRED = """
DELETE FROM credential WHERE digest IN (SELECT digest FROM credential WHERE expires_at <= now() LIMIT %s)
"""


class KnownShopper(msgspec.Struct, frozen=True):
    """A row of the view `shopper`: an active user with a credential that is valid now."""

    digest: bytes
    id: int
    uuid: UUID
    email: str
    language: str | None
    scopes: list[str]
    price_list_id: int | None
    stock_list_id: int | None


async def known_shoppers(connection: Connection, digests: Sequence[bytes]) -> list[KnownShopper | None]:
    """Whom each of `digests` stands for, in their order."""
    cursor = await connection.execute(SHOPPERS, (list(digests),))
    found = {row[0]: KnownShopper(*row) for row in await cursor.fetchall()}
    return [found.get(digest) for digest in digests]


async def credential_exists(connection: Connection, digest: bytes) -> bool:
    """Whether there is a credential of that digest, of whatever kind and user."""
    row = await (await connection.execute(CREDENTIAL_EXISTS, (digest,))).fetchone()
    return bool(row and row[0])


async def find_or_create_subject(connection: Connection, claims: Claims) -> int | None:
    """The id of the user whom a JWT names; None when a user of the same address came in between: ask again."""
    names = {"issuer": claims.issuer, "subject": claims.subject, "email": claims.email}
    await connection.execute(CREATE_SUBJECT, names)
    # A statement of its own: it sees the user whom another request has created while this one waited.
    row = await (await connection.execute(FIND_SUBJECT, names)).fetchone()
    return row[0] if row else None


async def add_subject_credential(connection: Connection, claims: Claims, user_id: int) -> None:
    """Let the digest of `claims` stand for the user."""
    await connection.execute(ADD_SUBJECT_CREDENTIAL, (claims.digest, user_id, list(claims.scopes)))


async def add_session(
    connection: Connection,
    digest: bytes,
    user_id: int,
    scopes: Sequence[str],
    ttl_s: int,
    guest: bytes | None,
    ends_with: bytes | None,
) -> datetime:
    """Add a session in the place of the cookie `guest`, note that the user signed in, and say when it ends.

    It ends no later than the credential whose digest is `ends_with`.
    """
    values = {
        "digest": digest,
        "user": user_id,
        "scopes": list(scopes),
        "ttl": ttl_s,
        "guest": guest,
        "ends_with": ends_with,
    }
    [row] = await (await connection.execute(ADD_SESSION, values)).fetchall()
    await connection.execute(SIGNED_IN, (user_id,))
    expires_at: datetime = row[0]
    return expires_at


async def delete_session(connection: Connection, digest: bytes, user_id: int) -> None:
    """Delete that session if it is this user's."""
    await connection.execute(END_SESSION, (digest, user_id))


async def delete_expired(connection: Connection, limit: int) -> int:
    """Delete up to `limit` credentials whose time has passed and say how many went."""
    return (await connection.execute(DELETE_EXPIRED, (limit,))).rowcount


class UserRepository(SQLAlchemyAsyncRepository[User]):
    """Users, for administration."""

    model_type = User

    async def find_or_create(self, email: str) -> User:
        """The user of that address, however it is capitalised; two who ask at once get the same one."""
        await self.session.execute(
            insert(User)
            .values(email=email, username=email)
            .on_conflict_do_nothing(index_elements=[text("lower(email)")], index_where=text("email <> ''"))
        )
        return await self.get_one(func.lower(User.email) == func.lower(email))


class CredentialRepository(SQLAlchemyAsyncRepository[Credential]):
    """Credentials, for administration."""

    model_type = Credential
    id_attribute = "digest"

    async def tokens(self, page: Page, email: str | None) -> tuple[list[tuple[Credential, User]], int]:
        """A page of tokens with their users, the newest first, and how many there are; of one address if given."""
        chosen = select(Credential, User).join(User, User.id == Credential.user_id).where(Credential.kind == "token")
        if email is not None:
            chosen = chosen.where(func.lower(User.email) == func.lower(email))
        total = await self.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
        if page.offset >= total:
            return [], total
        newest = chosen.order_by(Credential.created_at.desc(), Credential.digest).limit(page.limit).offset(page.offset)
        rows = await self.session.execute(newest)
        return [(credential, user) for credential, user in rows], total
