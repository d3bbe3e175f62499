"""`wishkeep import-feed`: from files and addresses, with what was wrong in them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from src.commands.errors import CommandFailed
from src.commands.feed import import_from, told
from src.platform.database import Database
from src.platform.settings import Settings

FEED = (
    b"id\ttitle\tavailability\tprice\n"
    b"mug\tMug\tin_stock\t10.00 USD\n"
    b"cup\tCup\tin_stock\tcheap\n"
    b"jug\tJug\tout_of_stock\t12.50 USD\n"
)


class Shop(BaseHTTPRequestHandler):
    """Serves the feed at /feed.tsv, and by a detour at /old.tsv."""

    def do_GET(self) -> None:
        if self.path == "/old.tsv":
            self.send_response(302)
            self.send_header("Location", "/feed.tsv")
            self.end_headers()
        elif self.path == "/feed.tsv":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(FEED)
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def skus(database: Database) -> set[str]:
    async with database.read() as connection:
        rows = await (await connection.execute("SELECT sku FROM product")).fetchall()
    return {sku for (sku,) in rows}


async def test_the_good_items_of_a_file_go_in_and_the_bad_ones_are_named_by_line(
    database: Database, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a feed.tsv"
    path.write_bytes(FEED)
    report = await import_from(settings, str(path))
    assert await skus(database) == {"mug", "jug"}
    rejected, summary = told(report)
    assert rejected.startswith("line 3: price: ")
    assert summary.startswith("3 items: ")
    assert summary.endswith("1 items left out")
    shown = capsys.readouterr()
    assert "a feed.tsv: 100%" in shown.err
    assert shown.out == ""


async def test_a_feed_is_fetched_from_where_its_address_leads(
    database: Database, settings: Settings, shop: str
) -> None:
    await import_from(settings, f"{shop}/old.tsv")
    assert await skus(database) == {"mug", "jug"}


@pytest.mark.usefixtures("database")
class TestAFeedThatCannotBeRead:
    async def test_a_missing_file(self, settings: Settings) -> None:
        with pytest.raises(CommandFailed, match=r"^/nowhere/feed\.tsv: No such file or directory$"):
            await import_from(settings, "/nowhere/feed.tsv")

    async def test_a_missing_page(self, settings: Settings, shop: str) -> None:
        with pytest.raises(CommandFailed, match="the server answers 404"):
            await import_from(settings, f"{shop}/missing.tsv")

    async def test_a_host_that_does_not_answer(self, settings: Settings) -> None:
        with pytest.raises(CommandFailed, match=r"^http://127\.0\.0\.1:1/feed\.tsv: "):
            await import_from(settings, "http://127.0.0.1:1/feed.tsv")
