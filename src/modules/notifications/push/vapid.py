"""Who we are to push services (RFC 8292): a key of the service, and a signed word for each of them."""

import base64
from datetime import datetime, timedelta
from functools import cached_property
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from src.modules.notifications.keys import service_key
from src.platform.database import Database
from src.platform.settings import Settings

KEY_NAME = "vapid"
CURVE = ec.SECP256R1()
# Push services want at most 24 hours; each word is used for the first half of its time.
VALID_FOR = timedelta(hours=12)
# There are a handful of push services; more are somebody's play.
REMEMBERED = 100


class Vapid:
    """A key pair, and the words signed with it."""

    def __init__(self, key: int, subject: str) -> None:
        self._private = ec.derive_private_key(key, CURVE)
        self._subject = subject
        self._words: dict[str, tuple[str, datetime]] = {}

    @cached_property
    def public_key(self) -> str:
        """The public key as browsers take it: an uncompressed point in base64url."""
        return to_base64url(self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def authorization(self, endpoint: str, now: datetime) -> str:
        """The Authorization header for a push service."""
        audience = _origin(endpoint)
        word, renew_at = self._words.get(audience, ("", now))
        if renew_at <= now:
            claims = {"aud": audience, "exp": int((now + VALID_FOR).timestamp()), "sub": self._subject}
            word = jwt.encode(claims, self._private, algorithm="ES256")
            if len(self._words) >= REMEMBERED:
                self._words.clear()
            self._words[audience] = (word, now + VALID_FOR / 2)
        return f"vapid t={word}, k={self.public_key}"


async def vapid(settings: Settings, database: Database) -> Vapid:
    """The service's own: of the key that the settings give, else of one that was made when it was first needed."""
    if settings.vapid_private_key:
        key = int.from_bytes(from_base64url(settings.vapid_private_key))
    else:
        # Any 32 bytes make a key; those that lie beyond the curve's order come round.
        key = int.from_bytes(await service_key(database, KEY_NAME)) % (CURVE.group_order - 1) + 1
    return Vapid(key, settings.vapid_subject)


def to_base64url(content: bytes) -> str:
    """RFC 4648 without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """What `to_base64url` wrote, padded or not; raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, usual) else f":{parts.port}")
