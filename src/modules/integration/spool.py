"""Bodies of any length: kept in a file while they arrive, so a slow client holds neither memory nor a connection."""

import hashlib
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import IO

from src.platform.errors import ServiceUnavailable, TooLarge

IN_MEMORY_BYTES = 1024 * 1024


class Spool:
    """A body that has arrived as a whole; `digest` is its SHA-256 if that was asked for."""

    def __init__(self, file: IO[bytes], size: int, digest: bytes | None = None) -> None:
        self.file = file
        self.size = size
        self.digest = digest

    def rewind(self) -> IO[bytes]:
        """The body from its beginning, behind a byte order mark if it has one."""
        self.file.seek(0)
        if self.file.read(len(BOM_UTF8)) != BOM_UTF8:
            self.file.seek(0)
        return self.file

    def pieces(self, size: int) -> Iterator[bytes]:
        """The body from its beginning, in pieces of `size` bytes."""
        file = self.rewind()
        while piece := file.read(size):
            yield piece


@asynccontextmanager
async def spooled(
    source: AsyncIterator[bytes], max_bytes: int | None = None, *, digested: bool = False
) -> AsyncIterator[Spool]:
    """The bytes of `source` as a Spool that goes away with the block.

    Raises TooLarge beyond `max_bytes`, ServiceUnavailable when there is no room for it.
    """
    with SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:
        size, digest = 0, hashlib.sha256() if digested else None
        async for chunk in source:
            size += len(chunk)
            if max_bytes is not None and size > max_bytes:
                raise TooLarge
            if digest:
                digest.update(chunk)
            try:
                file.write(chunk)
            except OSError as error:
                raise ServiceUnavailable from error  # the disk is full; others may need less
        yield Spool(file, size, digest.digest() if digest else None)
