"""JWTs at the door: whose signature and which claims let in."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from src.platform.database import Database
from src.platform.settings import Settings
from tests.modules.identity.issuers import ALGORITHMS, JwksServer, signed_with_secret, signer
from tests.modules.identity.probes import Serve, count_users, eventually, probe, secret_of

OTHER_SECRET = "another secret, which is long enough too"


async def test_shared_secret_lets_in_and_makes_one_user(
    shop: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    first = await probe(shop, signed_with_secret(secret_of(settings)))
    again = await probe(shop, signed_with_secret(secret_of(settings), jti="another token of the same subject"))
    assert first.status_code == 200
    assert first.json() == again.json()
    assert first.json()["scopes"] == ["storefront"]
    assert await count_users(database) == 1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_published_key_lets_in(published: httpx.AsyncClient, jwks: JwksServer, algorithm: str) -> None:
    for number in range(3):
        response = await probe(published, signer(algorithm).sign(sub=f"{algorithm} {number}"))
        assert response.status_code == 200
    assert jwks.requests == 1


async def test_rotated_key_lets_in(published: httpx.AsyncClient, jwks: JwksServer) -> None:
    assert (await probe(published, signer("ES256").sign())).status_code == 200
    jwks.keys = [signer("ES256", "second").published()]
    assert (await probe(published, signer("ES256", "second").sign())).status_code == 200


async def test_issuer_without_keys_is_unavailable(published: httpx.AsyncClient, jwks: JwksServer) -> None:
    jwks.keys = []
    response = await probe(published, signer("ES256").sign())
    assert response.status_code == 503
    assert "retry-after" in response.headers


def _forged_header(token: str, **changed: Any) -> str:
    header, _, rest = token.partition(".")
    told = {**json.loads(base64.urlsafe_b64decode(header + "==")), **changed}
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode() + "." + rest


def _unsigned(**claims: Any) -> str:
    return jwt.encode({"sub": "shopper-1", **claims}, "", algorithm="none")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(_unsigned(), id="unsigned"),
        pytest.param(_unsigned() + "AAAA", id="unsigned with a signature"),
        pytest.param(_forged_header(_unsigned(), alg="NONE"), id="NONE"),
        pytest.param(_forged_header(_unsigned(), alg=None), id="no algorithm"),
        pytest.param(_forged_header(_unsigned(), alg=["HS256"]), id="list of algorithms"),
        pytest.param(signed_with_secret(OTHER_SECRET), id="another secret"),
        pytest.param(signer("RS256").sign(), id="RS256 where a secret is shared"),
        pytest.param("a.b.c", id="no JWT"),
        pytest.param("..", id="empty parts"),
        pytest.param("e30.e30.", id="empty objects"),
    ],
)
async def test_signature_of_anybody_else_is_refused(shop: httpx.AsyncClient, database: Database, token: str) -> None:
    response = await probe(shop, token)
    assert response.status_code == 401
    assert response.headers["www-authenticate"]
    assert response.json() == {"success": False, "message": "Authentication required"}
    assert await count_users(database) == 0


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
async def test_other_algorithm_with_the_right_secret_is_refused(
    serve: Serve, algorithm: str, settings: Settings
) -> None:
    secret = secret_of(settings) * 2
    shop = await serve(jwt_secret=secret)
    assert (await probe(shop, signed_with_secret(secret))).status_code == 200
    assert (await probe(shop, signed_with_secret(secret, algorithm))).status_code == 401


def _hmac_token(key: bytes, kid: str) -> str:
    """A token that takes a public key for a shared secret, which PyJWT would not sign."""

    def part(content: bytes) -> bytes:
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    header = part(json.dumps({"alg": "HS256", "typ": "JWT", "kid": kid}).encode())
    signed = header + b"." + part(json.dumps({"sub": "shopper-1", "exp": time.time() + 60}).encode())
    return (signed + b"." + part(hmac.new(key, signed, hashlib.sha256).digest())).decode()


async def test_public_key_is_no_shared_secret(published: httpx.AsyncClient) -> None:
    assert (await probe(published, signer("RS256").sign())).status_code == 200  # the keys are known
    for key in (signer("RS256").public_pem(), signer("RS256").public_pem().strip(), b""):
        assert (await probe(published, _hmac_token(key, "first"))).status_code == 401


async def test_key_of_one_algorithm_does_not_serve_another(published: httpx.AsyncClient) -> None:
    token = signer("RS256").sign()
    for algorithm in ("ES256", "EdDSA", "RS384", "PS256", "HS256"):
        assert (await probe(published, _forged_header(token, alg=algorithm))).status_code == 401


async def test_foreign_key_under_a_known_name_is_refused(published: httpx.AsyncClient) -> None:
    stranger = signer("ES256", "stranger")
    claims = {"sub": "shopper-1", "exp": time.time() + 60}
    token = jwt.encode(claims, stranger.key, algorithm="ES256", headers={"kid": "first"})
    assert (await probe(published, token)).status_code == 401


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(signature=st.binary(max_size=600) | st.binary(min_size=64, max_size=64) | st.just(bytes(256)))
async def test_any_other_signature_is_refused(published: httpx.AsyncClient, algorithm: str, signature: bytes) -> None:
    unsigned = signer(algorithm).sign().rpartition(".")[0]
    told = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    assert (await probe(published, f"{unsigned}.{told}")).status_code == 401


async def test_key_in_the_token_itself_is_no_key(published: httpx.AsyncClient, jwks: JwksServer) -> None:
    stranger = signer("ES256", "stranger")
    headers = {"kid": "stranger", "jwk": stranger.published(), "jku": jwks.url}
    token = jwt.encode({"sub": "shopper-1"}, stranger.key, algorithm="ES256", headers=headers)
    assert (await probe(published, token)).status_code == 401


NOW = time.time()


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"exp": NOW - 5}, 401),
        ({"exp": "tomorrow"}, 401),
        ({"exp": float("inf")}, 401),
        ({"exp": [1]}, 401),
        ({"exp": None}, 200),
        ({"exp": 10**30}, 200),
        ({"nbf": NOW + 3600}, 401),
        ({"nbf": "x"}, 401),
        ({"nbf": NOW - 60}, 200),
        ({"iat": NOW + 3600}, 200),
        ({"sub": None}, 401),
        ({"sub": ""}, 401),
        ({"sub": 17}, 401),
        ({"sub": ["a"]}, 401),
        ({"sub": "a\0b"}, 401),
        ({"sub": "\ud800"}, 401),
        ({"sub": "a" * 256}, 401),
        ({"sub": "a" * 255}, 200),
        ({"sub": "müşteri-7"}, 200),
        ({"iss": 7}, 401),
        ({"iss": "https://login.example/\0"}, 401),
        ({"iss": "https://login.example/"}, 200),
        ({"aud": "anybody"}, 200),
    ],
)
async def test_claims_decide(shop: httpx.AsyncClient, settings: Settings, claims: dict[str, Any], status: int) -> None:
    assert (await probe(shop, signed_with_secret(secret_of(settings), **claims))).status_code == status


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"iss": "us", "aud": "shop"}, 200),
        ({"iss": "us", "aud": ["other", "shop"]}, 200),
        ({"iss": "them", "aud": "shop"}, 401),
        ({"iss": None, "aud": "shop"}, 401),
        ({"iss": ["us"], "aud": "shop"}, 401),
        ({"iss": "us", "aud": "other"}, 401),
        ({"iss": "us", "aud": None}, 401),
        ({"iss": "us", "aud": {"shop": 1}}, 401),
        ({"iss": "us", "aud": ""}, 401),
    ],
)
async def test_issuer_and_audience_are_checked_when_configured(
    serve: Serve, settings: Settings, claims: dict[str, Any], status: int
) -> None:
    client = await serve(jwt_issuer="us", jwt_audience="shop")
    assert (await probe(client, signed_with_secret(secret_of(settings), **claims))).status_code == status


async def test_token_that_was_let_in_is_refused_after_its_time(shop: httpx.AsyncClient, settings: Settings) -> None:
    token = signed_with_secret(secret_of(settings), exp=time.time() + 4)
    assert (await probe(shop, token)).status_code == 200

    async def refused() -> bool:
        return (await probe(shop, token)).status_code == 401

    await eventually(refused)


async def test_jwt_is_an_unknown_token_where_none_is_configured(serve: Serve, settings: Settings) -> None:
    client = await serve(jwt_secret=None)
    assert (await probe(client, signed_with_secret(secret_of(settings)))).status_code == 401
