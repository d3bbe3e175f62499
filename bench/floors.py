"""The floors: what a round trip to each store costs, done plainly and well under the same server."""

import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import psycopg
from litestar import Litestar, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import Redis

from bench.load import request

KEYS = 1_000
_POOL_SIZE = 10  # the service's default; 4 to 16 measured alike
_PAYLOAD = b'{"success":true,"data":{"count":20,"last_updated":"2026-01-01T00:00:00.000000Z"}}'
_CREATE = """
create schema if not exists bench;
create table if not exists bench.read_floor (id bigint primary key, version bigint not null);
create table if not exists bench.write_floor (
    id bigint generated always as identity primary key,
    user_id bigint not null,
    product_id bigint not null,
    created_at timestamptz not null default clock_timestamp()
);
truncate bench.read_floor, bench.write_floor;
insert into bench.read_floor select key, 1 from generate_series(1, %s) as key;
"""
# The first rows of a resource of the warehouse, with the same fields.
_PAGES = {
    "favourite": """
        select json_agg(shown)::text from (
            select user_id as "user", id, product_id as product, created_date, modified_date
            from favourite order by id limit 100) as shown""",
    "basket_item": """
        select json_agg(shown)::text from (
            select id, basket_id as basket, product_id as product, created_date, modified_date, version, reference,
                quantity, attributes, attributes_kwargs, localized_attributes, localized_attributes_kwargs,
                currency_type, unit_price::text, tax_rate::text, image, extra_product_price, extra_product_stock,
                parent_id as parent, datasource
            from basket_item order by id limit 100) as shown""",
}
_READ = "select version from bench.read_floor where id = %s"
_WRITE = "insert into bench.write_floor (user_id, product_id) values (%s, %s) returning id"


@get("/read/{key:int}")
async def read(key: FromPath[int], state: State) -> Response[bytes]:
    """The read floor: one SELECT by key and one GET, the bytes out."""
    async with state.pool.connection() as connection:
        cursor = await connection.execute(_READ, (key,))
        await cursor.fetchone()
    return Response(await state.redis.get(f"bench:floor:{key}"), media_type="application/json")


@get("/page/{table:str}")
async def page(table: FromPath[str], state: State) -> Response[bytes]:
    """The floor of a page: one SELECT that makes the JSON of its rows, the bytes out."""
    async with state.pool.connection() as connection:
        cursor = await connection.execute(_PAGES[table])
        row = await cursor.fetchone()
    return Response(row[0].encode(), media_type="application/json")


@post("/write/{user:int}/{product:int}", status_code=200)
async def write(user: FromPath[int], product: FromPath[int], state: State) -> Response[bytes]:
    """The write floor: one INSERT, committed."""
    async with state.pool.connection() as connection:
        cursor = await connection.execute(_WRITE, (user, product))
        row = await cursor.fetchone()
    return Response(b'{"id":%d}' % row[0], media_type="application/json")


@get("/health/ready")
async def ready() -> None:
    """Answers when the pool is up."""


@asynccontextmanager
async def _stores(app: Litestar) -> AsyncIterator[None]:
    pool = AsyncConnectionPool(
        os.environ["DATABASE_URL"],
        min_size=_POOL_SIZE,
        max_size=_POOL_SIZE,
        open=False,
        kwargs={"autocommit": True},
    )
    redis = Redis.from_url(os.environ["REDIS_URL"])
    await pool.open(wait=True)
    app.state.pool, app.state.redis = pool, redis
    try:
        yield
    finally:
        await redis.aclose()
        await pool.close()


def create_app() -> Litestar:
    """The floor handlers as an application; reads DATABASE_URL and REDIS_URL."""
    return Litestar([read, page, write, ready], lifespan=[_stores], openapi_config=None)


async def prepare(database_url: str, redis_url: str) -> None:
    """Makes the tables and keys that the floor handlers use."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for statement in _CREATE.split(";\n")[:-1]:
            await connection.execute(statement.replace("%s", str(KEYS)).encode())
        await connection.execute("vacuum analyze bench.read_floor")
    async with Redis.from_url(redis_url) as redis:
        await redis.mset({f"bench:floor:{key}": _PAYLOAD for key in range(1, KEYS + 1)})


def read_requests(randomness: random.Random) -> Iterator[bytes]:
    """Endless reads of random keys."""
    payloads = [request("GET", f"/read/{key}") for key in range(1, KEYS + 1)]
    while True:
        yield randomness.choice(payloads)


def write_requests(randomness: random.Random) -> Iterator[bytes]:
    """Endless inserts of random pairs."""
    while True:
        yield request("POST", f"/write/{randomness.randrange(20_000)}/{randomness.randrange(20_000)}")
