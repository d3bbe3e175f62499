"""Secrets that are shown once and kept as digests."""

import hashlib
import secrets
import string

SCOPES = ("storefront", "integration", "warehouse", "ops")
TOKEN_BYTES = 32
# The published web client reads the session id with `\w+`: letters, digits and underscores only.
SESSION_ALPHABET = string.ascii_letters + string.digits
SESSION_LENGTH = 43  # 43 characters of 62 are 256 bits.


def new_token() -> str:
    """A fresh opaque token of 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_session_id() -> str:
    """A fresh session id of 256 random bits that is one word to a regular expression."""
    return "".join(secrets.choice(SESSION_ALPHABET) for _ in range(SESSION_LENGTH))


def digest(secret: str) -> bytes:
    """The SHA-256 of a secret; enough without salt or stretching, because the secrets are random and long."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
