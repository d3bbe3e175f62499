"""The way out of our mails (RFC 8058): links that name their recipient, readable and made by us only."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from src.modules.notifications.keys import service_key
from src.modules.notifications.suppressed import is_suppressed
from src.platform.database import Connection, Database
from src.platform.i18n import LOCALES

PATH = "/unsubscribe"
KEY_NAME = "unsubscribe"
NONCE_BYTES = 12
USER, ADDRESS = b"u", b"a"

# By the user's own preference, not by the consent flag, which a feed writes and may turn on again.
_PREFER = """
INSERT INTO notification_preference (user_id, email) SELECT id, %(wanted)s FROM users WHERE uuid = %(uuid)s
ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, modified_date = clock_timestamp()
WHERE notification_preference.email <> excluded.email
"""
_SUPPRESS = "INSERT INTO suppressed_address (email) VALUES (lower(%(email)s)) ON CONFLICT (email) DO NOTHING"
_ALLOW = f"DELETE FROM suppressed_address WHERE {is_suppressed('email', '%(email)s::text')}"


class Reader(NamedTuple):
    """Whom a link is for: a user, or an address without one; and the language that they are written in."""

    language: str
    user_uuid: UUID | None = None
    email: str | None = None


async def open_cipher(database: Database) -> AESGCM:
    """What seals the links, in every process the same."""
    return AESGCM(await service_key(database, KEY_NAME))


def seal(cipher: AESGCM, reader: Reader) -> str:
    """The token of a link. It is encrypted, because links end up in logs and an address has no place there."""
    who = ADDRESS + (reader.email or "").encode() if reader.user_uuid is None else USER + reader.user_uuid.bytes
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = cipher.encrypt(nonce, bytes([LOCALES.index(reader.language)]) + who, None)
    return urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()


def unseal(cipher: AESGCM, token: str) -> Reader | None:
    """Whom a token is for; None for what `seal` did not make with this key."""
    try:
        sealed = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        opened = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except (InvalidTag, NotBase64, ValueError):
        return None
    language, kind, who = LOCALES[opened[0]], opened[1:2], opened[2:]
    return Reader(language, user_uuid=UUID(bytes=who)) if kind == USER else Reader(language, email=who.decode())


async def set_mails_wanted(connection: Connection, reader: Reader, *, wanted: bool) -> None:
    """Let the reader have no more mails, or have them again; who is gone by now needs nothing."""
    if reader.user_uuid is not None:
        await connection.execute(_PREFER, {"uuid": reader.user_uuid, "wanted": wanted})
    else:
        await connection.execute(_ALLOW if wanted else _SUPPRESS, {"email": reader.email})
