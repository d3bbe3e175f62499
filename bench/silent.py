"""`python -m bench.silent api …` is `wishkeep api …` without what the service tells about itself, to measure its cost.

No request ids, no log lines, no counts of requests and of the cache, no history for the page of operators.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from src.cli import main
from src.platform import history, metrics, telemetry


class _Uncounted:
    """A counter that counts nothing, whatever its labels."""

    def labels(self, *_: str) -> "_Uncounted":
        return self

    def inc(self, _: float = 1) -> None:
        """Nothing."""


@asynccontextmanager
async def _unrecorded(*_: Any, **__: Any) -> AsyncIterator[None]:
    yield


# The processes that serve begin as copies of this one, and import the application after that.
telemetry.observe = lambda app: None
history.recorded = _unrecorded
metrics.CACHE_REQUESTS = _Uncounted()  # type: ignore[assignment]

if __name__ == "__main__":
    sys.exit(main())
