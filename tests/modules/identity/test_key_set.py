"""An issuer's keys: fetched once, followed when they change, and never from what a stranger makes up."""

import asyncio

import jwt
import pytest

from src.modules.identity import key_set
from src.modules.identity.key_set import KeySet
from src.platform.errors import ServiceUnavailable, Unauthenticated
from tests.modules.identity.issuers import ALGORITHMS, JwksServer, signer
from tests.modules.identity.probes import eventually


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_key_is_fetched_once_for_many_tokens(jwks: JwksServer, algorithm: str) -> None:
    jwks.keys = [signer(algorithm).published()]
    keys = KeySet(jwks.url)
    for _ in range(10):
        assert (await keys.find("first", algorithm)).algorithm_name == algorithm
    assert jwks.requests == 1


async def test_concurrent_requests_share_the_first_fetch(jwks: JwksServer) -> None:
    jwks.keys = [signer("ES256").published()]
    keys = KeySet(jwks.url)
    await asyncio.gather(*(keys.find("first", "ES256") for _ in range(50)))
    assert jwks.requests == 1


async def test_rotated_key_is_known_at_once_and_the_old_one_forgotten(jwks: JwksServer) -> None:
    jwks.keys = [signer("ES256").published()]
    keys = KeySet(jwks.url)
    await keys.find("first", "ES256")
    jwks.keys = [signer("ES256", "second").published()]
    assert (await keys.find("second", "ES256")).key_id == "second"
    with pytest.raises(Unauthenticated):
        await keys.find("first", "ES256")


async def test_unknown_key_ids_can_not_make_a_flood(jwks: JwksServer) -> None:
    jwks.keys = [signer("ES256").published()]
    keys = KeySet(jwks.url)
    for number in range(100):
        with pytest.raises(Unauthenticated):
            await keys.find(f"made up {number}", "ES256")
    assert jwks.requests == key_set.BURST
    assert (await keys.find("first", "ES256")).key_id == "first"


async def test_old_keys_are_renewed_beside_the_requests(jwks: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    jwks.keys = [signer("ES256").published()]
    keys = KeySet(jwks.url)
    await keys.find("first", "ES256")
    jwks.keys = [signer("ES256", "second").published()]
    monkeypatch.setattr(key_set, "MAX_AGE_S", 0.0)
    assert (await keys.find("first", "ES256")).key_id == "first"

    async def forgotten() -> bool:
        try:
            await keys.find("first", "ES256")
        except Unauthenticated:
            return True
        return False

    await eventually(forgotten)


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b""), (404, b"{}"), (200, b"not json"), (200, b"[]"), (200, b'{"keys": 3}'), (200, b"\xff")],
)
async def test_unusable_answer_is_unavailable_while_no_key_is_known(jwks: JwksServer, status: int, body: bytes) -> None:
    jwks.status, jwks.body = status, body
    with pytest.raises(ServiceUnavailable):
        await KeySet(jwks.url).find("first", "ES256")


async def test_issuer_that_is_away_is_unavailable_while_no_key_is_known(jwks: JwksServer) -> None:
    jwks.stop()
    keys = KeySet(jwks.url)
    for _ in range(key_set.BURST + 2):
        with pytest.raises(ServiceUnavailable):
            await keys.find("first", "ES256")


async def test_issuer_that_comes_back_is_asked_again(jwks: JwksServer) -> None:
    jwks.status = 503
    keys = KeySet(jwks.url)
    with pytest.raises(ServiceUnavailable):
        await keys.find("first", "ES256")
    jwks.status, jwks.keys = 200, [signer("ES256").published()]
    assert (await keys.find("first", "ES256")).key_id == "first"


async def test_known_keys_outlive_an_issuer_that_fails(jwks: JwksServer) -> None:
    jwks.keys = [signer("ES256").published()]
    keys = KeySet(jwks.url)
    await keys.find("first", "ES256")
    jwks.status = 500
    with pytest.raises(Unauthenticated):
        await keys.find("second", "ES256")
    assert (await keys.find("first", "ES256")).key_id == "first"


async def test_keys_that_we_do_not_take_are_passed_over(jwks: JwksServer) -> None:
    secret = {"kty": "oct", "kid": "oct", "alg": "HS256", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA"}
    jwks.keys = [
        secret,
        signer("RS256").published(kid="rs512", alg="RS512"),
        signer("RS256").published(kid="enc", use="enc"),
        {"kty": "strange"},
        "no key at all",
        signer("ES256").published(),
    ]
    keys = KeySet(jwks.url)
    assert (await keys.find("first", "ES256")).key_id == "first"
    for kid, algorithm in (
        ("oct", "HS256"),
        ("rs512", "RS512"),
        ("rs512", "RS256"),
        ("enc", "RS256"),
        ("first", "RS256"),
    ):
        with pytest.raises(Unauthenticated):
            await keys.find(kid, algorithm)


async def test_document_of_secrets_only_gives_no_key(jwks: JwksServer) -> None:
    jwks.keys = [{"kty": "oct", "kid": "first", "alg": "HS256", "k": "c2VjcmV0"}]
    with pytest.raises(ServiceUnavailable):
        await KeySet(jwks.url).find("first", "HS256")


async def test_token_without_key_id_means_the_only_key_of_its_algorithm(jwks: JwksServer) -> None:
    jwks.keys = [signer("ES256").published(), signer("RS256").published()]
    keys = KeySet(jwks.url)
    found: jwt.PyJWK = await keys.find(None, "RS256")
    assert found.algorithm_name == "RS256"
    jwks.keys = [signer("ES256").published(), signer("ES256", "second").published()]
    with pytest.raises(Unauthenticated):
        await KeySet(jwks.url).find(None, "ES256")
