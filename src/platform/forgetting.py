"""Hash tags whose entries must go: a stream in the cache's server tells every process, which drops what it holds.

A key that begins with a tag, `{u7}:…`, is kept under `wishkeep:{u7}:<release>:…`: in one slot of a cluster, and found
again by its tag whichever release made it.
"""

import re
from collections.abc import Iterable

from src.platform.redis import AnyRedis

TAG = re.compile(r"\{[a-z]+[0-9]+\}")
STREAM = "wishkeep:forgotten"
# Who has not listened for so many hears them all again, which is harmless.
TOLD_AT_MOST = 10_000
READ_AT_ONCE = 1000
# So many keys are looked at in about a millisecond, in which the server does nothing else.
SCANNED_AT_ONCE = 5000


def user_tag(user_id: int) -> str:
    """The hash tag that every key of what is kept about a user begins with."""
    return f"{{u{user_id}}}"


def tag_of(key: str) -> str:
    """The hash tag that `key` begins with; empty if it begins with none."""
    return key[: key.index("}") + 1] if key.startswith("{") else ""


async def tell(client: AnyRedis, tag: str) -> None:
    """Tell all processes to forget `tag`; raises one of CACHE_AWAY."""
    await client.xadd(STREAM, {"tag": tag}, maxlen=TOLD_AT_MOST, approximate=True)


async def sweep(client: AnyRedis, tag: str) -> None:
    """Delete everything under `tag` from the server, or from every master of a cluster; raises one of CACHE_AWAY."""
    # Nothing uncertain comes before the tag, so a cluster looks into its slot only.
    found = [name async for name in client.scan_iter(match=f"wishkeep:{tag}:*", count=SCANNED_AT_ONCE)]
    await unlink(client, found)


async def unlink(client: AnyRedis, names: Iterable[str | bytes]) -> None:
    """Delete these from the server; raises one of CACHE_AWAY."""
    async with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.unlink(name)
        await pipeline.execute()


class Told:
    """What was told since the last look."""

    def __init__(self) -> None:
        self._last = b"0-0"

    async def begin(self, client: AnyRedis) -> None:
        """Leave out what was told before; raises one of CACHE_AWAY, and then nothing is left out."""
        newest = await client.xrevrange(STREAM, count=1)
        self._last = newest[0][0] if newest else b"0-0"

    async def read(self, client: AnyRedis) -> set[str]:
        """The next tags; raises one of CACHE_AWAY."""
        rows = await client.xrange(STREAM, min=self._last, count=READ_AT_ONCE)
        if rows and rows[0][0] == self._last:
            rows = rows[1:]
        else:
            # The server has lost what we saw last, and its clock may be another's: hear it all.
            rows = await client.xrange(STREAM, count=TOLD_AT_MOST)
        self._last = rows[-1][0] if rows else self._last
        return {fields[b"tag"].decode() for _, fields in rows}
