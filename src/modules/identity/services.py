"""What can be done with credentials: issue, list and revoke tokens, begin and end sessions, sweep what has expired."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import func, select

from src.modules.identity import repositories
from src.modules.identity.dtos import MAX_LIFETIME_S, Email, IssuedToken, TokenRead
from src.modules.identity.errors import UserInactive
from src.modules.identity.jwts import Claims
from src.modules.identity.models import Credential, User
from src.modules.identity.repositories import CredentialRepository, UserRepository
from src.modules.identity.rules import SESSION_COOKIE, session_digest
from src.platform import wire
from src.platform.database import Connection, Database, UnitOfWork
from src.platform.errors import Invalid, NotFound, ServiceUnavailable
from src.platform.paging import Page
from src.platform.security import SCOPES, digest, new_session_id, new_token

SWEEP_SIZE = 5000
# Each attempt after the first means that another user with the same address was created in between.
SUBJECT_ATTEMPTS = 3


async def issue_token(database: Database, *, email: str, scopes: Sequence[str], expires_in_s: int | None = None) -> str:
    """A new token for the user of `email`, who is created if need be; raises Invalid and UserInactive."""
    async with database.unit_of_work() as work:
        return (await issue(work, email=email, scopes=scopes, expires_in_s=expires_in_s)).token


async def issue(work: UnitOfWork, *, email: str, scopes: Sequence[str], expires_in_s: int | None) -> IssuedToken:
    """Like `issue_token`, in a transaction that the caller commits."""
    email = _checked_email(email)
    if not scopes or any(scope not in SCOPES for scope in scopes):
        raise Invalid("Not a valid value", field="scopes")
    user = await UserRepository(session=work.session).find_or_create(email)
    if not user.is_active:
        raise UserInactive
    token = new_token()
    granted = list(dict.fromkeys(scopes))
    expires_at = None
    if expires_in_s is not None and not 0 < expires_in_s <= MAX_LIFETIME_S:
        raise Invalid("Not a valid value", field="expires_in")
    if expires_in_s is not None:  # by the clock that will judge it
        expires_at = await work.session.scalar(select(func.now() + timedelta(seconds=expires_in_s)))
    credential = Credential(digest=digest(token), kind="token", user_id=user.id, scopes=granted, expires_at=expires_at)
    await CredentialRepository(session=work.session, auto_refresh=False).add(credential)
    return IssuedToken(token, granted, wire.optional_time(expires_at))


def _checked_email(email: str) -> str:
    try:
        return msgspec.convert(email, Email)
    except msgspec.ValidationError as error:
        raise Invalid("Not a valid value", field="email") from error


async def list_tokens(work: UnitOfWork, page: Page, email: str | None) -> tuple[list[TokenRead], int]:
    """A page of tokens, the newest first, and how many there are; of one address if given. Raises Invalid."""
    if email is not None:
        email = _checked_email(email)
    rows, total = await CredentialRepository(session=work.session).tokens(page, email)
    return [_shown(credential, user) for credential, user in rows], total


def _shown(credential: Credential, user: User) -> TokenRead:
    return TokenRead(
        id=credential.digest.hex(),
        email=user.email,
        user=str(user.uuid),
        scopes=credential.scopes,
        created_at=wire.time(credential.created_at),
        expires_at=wire.optional_time(credential.expires_at),
    )


async def revoke_token(work: UnitOfWork, token_id: str) -> None:
    """Make a token worthless and end its user's sessions, which it may have begun; raises NotFound."""
    credentials = CredentialRepository(session=work.session)
    try:
        named = bytes.fromhex(token_id)
    except ValueError:
        raise NotFound from None
    token = await credentials.get_one_or_none(digest=named, kind="token")
    if token is None:
        raise NotFound
    await credentials.delete_where(user_id=token.user_id, kind="session")
    await credentials.delete(token.digest)


async def start_session(
    connection: Connection,
    *,
    user_id: int,
    scopes: Sequence[str],
    ttl_s: int,
    replaced_id: str | None = None,
    cookie: str = SESSION_COOKIE,
    no_longer_than: bytes | None = None,
) -> tuple[str, datetime]:
    """A new session id for the user's cookie, and when it ends; in a transaction that the caller commits.

    `replaced_id` is what the cookie held so far: if it was a guest's, what the guest left is still found through it.
    With `no_longer_than`, the digest of a credential, the session ends with that at the latest.
    """
    session_id = new_session_id()
    named = session_digest(session_id, cookie)
    assert named is not None  # noqa: S101  (what we make we can read)
    guest = session_digest(replaced_id or "")
    return session_id, await repositories.add_session(connection, named, user_id, scopes, ttl_s, guest, no_longer_than)


async def end_session(connection: Connection, *, session_id: str, user_id: int, cookie: str = SESSION_COOKIE) -> None:
    """End that session of this user; nothing happens when there is none."""
    named = session_digest(session_id, cookie)
    if named is not None:
        await repositories.delete_session(connection, named, user_id)


async def meet_subject(database: Database, claims: Claims) -> None:
    """Make sure that the digest of `claims` stands for a user, whom the first request of a subject creates."""
    async with database.read() as connection:
        if await repositories.credential_exists(connection, claims.digest):
            return
    async with database.transaction() as work:
        for _ in range(SUBJECT_ATTEMPTS):
            user_id = await repositories.find_or_create_subject(work.connection, claims)
            if user_id is not None:
                await repositories.add_subject_credential(work.connection, claims, user_id)
                return
    raise ServiceUnavailable


async def delete_expired_credentials(database: Database) -> int:
    """Delete the credentials whose time has passed, some thousand per transaction, and say how many went."""
    return await database.in_pieces(SWEEP_SIZE, lambda connection: repositories.delete_expired(connection, SWEEP_SIZE))
