"""Tokens and sessions below HTTP: concurrency, validation, clean-up."""

import asyncio

import pytest

from src.modules.identity import delete_expired_credentials, end_session, issue_token, services, start_session
from src.modules.identity.errors import UserInactive
from src.modules.identity.rules import session_digest
from src.platform.database import Database
from src.platform.errors import Invalid
from src.platform.security import digest


async def rows_of(database: Database, statement: str) -> list[tuple[object, ...]]:
    async with database.read() as connection:
        return await (await connection.execute(statement.encode())).fetchall()


async def test_one_address_is_one_user_however_it_is_written(database: Database) -> None:
    tokens = await asyncio.gather(
        *(
            issue_token(database, email=email, scopes=["storefront"])
            for email in ("Ayşe@example.com".replace("ş", "s"), "ayse@example.com", "AYSE@EXAMPLE.COM") * 3
        )
    )
    assert len(set(tokens)) == 9
    assert await rows_of(database, "SELECT count(*), count(DISTINCT user_id) FROM credential") == [(9, 1)]
    assert await rows_of(database, "SELECT email = username, lower(email) FROM users") == [(True, "ayse@example.com")]


@pytest.mark.parametrize(
    ("email", "scopes", "field"),
    [
        ("nobody", ["storefront"], "email"),
        ("", ["storefront"], "email"),
        ("a@example.com\n", ["storefront"], "email"),
        ("a@-example.com", ["storefront"], "email"),
        ("a@example.com", [], "scopes"),
        ("a@example.com", ["root"], "scopes"),
    ],
)
async def test_token_for_what_makes_no_sense_is_refused(
    database: Database, email: str, scopes: list[str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await issue_token(database, email=email, scopes=scopes)
    assert list(refused.value.fields) == [field]
    assert await rows_of(database, "SELECT id FROM users") == []


@pytest.mark.parametrize("email", ["ops@localhost", "a.b+c'd@mail.example.co.uk", "x_1@xn--bcher-kva.example"])
async def test_usual_addresses_are_taken(database: Database, email: str) -> None:
    token = await issue_token(database, email=email, scopes=["ops"], expires_in_s=60)
    assert await rows_of(
        database,
        "SELECT email, scopes, expires_at BETWEEN now() AND now() + interval '60s' FROM credential"
        " JOIN users ON users.id = user_id",
    ) == [(email, ["ops"], True)]
    assert await rows_of(database, "SELECT digest FROM credential") == [(digest(token),)]


async def test_inactive_user_gets_no_token(database: Database) -> None:
    await issue_token(database, email="a@example.com", scopes=["storefront"])
    async with database.read() as connection:
        await connection.execute("UPDATE users SET is_active = false")
    with pytest.raises(UserInactive):
        await issue_token(database, email="a@example.com", scopes=["storefront"])


async def test_session_ids_are_words_and_kept_as_digests(database: Database) -> None:
    await issue_token(database, email="a@example.com", scopes=["storefront"])
    [(user_id,)] = await rows_of(database, "SELECT id FROM users")
    assert isinstance(user_id, int)
    async with database.transaction() as work:
        session_id, expires_at = await start_session(work.connection, user_id=user_id, scopes=["storefront"], ttl_s=60)
    assert session_id.isascii()
    assert session_id.isalnum()
    found = await rows_of(database, "SELECT digest, scopes, expires_at FROM credential WHERE kind = 'session'")
    assert found == [(session_digest(session_id), ["storefront"], expires_at)]
    async with database.transaction() as work:
        await end_session(work.connection, session_id=session_id, user_id=user_id + 1)
    assert len(await rows_of(database, "SELECT digest FROM credential WHERE kind = 'session'")) == 1
    async with database.transaction() as work:
        await end_session(work.connection, session_id=session_id, user_id=user_id)
    assert await rows_of(database, "SELECT digest FROM credential WHERE kind = 'session'") == []


async def test_sweep_deletes_what_expired_and_nothing_else(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SWEEP_SIZE", 3)
    for number in range(8):
        await issue_token(database, email="a@example.com", scopes=["storefront"], expires_in_s=60 + number)
    await issue_token(database, email="b@example.com", scopes=["storefront"], expires_in_s=3600)
    await issue_token(database, email="c@example.com", scopes=["storefront"])
    async with database.read() as connection:
        await connection.execute("UPDATE credential SET expires_at = expires_at - interval '10min'")
    assert await delete_expired_credentials(database) == 8
    assert await delete_expired_credentials(database) == 0
    assert await rows_of(database, "SELECT email FROM credential JOIN users ON users.id = user_id ORDER BY email") == [
        ("b@example.com",),
        ("c@example.com",),
    ]
    assert await rows_of(database, "SELECT count(*) FROM users") == [(3,)]  # users stay
