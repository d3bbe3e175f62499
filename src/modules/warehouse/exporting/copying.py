"""COPY … TO STDOUT, many rows at a time: libpq hands them out one by one, and to wait for each is what takes long."""

import asyncio
from collections.abc import AsyncGenerator
from typing import NamedTuple

from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.generators import execute, fetch_many
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn
from psycopg.waiting import Ready, Wait

from src.platform.database import Connection

CHUNK_BYTES = 256 * 1024
# The server sends a few rows at a time. To let some more of them arrive, as many as fit into the buffers on the way,
# takes less time of both than to be woken for each few.
PAUSE_S = 0.001


class Chunk(NamedTuple):
    """Whole rows as COPY writes them, and how many they are."""

    rows: int
    content: bytes


async def copied(connection: Connection, statement: str) -> AsyncGenerator[Chunk]:
    """What the COPY `statement` writes; nobody else may use the connection meanwhile.

    It reads no further than it is asked to, so the server waits for whoever is slow.
    """
    await connection.wait(_begin(connection.pgconn, statement.encode()))
    ended = False
    while not ended:
        rows: list[bytes] = []
        size = 0
        while True:
            taken, ended = await connection.wait(_take(connection.pgconn, rows, CHUNK_BYTES - size))
            size += taken
            if ended or size >= CHUNK_BYTES:
                break
            await asyncio.sleep(PAUSE_S)
        if rows:
            yield Chunk(len(rows), b"".join(rows))


def _begin(pgconn: PGconn, statement: bytes) -> PQGen[None]:
    pgconn.send_query(statement)
    (result,) = yield from execute(pgconn)
    if result.status != ExecStatus.COPY_OUT:
        raise error_from_result(result)


def _take(pgconn: PGconn, rows: list[bytes], most: int) -> PQGen[tuple[int, bool]]:
    """Add what has arrived to `rows`, at least one; returns how many bytes that were, and whether it was the end."""
    size = 0
    looked = False
    while size < most:
        length, row = pgconn.get_copy_data(1)
        if length > 0:
            # A copy, because views of memory are what Python's garbage collector looks through, again and again.
            rows.append(bytes(row))
            size += length
            looked = False
        elif length < 0:
            for result in (yield from fetch_many(pgconn)):
                if result.status != ExecStatus.COMMAND_OK:
                    raise error_from_result(result)
            return size, True
        elif looked and size:
            break
        else:
            # To look costs less than to be told that there is something.
            while looked and (yield Wait.R) != Ready.R:
                pass
            pgconn.consume_input()
            looked = True
    return size, False
