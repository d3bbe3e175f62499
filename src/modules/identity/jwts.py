"""JSON Web Tokens: who signed, for whom, until when. How they are verified is a setting, never the token's choice."""

import math
from typing import Any

import jwt
import msgspec

from src.modules.identity.dtos import Email
from src.modules.identity.key_set import ALGORITHMS, KeySet
from src.modules.identity.rules import claimed_scopes, subject_digest
from src.platform.errors import Unauthenticated
from src.platform.settings import Settings

# OpenID Connect Core, 2: a subject has at most 255 characters; an issuer is a URL.
MAX_NAME_LENGTH = 255


class Claims(msgspec.Struct, frozen=True):
    """What a verified JWT says; `email` only when the issuer has verified it."""

    digest: bytes
    issuer: str
    subject: str
    scopes: tuple[str, ...]
    email: str
    expires_at: float


class JwtVerifier:
    """Verifies JWTs against the shared secret (HS256) or the issuer's published keys (RS256, ES256, EdDSA)."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.jwt_secret
        self._keys = KeySet(settings.jwt_jwks_url) if settings.jwt_jwks_url else None
        self._algorithms = ("HS256",) if settings.jwt_secret else ALGORITHMS
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience

    @property
    def configured(self) -> bool:
        """Whether there is anything to verify a JWT with."""
        return bool(self._secret or self._keys)

    async def verify(self, token: str) -> Claims:
        """The claims of a valid token; raises Unauthenticated, or ServiceUnavailable while no key can be had."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in self._algorithms:
                raise Unauthenticated
            claims = jwt.decode(
                token,
                await self._key(header),
                algorithms=self._algorithms,
                issuer=self._issuer,
                audience=self._audience,
                options={
                    "require": ["sub"],
                    "verify_aud": self._audience is not None,
                    # An issue date ahead of our clock harms nobody; `nbf` is there to say "not yet".
                    "verify_iat": False,
                    "enforce_minimum_key_length": True,
                },
            )
        except jwt.PyJWTError as error:
            raise Unauthenticated from error
        return _read(claims)

    async def _key(self, header: dict[str, Any]) -> str | jwt.PyJWK:
        if self._secret:
            return self._secret
        if self._keys is None:
            raise Unauthenticated
        return await self._keys.find(header.get("kid"), header["alg"])


def _read(claims: dict[str, Any]) -> Claims:
    issuer, subject = claims.get("iss", ""), claims["sub"]
    if not subject or not _is_name(issuer) or not _is_name(subject):
        raise Unauthenticated
    scopes = claimed_scopes(claims)
    return Claims(
        digest=subject_digest(issuer, subject, scopes),
        issuer=issuer,
        subject=subject,
        scopes=scopes,
        # An address that nobody has verified would let its bearer take over what is issued for that address.
        email=_address(claims.get("email")) if claims.get("email_verified") is True else "",
        expires_at=int(claims["exp"]) if "exp" in claims else math.inf,
    )


def _address(value: object) -> str:
    try:
        return msgspec.convert(value, Email)
    except msgspec.ValidationError:
        return ""


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_NAME_LENGTH and value.isprintable()
