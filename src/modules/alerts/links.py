"""The links of mails to guests: who holds one may confirm or end that alert, and nobody can make one."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

PATH = "/wishlists/product-alerts/confirm"
SIGNATURE_BYTES = 16
ID_BYTES = 8


def link(key: bytes, alert_id: int) -> str:
    """The path of the page of an alert."""
    named = alert_id.to_bytes(ID_BYTES, "big")
    return f"{PATH}/{urlsafe_b64encode(named + _sign(key, b'alert', named)).rstrip(b'=').decode()}"


def read_token(key: bytes, token: str) -> int | None:
    """The alert that the last part of a link names; None when we did not make it."""
    try:
        content = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (NotBase64, ValueError):
        return None
    named, signature = content[:ID_BYTES], content[ID_BYTES:]
    if not hmac.compare_digest(signature, _sign(key, b"alert", named)):
        return None
    return int.from_bytes(named, "big")


def source_digest(key: bytes, network_address: str) -> bytes:
    """What stands for a network address where it is counted: it can't be told from it without the key."""
    return _sign(key, b"source", network_address.encode())


def _sign(key: bytes, purpose: bytes, content: bytes) -> bytes:
    return hmac.digest(key, purpose + b"\n" + content, hashlib.sha256)[:SIGNATURE_BYTES]
