"""Bodies for tests."""

import io
from collections.abc import AsyncIterator

from src.modules.integration.spool import Spool


def body(content: bytes | str) -> Spool:
    """A body that has arrived."""
    data = content.encode() if isinstance(content, str) else content
    return Spool(io.BytesIO(data), len(data))


async def chunks(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    """`content` as it comes over a network."""
    for begin in range(0, len(content), size):
        yield content[begin : begin + size]
