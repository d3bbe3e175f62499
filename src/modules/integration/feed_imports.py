"""One merchant feed: its items are staged, then the catalogue's rows that follow from them go in like any others."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

import psycopg.errors

from src.modules.audit import Revision
from src.modules.catalogue import FEED_PARTS, StagedFeed
from src.modules.integration.copy_text import TEXTS, lines, with_nulls
from src.modules.integration.dtos import Fault, Rejection, Report
from src.modules.integration.errors import RowsRejected
from src.modules.integration.feed_items import FeedItem, feed_item
from src.modules.integration.feed_rows import FeedRow, tsv_items
from src.modules.integration.feed_xml import xml_items
from src.modules.integration.imports import UNSTORABLE, Import, check_rejected, take_turn
from src.modules.integration.spool import Spool, spooled
from src.platform.database import Connection, Database
from src.platform.errors import ServiceUnavailable
from src.platform.resources import UnfitRow

ITEMS_AT_ONCE = 50
DEFAULT_LANGUAGE = "en"
TSV_TYPES = frozenset({"text/tab-separated-values", "text/plain"})
XML_TYPES = frozenset({"application/xml", "text/xml", "application/rss+xml", "application/atom+xml"})
# What the catalogue calls something else than the feed does.
FEED_NAMES = {"sku": "id", "name": "title", "base_code": "item_group_id", "url_path": "link", "image": "image_link"}
TOLD = tuple(name for name in StagedFeed.columns if name not in ("row", "line"))

Progress = Callable[[int], object]


async def import_feed(
    database: Database,
    source: AsyncIterator[bytes],
    content_type: str | None = None,
    progress: Progress | None = None,
    *,
    language: str = DEFAULT_LANGUAGE,
) -> Report:
    """Import a merchant feed, TSV or XML by its first byte unless `content_type` tells; raises NoFeed.

    `progress` is called with the number of bytes that have been read, once the whole source is here.
    """
    async with spooled(source) as body, database.transaction() as work:
        return await feed_in(work.connection, body, content_type, progress, language=language)


async def feed_in(
    connection: Connection,
    body: Spool,
    content_type: str | None = None,
    progress: Progress | None = None,
    *,
    language: str = DEFAULT_LANGUAGE,
    atomic: bool = False,
    revision: Revision | None = None,
) -> Report:
    """Like `import_feed`, in the caller's transaction; raises RowsRejected when items can't go in and `atomic`."""
    is_xml = content_type in XML_TYPES if content_type else next(body.pieces(1024), b"").lstrip().startswith(b"<")
    rows = xml_items(body) if is_xml else tsv_items(body)
    feed = FeedImport(connection, language, revision or Revision(connection))
    await feed.stage(rows, lambda: progress and progress(body.file.tell()))
    try:
        report = await feed.finish()
    except psycopg.errors.IntegrityError as error:
        raise ServiceUnavailable from error  # as for other rows: see services.import_rows
    if atomic and report.rejected:
        raise RowsRejected(report.rejected)
    return report


class FeedImport:
    """The items of a feed on their way into the catalogue."""

    def __init__(self, connection: Connection, language: str, revision: Revision) -> None:
        self._connection = connection
        self._revision = revision
        self._items = StagedFeed(connection)
        self._language = language
        self._received = 0
        self._rejected: dict[int, Rejection] = {}

    async def stage(self, rows: Iterator[FeedRow], read: Callable[[], object]) -> None:
        """Read all items; the server takes them in while the next ones are read. `read` is called now and then."""
        await take_turn(self._connection, FEED_PARTS[0].resource)
        await self._items.create()
        now, sent = datetime.now(UTC), 0
        async with self._connection.cursor() as cursor:
            async with cursor.copy(StagedFeed.copy) as copy:
                while batch := list(islice(rows, ITEMS_AT_ONCE)):
                    for text in self._texts(batch, now):
                        await copy.write(text)
                        sent += text.count(b"\n")
                    check_rejected(self._rejected)
                    read()
                    await asyncio.sleep(0)
            arrived = cursor.rowcount
        if arrived < sent:
            lost = await self._items.lost(self._received)
            self._reject(Rejection(row, [UNSTORABLE]) for row in lost)

    async def finish(self) -> Report:
        """Merge what has been staged into the catalogue."""
        await self._items.complete()
        for part in FEED_PARTS:
            rows = Import(self._connection, part.resource, self._revision)
            await rows.fill(part.filling, {"language": self._language})
            await rows.finish([part.touched])
            await rows.clear()
            await self._leave_out(rows.rejected)
        await self._items.drop_images()
        touched = await self._items.touched()
        rejected = sorted(self._rejected.values(), key=lambda rejection: rejection.row)
        unchanged = self._received - touched.items - len(rejected)
        return Report(self._received, touched.created, touched.updated, unchanged, rejected)

    async def _leave_out(self, rejected: Sequence[Rejection]) -> None:
        """Items that can't go in as products have no prices, stocks or pictures either."""
        if not rejected:
            return
        begins = await self._items.leave_out([rejection.row for rejection in rejected])
        self._reject(
            Rejection(
                rejection.row,
                [Fault(FEED_NAMES.get(fault.field or "", fault.field), fault.message) for fault in rejection.errors],
                begins.get(rejection.row),
            )
            for rejection in rejected
        )

    def _reject(self, rejected: Iterable[Rejection]) -> None:
        for rejection in rejected:
            self._rejected.setdefault(rejection.row, rejection)
        check_rejected(self._rejected)

    def _texts(self, rows: Sequence[FeedRow], now: datetime) -> Iterator[bytes]:
        """Items as COPY reads them; those that can't be are set aside."""
        items: list[tuple[int, int, FeedItem]] = []
        for row in rows:
            number = self._received
            self._received += 1
            try:
                if row.fault:
                    raise UnfitRow(None, row.fault)
                items.append((number, row.line, feed_item(row.values, now)))
            except UnfitRow as error:
                self._rejected[number] = Rejection(number, [Fault(error.field, str(error))], row.line)
        try:
            if items:
                yield _copied(items)
        except ValueError:
            # One of them holds what can't be stored; the others go in one by one.
            for number, line, item in items:
                try:
                    yield _copied([(number, line, item)])
                except ValueError:
                    fault = Fault(None, "holds characters that can't be stored")
                    self._rejected[number] = Rejection(number, [fault], line)


def _copied(items: Sequence[tuple[int, int, FeedItem]]) -> bytes:
    numbers, begins, told = zip(*items, strict=True)
    columns: list[Iterable[str]] = [map(str, numbers), map(str, begins)]
    columns += (with_nulls(TEXTS[StagedFeed.columns[name]], [getattr(item, name) for item in told]) for name in TOLD)
    return lines(columns)
