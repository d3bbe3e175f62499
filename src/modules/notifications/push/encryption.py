"""Messages that only the browser can read (RFC 8291)."""

import http_ece
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from src.modules.notifications.push.vapid import CURVE, from_base64url

AUTH_BYTES = 16
# With what the encryption adds this stays below 4096, which every push service takes (RFC 8030, 7.2).
MAX_PLAIN_BYTES = 3000


class UnfitKeys(ValueError):
    """Keys that no browser made."""


def check_keys(p256dh: str, auth: str) -> None:
    """Raises UnfitKeys unless these are a point of the curve and a secret of the right size."""
    _read(p256dh, auth)


def encrypt(
    plain: bytes,
    p256dh: str,
    auth: str,
    *,
    salt: bytes | None = None,
    private_key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The body of a push message; salt and key are fresh unless a test gives them. Raises UnfitKeys."""
    point, secret = _read(p256dh, auth)
    encrypted: bytes = http_ece.encrypt(
        plain,
        salt=salt,
        private_key=private_key or ec.generate_private_key(CURVE),
        dh=point,
        auth_secret=secret,
        version="aes128gcm",
    )
    return encrypted


def _read(p256dh: str, auth: str) -> tuple[bytes, bytes]:
    try:
        point, secret = from_base64url(p256dh), from_base64url(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnfitKeys("p256dh or auth can't be read") from error
    if len(secret) != AUTH_BYTES:
        raise UnfitKeys(f"auth must have {AUTH_BYTES} bytes")
    return point, secret
