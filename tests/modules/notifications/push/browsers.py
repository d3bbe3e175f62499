"""A browser as a push service and our messages see it: its keys, and how it reads what it is sent (RFC 8291)."""

import secrets
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from src.modules.notifications.push.vapid import from_base64url, to_base64url
from tests.modules.notifications.receivers import Received

CURVE = ec.SECP256R1()


class Browser:
    """One that has subscribed; its keys are fresh unless they are given."""

    def __init__(self, private: bytes | None = None, auth: bytes | None = None) -> None:
        self._key = ec.derive_private_key(int.from_bytes(private), CURVE) if private else ec.generate_private_key(CURVE)
        self._auth = auth or secrets.token_bytes(16)
        self._public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self) -> dict[str, str]:
        """What a page hands over."""
        return {"p256dh": to_base64url(self._public), "auth": to_base64url(self._auth)}

    def subscription(self, endpoint: str) -> dict[str, Any]:
        """What `PushSubscription.toJSON()` says."""
        return {"endpoint": endpoint, "expirationTime": None, "keys": self.keys}

    def read(self, body: bytes) -> bytes:
        """The plain text of a message."""
        salt, length = body[:16], body[20]
        sender, cipher = body[21 : 21 + length], body[21 + length :]
        shared = self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
        secret = _derived(shared, self._auth, b"WebPush: info\0" + self._public + sender, 32)
        key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
        plain, _, padding = AESGCM(key).decrypt(nonce, cipher, None).rpartition(b"\x02")
        assert not padding.strip(b"\0")
        return plain


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def vouched(request: Received) -> dict[str, Any]:
    """The claims of the Authorization header, verified with the key beside them (RFC 8292); `k` is that key."""
    scheme, _, rest = request.headers["authorization"].partition(" ")
    assert scheme == "vapid"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, from_base64url(parts["k"]))
    claims: dict[str, Any] = jwt.decode(parts["t"], key, ["ES256"], options={"verify_aud": False})
    return {**claims, "k": parts["k"]}
