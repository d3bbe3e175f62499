"""Idempotency-Key: the first 2xx answer is kept in the same transaction as what it tells of, and given again.

A request that is running holds an advisory lock of its transaction, so its twin learns at once that it is under way.
The kept answer is sealed with a key made from the Idempotency-Key itself, of which only a digest is stored: a token
in a kept answer can't be read from the database.
"""

import hashlib
import secrets
from collections.abc import Mapping

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from src.platform.database import Connection
from src.platform.errors import Conflict, Invalid, Unprocessable

HEADER = "idempotency-key"
MAX_KEY_LENGTH = 255
NONCE_BYTES = 12

TRY_LOCK = "SELECT pg_try_advisory_xact_lock(%s)"
FIND = (
    "SELECT request_digest, answer FROM idempotency_record WHERE scope = %s AND created_at > now() - %s * interval '1s'"
)
# What is there already is older than the time that answers are kept.
KEEP = """
INSERT INTO idempotency_record (scope, request_digest, answer) VALUES (%s, %s, %s)
ON CONFLICT (scope) DO UPDATE
SET request_digest = excluded.request_digest, answer = excluded.answer, created_at = now()
"""
FORGET_OLD = """
DELETE FROM idempotency_record WHERE scope IN (
    SELECT scope FROM idempotency_record WHERE created_at <= now() - %s * interval '1s' LIMIT %s
)
"""


class StillRunning(Conflict):
    code, message = "idempotency_in_progress", "A request with this Idempotency-Key is still running"


class KeyReused(Unprocessable):
    code, message = "idempotency_key_reused", "This Idempotency-Key was used with another body"


class KeptAnswer(msgspec.Struct, frozen=True, array_like=True):
    """An answer as it went out the first time."""

    status: int
    media_type: str
    headers: dict[str, str]
    body: bytes


class IdempotencyKey:
    """One use of a key: by whom (`actor`), for which method and path."""

    def __init__(self, value: str, *, actor: str, method: str, path: str) -> None:
        identity = "\n".join((actor, method, path.rstrip("/"), value)).encode()
        self.scope = hashlib.sha256(b"scope\n" + identity).digest()
        self._seal = hashlib.sha256(b"seal\n" + identity).digest()

    async def claim(self, connection: Connection, ttl_s: int) -> tuple[bytes, KeptAnswer] | None:
        """The digest of the first body and its answer, or None and the key is ours; raises StillRunning."""
        lock = int.from_bytes(self.scope[:8], "big", signed=True)
        row = await (await connection.execute(TRY_LOCK, (lock,))).fetchone()
        if row is None or not row[0]:
            raise StillRunning
        kept = await (await connection.execute(FIND, (self.scope, ttl_s))).fetchone()
        return (bytes(kept[0]), self._open(bytes(kept[1]))) if kept else None

    async def keep(self, connection: Connection, request_digest: bytes, answer: KeptAnswer) -> None:
        """Keep the answer for the same request; the claim's lock holds twins off until the end of the transaction."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + AESGCM(self._seal).encrypt(nonce, msgspec.msgpack.encode(answer), None)
        await connection.execute(KEEP, (self.scope, request_digest, sealed))

    def _open(self, sealed: bytes) -> KeptAnswer:
        try:
            content = AESGCM(self._seal).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except InvalidTag as error:
            raise KeyReused from error
        return msgspec.msgpack.decode(content, type=KeptAnswer)


def read_key(headers: Mapping[str, str]) -> str | None:
    """The Idempotency-Key of a request, None when there is none or it is empty; raises Invalid for an unusable one."""
    key = headers.get(HEADER)
    if not key:
        return None
    if len(key) > MAX_KEY_LENGTH or not all(" " <= char <= "~" for char in key):
        raise Invalid("The Idempotency-Key must be up to 255 printable ASCII characters")
    return key


def request_digest(body: bytes, content_type: str, query: bytes = b"") -> bytes:
    """What tells one request from another under the same key."""
    return hashlib.sha256(b"\n".join((content_type.encode("utf-8", "replace"), query, body))).digest()


async def forget_old_answers(connection: Connection, ttl_s: int, limit: int = 1000) -> int:
    """Delete up to `limit` answers older than `ttl_s` seconds and say how many went."""
    return (await connection.execute(FORGET_OLD, (ttl_s, limit))).rowcount
