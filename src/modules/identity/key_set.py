"""The public keys of a JWT issuer (RFC 7517): fetched when they are needed, never per request."""

import asyncio
import time

import httpx
import jwt
import structlog

from src.platform.errors import ServiceUnavailable, Unauthenticated

log = structlog.get_logger(__name__)

ALGORITHMS = ("RS256", "ES256", "EdDSA")
FETCH_TIMEOUT_S = 5.0
# Keys that the issuer withdrew are forgotten after this long at the latest.
MAX_AGE_S = 600.0
# An issuer that rotates is followed at once, but made-up key ids can't turn us into a flood: a few fetches may
# come together, then one in this many seconds.
BURST = 5
FETCH_EVERY_S = 30.0

KeyName = tuple[str | None, str]


class KeySet:
    """The keys behind a JWKS URL, by key id and algorithm."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[KeyName, jwt.PyJWK] = {}
        self._fetched_at = 0.0
        self._tried_at = 0.0
        self._allowance = float(BURST)
        self._allowed_at = time.monotonic()
        self._lock = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        """The key of that name; raises Unauthenticated for an unknown one, ServiceUnavailable when none is known."""
        asked_at = time.monotonic()
        key = self._known(kid, algorithm)
        if key is None:
            await self._renew(asked_at)
            key = self._known(kid, algorithm)
        elif asked_at - self._fetched_at > MAX_AGE_S and (self._renewal is None or self._renewal.done()):
            self._renewal = asyncio.create_task(self._renew(asked_at))
        if key is None:
            raise Unauthenticated if self._keys else ServiceUnavailable
        return key

    def _known(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        if kid is not None:
            return self._keys.get((kid, algorithm))
        # A token without a key id means the issuer's only key of that algorithm; of several, none.
        fitting = [key for (_, name), key in self._keys.items() if name == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    async def _renew(self, asked_at: float) -> None:
        async with self._lock:
            # Whoever held the lock before has tried since we asked: what came of it is our answer too.
            if self._tried_at >= asked_at or not self._may_fetch():
                return
            try:
                async with httpx.AsyncClient(timeout=FETCH_TIMEOUT_S) as client:
                    response = await client.get(self._url)
                keys = _usable(response.raise_for_status().json())
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, jwt.PyJWTError) as error:
                log.warning("jwks.fetch_failed", url=self._url, error=repr(error))
            else:
                self._keys, self._fetched_at = keys, time.monotonic()
            self._tried_at = time.monotonic()

    def _may_fetch(self) -> bool:
        now = time.monotonic()
        self._allowance = min(BURST, self._allowance + (now - self._allowed_at) / FETCH_EVERY_S)
        self._allowed_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True


def _usable(document: object) -> dict[KeyName, jwt.PyJWK]:
    if not isinstance(document, dict):
        raise TypeError("not a JSON object")
    known = {}
    for entry in document["keys"] if isinstance(document.get("keys"), list) else []:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(entry)
        except jwt.PyJWTError:
            continue  # A kind of key that we don't take; others may do.
        # Symmetric keys have no place in a public document: accepting one would let anybody sign.
        if key.algorithm_name in ALGORITHMS:
            known[key.key_id, key.algorithm_name] = key
    if not known:
        raise ValueError(f"no key for {', '.join(ALGORITHMS)}")
    return known
