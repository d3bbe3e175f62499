"""Standard Webhooks: secrets, and signatures by which a receiver knows that it was us, and when."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32  # The specification wants 24 to 64.


def new_secret() -> str:
    """A fresh secret as receivers paste it into their verifier."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(message_id: str, now: datetime, body: bytes, live_secrets: Sequence[str]) -> dict[str, str]:
    """The headers of a message; one signature for each secret, so that receivers may change theirs when they like."""
    timestamp = str(int(now.timestamp()))
    to_sign = f"{message_id}.{timestamp}.".encode() + body
    signatures = (hmac.digest(_key(secret), to_sign, hashlib.sha256) for secret in live_secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(signature).decode()}" for signature in signatures),
    }


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX))
