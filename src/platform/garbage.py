"""Python's search for garbage, kept away from what stays for a process's whole life."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def keeping_all() -> Iterator[None]:
    """Look for no garbage within the block, and never again in what is there at its end.

    For the start of a process that stays: what it imports and builds is no garbage, and to look through that takes
    a fifth of the start, and then 0.2 s of whatever request it happens in (measured).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
