"""The users behind JWTs: one for each issuer and subject, with the scopes of the token in hand."""

import asyncio
import base64
import json
from typing import Any

import httpx
import jwt
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from src.modules.identity.rules import subject_digest
from src.platform.database import Database
from src.platform.settings import Settings
from tests.modules.identity.issuers import signed_with_secret
from tests.modules.identity.probes import PROBE, Serve, count_users, probe, secret_of


async def test_scopes_are_those_of_the_token_in_hand(shop: httpx.AsyncClient, settings: Settings) -> None:
    plain = signed_with_secret(secret_of(settings))
    operator = signed_with_secret(secret_of(settings), scope="openid ops")
    for _ in range(2):  # one token does not change what the other may do
        assert (await probe(shop, plain, scope="ops")).status_code == 403
        assert (await probe(shop, operator, scope="ops")).status_code == 200
        assert (await probe(shop, operator)).status_code == 403
        assert (await probe(shop, plain)).status_code == 200
    assert (await probe(shop, plain)).json()["id"] == (await probe(shop, operator, scope="ops")).json()["id"]


async def test_subjects_of_two_issuers_are_two_users(shop: httpx.AsyncClient, settings: Settings) -> None:
    ids = {
        (await probe(shop, signed_with_secret(secret_of(settings), iss=issuer))).json()["id"]
        for issuer in (None, "a", "b")
    }
    assert len(ids) == 3


async def test_first_sight_of_a_subject_by_many_makes_one_user(
    serve: Serve, settings: Settings, database: Database
) -> None:
    processes = [await serve() for _ in range(3)]
    token = signed_with_secret(secret_of(settings), email="a@example.com", email_verified=True)
    responses = await asyncio.gather(*(probe(client, token) for client in processes for _ in range(8)))
    assert {response.status_code for response in responses} == {200}
    assert len({response.json()["id"] for response in responses}) == 1
    assert await count_users(database) == 1


async def test_verified_address_is_taken_only_while_it_is_free(
    serve: Serve, settings: Settings, database: Database
) -> None:
    tokens = [
        signed_with_secret(secret_of(settings), sub=f"s{number}", email="A@Example.com", email_verified=True)
        for number in range(6)
    ]
    clients = [await serve() for _ in tokens]
    responses = await asyncio.gather(*(probe(client, token) for client, token in zip(clients, tokens, strict=True)))
    assert sorted(response.json()["email"] for response in responses) == ["", "", "", "", "", "A@Example.com"]
    assert await count_users(database) == 6


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "a@example.com"},
        {"email": "a@example.com", "email_verified": False},
        {"email": "a@example.com", "email_verified": "true"},
        {"email": "a@example.com\0", "email_verified": True},
        {"email": ["a@example.com"], "email_verified": True},
    ],
)
async def test_address_that_is_not_verified_is_not_taken(
    shop: httpx.AsyncClient, settings: Settings, claims: dict[str, Any]
) -> None:
    assert (await probe(shop, signed_with_secret(secret_of(settings), **claims))).json()["email"] == ""


async def test_inactive_user_is_refused_at_once_and_not_made_anew(
    shop: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    token = signed_with_secret(secret_of(settings))
    assert (await probe(shop, token)).status_code == 200
    async with database.read() as connection:
        await connection.execute("UPDATE users SET is_active = false")
    assert {(await probe(shop, token)).status_code for _ in range(3)} == {401}
    assert await count_users(database) == 1


async def test_subject_whose_user_was_deleted_is_met_anew(
    shop: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    token = signed_with_secret(secret_of(settings))
    assert (await probe(shop, token)).status_code == 200
    async with database.read() as connection:
        await connection.execute("DELETE FROM users")
    assert (await probe(shop, token)).status_code == 401
    assert (await probe(shop, token)).status_code == 200


async def test_name_of_a_subject_is_no_credential(
    shop: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    assert (await probe(shop, signed_with_secret(secret_of(settings)))).status_code == 200
    known = subject_digest("", "shopper-1", ("storefront",))
    async with database.read() as connection:
        row = await (await connection.execute("SELECT digest FROM credential")).fetchone()
    assert row
    assert row[0] == known
    for forged in (known.hex(), base64.b64encode(known).decode(), '["","shopper-1",["storefront"]]', "shopper-1"):
        assert (await probe(shop, forged)).status_code == 401
        assert (await shop.get(PROBE, headers={"Cookie": f"osessionid={forged}"})).status_code == 401


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["sub", "iss", "exp", "nbf", "aud", "scope", "scopes", "email"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=5,
        ),
    )
)
async def test_any_signed_claims_are_answered(
    shop: httpx.AsyncClient, settings: Settings, claims: dict[str, Any]
) -> None:
    token = jwt.api_jws.encode(json.dumps(claims).encode(), secret_of(settings), algorithm="HS256")
    assert (await probe(shop, token)).status_code in (200, 401, 403)
