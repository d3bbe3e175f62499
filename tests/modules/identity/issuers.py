"""Issuers of JWTs: keys of each kind that we take, tokens signed with them, and a real server that publishes them."""

import functools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ALGORITHMS = ("RS256", "ES256", "EdDSA")
JWK: dict[str, Any] = {"RS256": RSAAlgorithm.to_jwk, "ES256": ECAlgorithm.to_jwk, "EdDSA": OKPAlgorithm.to_jwk}


class Signer:
    """A private key of an issuer."""

    def __init__(self, algorithm: str, kid: str) -> None:
        self.algorithm = algorithm
        self.kid = kid
        self.key: Any = {
            "RS256": lambda: rsa.generate_private_key(65537, 2048),
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
        }[algorithm]()

    def published(self, **changed: Any) -> dict[str, Any]:
        """The public key as a member of a JWKS."""
        jwk: dict[str, Any] = dict(JWK[self.algorithm](self.key.public_key(), as_dict=True))
        return {**jwk, "kid": self.kid, "alg": self.algorithm, "use": "sig", **changed}

    def public_pem(self) -> bytes:
        """The public key as text."""
        pem: bytes = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem

    def sign(self, **claims: Any) -> str:
        """A token that is valid unless `claims` say otherwise; a claim of None is left out."""
        return signed(claims, self.key, self.algorithm, kid=self.kid)


@functools.cache
def signer(algorithm: str, kid: str = "first") -> Signer:
    """The signer of that name, made once per run."""
    return Signer(algorithm, kid)


def valid(claims: dict[str, Any]) -> dict[str, Any]:
    """`claims` with a subject and an hour to live, unless they say otherwise."""
    return {k: v for k, v in {"sub": "shopper-1", "exp": time.time() + 3600, **claims}.items() if v is not None}


def signed_with_secret(secret: str, algorithm: str = "HS256", **claims: Any) -> str:
    """A token that is valid for `secret` unless `claims` say otherwise."""
    return signed(claims, secret, algorithm)


def signed(claims: dict[str, Any], key: Any, algorithm: str, **headers: Any) -> str:
    """A JWS of any claims: `jwt.encode` would not sign those that make no sense."""
    return jwt.api_jws.encode(json.dumps(valid(claims)).encode(), key, algorithm=algorithm, headers=headers)


class JwksServer:
    """A key server on loopback that counts its requests and can be made to fail."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.status = 200
        self.body: bytes | None = None
        self.requests = 0
        published = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                published.requests += 1
                content = json.dumps({"keys": published.keys}).encode() if published.body is None else published.body
                self.send_response(published.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/keys"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        """Be away from now on."""
        self._server.shutdown()
        self._server.server_close()
