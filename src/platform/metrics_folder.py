"""Where processes that serve together count together; it must be told before their counters are imported."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared_metrics() -> Iterator[None]:
    """Make processes started inside the block add up their numbers, unless the environment names a folder already."""
    if os.environ.get(VARIABLE):
        yield
        return
    with TemporaryDirectory(prefix="wishkeep-metrics-") as folder:
        os.environ[VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[VARIABLE]
