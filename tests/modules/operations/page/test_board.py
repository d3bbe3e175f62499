"""What keeps pages live: readers get all parts at first, then what changed, and end when they must."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from litestar import Litestar

from src.modules.identity import Presented
from src.modules.operations.page import Board
from src.modules.operations.page.board import MOST, event
from src.platform.database import Database
from src.platform.errors import ServiceUnavailable
from src.platform.security import digest
from tests.factories import Client, Factory

PARTS = ("status", "vitals", "queues", "deliveries", "processes", "letters", "time")


@pytest.fixture
async def board(app: Litestar, database: Database) -> AsyncIterator[Board]:
    opened = Board(app.state.overviews, app.state.identity)
    yield opened
    await opened.close()


@pytest.fixture
async def operator(factory: Factory) -> Client:
    return await factory.shopper("ops")


def presented(operator: Client) -> Presented:
    return Presented(digest(operator.token))


async def test_readers_get_every_part_at_first_and_later_only_what_changed(board: Board, operator: Client) -> None:
    first = board.join(presented(operator))
    at_first = (await first.take()).decode()
    assert [part for part in PARTS if f"event: {part}\n" in at_first] == [*PARTS]
    second = board.join(presented(operator))
    assert (await second.take()).decode().count("event: ") >= len(PARTS) - 1
    board.hurry()
    later = (await first.take()).decode()
    assert "event: time\n" in later
    assert "event: deliveries\n" not in later


async def test_who_was_parted_from_ends_and_nobody_comes_in_anew(board: Board, operator: Client) -> None:
    reader = board.join(presented(operator))
    await reader.take()
    waiting = asyncio.ensure_future(reader.take())
    board.part()
    assert await waiting == b""
    with pytest.raises(ServiceUnavailable):
        board.join(presented(operator))


async def test_a_reader_whose_credential_is_gone_is_signed_out(
    board: Board, operator: Client, factory: Factory
) -> None:
    await factory.execute("DELETE FROM credential")
    reader = board.join(presented(operator))
    told = b""
    while not reader.is_closed:
        told += await reader.take()
    assert b"event: signed-out\n" in told + await reader.take()


async def test_no_more_readers_come_in_than_a_process_bears(board: Board, operator: Client) -> None:
    readers = [board.join(presented(operator)) for _ in range(MOST)]
    with pytest.raises(ServiceUnavailable):
        board.join(presented(operator))
    board.leave(readers[0])
    board.join(presented(operator))


def test_lines_of_data_can_not_become_fields_of_an_event() -> None:
    assert event("a", "one\r\nevent: b\n\rdata: c") == b"event: a\ndata: one\ndata: event: b\ndata: \ndata: data: c\n\n"
    assert event("a", "") == b"event: a\ndata: \n\n"
