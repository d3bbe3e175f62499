"""Idempotency-Key: one effect and one answer, kept with the effect, sealed, for whoever asked and nobody else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Request, delete, post, put

from src.platform.bodies import read_fields
from src.platform.database import Database, Transaction
from src.platform.edge import Answer, write
from src.platform.errors import Conflict
from src.platform.idempotency import forget_old_answers
from src.platform.settings import Settings
from tests.platform.probes import eventually, ids_in, scratch_table, serving

PATH = "/storefront/probe"
SECRET = "a token that is shown once"
NOBODY = 999
# Requests whose use case waits here hold their key.
GATE = asyncio.Event()
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"


class Wanted(msgspec.Struct):
    """A row of the scratch table, and whether to wait before it is added."""

    id: int
    parent: int | None = None
    wait: bool = False


async def add(request: Request[Any, Any, Any]) -> Any:
    wanted = await read_fields(request, Wanted)

    async def use_case(work: Transaction) -> Answer:
        if wanted.wait:
            await GATE.wait()
        found = await work.connection.execute("SELECT FROM probe WHERE id = %s", (wanted.id,))
        if found.rowcount:
            raise Conflict
        await work.connection.execute("INSERT INTO probe VALUES (%s, %s)", (wanted.id, wanted.parent))
        return Answer(201, {"id": wanted.id, "token": SECRET}, {"X-Made": str(wanted.id)})

    return await write(request, use_case, actor=request.headers.get("x-actor", "user:1"))


@post([PATH, "/storefront/other"])
async def by_post(request: Request[Any, Any, Any]) -> Any:
    return await add(request)


@put(PATH)
async def by_put(request: Request[Any, Any, Any]) -> Any:
    return await add(request)


@delete(PATH, status_code=200)
async def remove(request: Request[Any, Any, Any]) -> Any:
    async def use_case(work: Transaction) -> Answer:
        return Answer(200, (await work.connection.execute("DELETE FROM probe")).rowcount)

    return await write(request, use_case, actor="user:1")


@pytest.fixture
async def scratch(database: Database) -> AsyncIterator[Database]:
    GATE.clear()
    async with scratch_table(database) as ready:
        yield ready


@pytest.fixture
async def shop(scratch: Database, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving([by_post, by_put, remove], database=scratch, settings=settings) as client:
        yield client


def key(value: str = "k", **headers: str) -> dict[str, str]:
    return {"Idempotency-Key": value, **headers}


async def count(database: Database, statement: str) -> int:
    async with database.read() as connection:
        row = await (await connection.execute(statement.encode())).fetchone()
    return int(row[0]) if row else 0


async def test_replay_is_the_first_answer_and_no_second_effect(shop: httpx.AsyncClient, scratch: Database) -> None:
    first = await shop.post(PATH, json={"id": 1}, headers=key())
    assert (first.status_code, first.json()["token"], first.headers["x-made"]) == (201, SECRET, "1")
    assert (await shop.delete(PATH)).json() == 1
    for path in (PATH, f"{PATH}/"):
        again = await shop.post(path, json={"id": 1}, headers=key())
        assert (again.status_code, again.content, again.headers["x-made"]) == (201, first.content, "1")
        assert again.headers["content-type"] == first.headers["content-type"]
    assert await ids_in(scratch) == []


async def test_without_a_key_or_with_an_empty_one_every_request_counts(shop: httpx.AsyncClient) -> None:
    for headers in ({}, key("")):
        assert (await shop.post(PATH, json={"id": 1}, headers=headers)).status_code == 201
        assert (await shop.post(PATH, json={"id": 1}, headers=headers)).status_code == 409
        await shop.delete(PATH)


async def test_another_body_under_the_key_is_refused_every_time(shop: httpx.AsyncClient, scratch: Database) -> None:
    await shop.post(PATH, json={"id": 1}, headers=key())
    for _ in range(2):
        other = await shop.post(PATH, json={"id": 2}, headers=key())
        assert other.status_code == 422
        assert other.json() == {"success": False, "message": "This Idempotency-Key was used with another body"}
    assert await ids_in(scratch) == [1]
    assert (await shop.post(PATH, json={"id": 1}, headers=key())).status_code == 201


async def test_refusal_is_not_kept_and_binds_no_body(shop: httpx.AsyncClient, scratch: Database) -> None:
    await shop.post(PATH, json={"id": 1})
    for _ in range(2):
        assert (await shop.post(PATH, json={"id": 1}, headers=key())).status_code == 409
    assert (await shop.post(PATH, json={}, headers=key())).status_code == 400
    assert await count(scratch, "SELECT count(*) FROM idempotency_record") == 0
    assert (await shop.post(PATH, json={"id": 2}, headers=key())).status_code == 201


async def test_key_belongs_to_who_where_and_which_method(shop: httpx.AsyncClient, scratch: Database) -> None:
    assert (await shop.post(PATH, json={"id": 1}, headers=key())).status_code == 201
    assert (await shop.post(PATH, json={"id": 2}, headers=key(**{"X-Actor": "user:2"}))).status_code == 201
    assert (await shop.post("/storefront/other", json={"id": 3}, headers=key())).status_code == 201
    assert (await shop.post(PATH, json={"id": 4}, headers=key("K"))).status_code == 201
    for _ in range(2):  # a method that is idempotent by itself takes no notice of keys
        assert (await shop.delete(PATH, headers=key())).status_code == 200
        assert (await shop.put(PATH, json={"id": 5}, headers=key())).status_code == 201
    assert await ids_in(scratch) == [5]


async def test_twin_of_a_running_request_is_told_so(shop: httpx.AsyncClient, scratch: Database) -> None:
    running = asyncio.create_task(shop.post(PATH, json={"id": 1, "wait": True}, headers=key()))

    async def runs() -> bool:
        return await count(scratch, WAITING) > 0

    await eventually(runs)
    for body in ({"id": 1, "wait": True}, {"id": 2}):
        twin = await shop.post(PATH, json=body, headers=key())
        assert (twin.status_code, twin.json()["success"]) == (409, False)
    assert (await shop.post(PATH, json={"id": 3}, headers=key("other"))).status_code == 201
    GATE.set()
    first = await running
    assert first.status_code == 201
    assert (await shop.post(PATH, json={"id": 1, "wait": True}, headers=key())).content == first.content
    assert await ids_in(scratch) == [1, 3]


async def test_request_that_was_cut_off_gives_its_key_back(shop: httpx.AsyncClient, scratch: Database) -> None:
    running = asyncio.create_task(shop.post(PATH, json={"id": 1, "wait": True}, headers=key()))

    async def runs() -> bool:
        return await count(scratch, WAITING) > 0

    async def over() -> bool:
        return not await runs()

    await eventually(runs)
    running.cancel()
    await eventually(over)
    GATE.set()
    assert (await shop.post(PATH, json={"id": 2}, headers=key())).status_code == 201
    assert await ids_in(scratch) == [2]


async def test_many_twins_have_one_effect(shop: httpx.AsyncClient, scratch: Database) -> None:
    answers = await asyncio.gather(*(shop.post(PATH, json={"id": 1}, headers=key()) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert await ids_in(scratch) == [1]
    assert await count(scratch, "SELECT count(*) FROM idempotency_record") == 1


async def test_kept_answer_is_forgotten_after_its_time(
    shop: httpx.AsyncClient, scratch: Database, settings: Settings
) -> None:
    await shop.post(PATH, json={"id": 1}, headers=key())
    async with scratch.read() as connection:
        await connection.execute(
            "UPDATE idempotency_record SET created_at = now() - %s * interval '1s'", (settings.idempotency_ttl_s,)
        )
    assert (await shop.post(PATH, json={"id": 2}, headers=key())).json()["id"] == 2
    assert (await shop.post(PATH, json={"id": 2}, headers=key())).json()["id"] == 2
    assert (await shop.post(PATH, json={"id": 1}, headers=key())).status_code == 422
    assert await ids_in(scratch) == [1, 2]


async def test_kept_answer_can_not_be_read_from_the_database(shop: httpx.AsyncClient, scratch: Database) -> None:
    await shop.post(PATH, json={"id": 1}, headers=key("my-own-key"))
    async with scratch.read() as connection:
        rows = await (await connection.execute("SELECT * FROM idempotency_record")).fetchall()
    assert len(rows) == 1
    stored = b"".join(value for value in rows[0] if isinstance(value, bytes))
    for told in (SECRET, "token", "my-own-key", "user:1", PATH, '{"id":1}', "X-Made"):
        assert told.encode() not in stored


# Whatever the byte was, it is another one now.
TAMPER = "UPDATE idempotency_record SET answer = set_byte(answer, 20, get_byte(answer, 20) # 1)"


async def test_kept_answer_that_was_tampered_with_is_never_given(shop: httpx.AsyncClient, scratch: Database) -> None:
    await shop.post(PATH, json={"id": 1}, headers=key())
    async with scratch.read() as connection:
        await connection.execute(TAMPER)
    again = await shop.post(PATH, json={"id": 1}, headers=key())
    assert again.status_code == 422
    assert SECRET not in again.text


async def test_effect_that_can_not_be_committed_keeps_nothing(shop: httpx.AsyncClient, scratch: Database) -> None:
    for _ in range(2):
        refused = await shop.post(PATH, json={"id": 1, "parent": NOBODY}, headers=key())
        assert (refused.status_code, refused.json()["success"]) == (500, False)
    assert await count(scratch, "SELECT count(*) FROM idempotency_record") == 0
    assert (await shop.post(PATH, json={"id": 1, "parent": 1}, headers=key())).status_code == 201


@pytest.mark.parametrize("value", ["x" * 256, "ключ".encode(), "tab\tinside", "\x7f", "caf\xe9".encode("latin-1")])
async def test_unusable_key_is_refused_before_anything_happens(
    shop: httpx.AsyncClient, scratch: Database, value: str | bytes
) -> None:
    headers = [(b"idempotency-key", value if isinstance(value, bytes) else value.encode())]
    answer = await shop.post(PATH, json={"id": 1}, headers=headers)
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["errors"][0]["message"]
    assert await ids_in(scratch) == []


@pytest.mark.parametrize("value", ["x" * 255, ' a b;c"d~', "'; DROP TABLE probe; --"])
async def test_any_printable_key_will_do(shop: httpx.AsyncClient, value: str) -> None:
    assert (await shop.post(PATH, json={"id": 1}, headers=key(value))).status_code == 201
    assert (await shop.post(PATH, json={"id": 1}, headers=key(value))).status_code == 201


async def test_sweep_forgets_old_answers_only_and_a_few_at_a_time(database: Database) -> None:
    async with database.transaction() as work:
        await work.connection.execute(
            "INSERT INTO idempotency_record SELECT int8send(n), '', '', now() - n * interval '1s'"
            " FROM generate_series(0, 9) AS n"
        )
        assert await forget_old_answers(work.connection, 5, limit=3) == 3
        assert await forget_old_answers(work.connection, 5, limit=3) == 2
        assert await forget_old_answers(work.connection, 5, limit=3) == 0
    assert await count(database, "SELECT count(*) FROM idempotency_record") == 5
