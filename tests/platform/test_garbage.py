"""What is there when a process has started is never looked through again; what comes later is collected as ever."""

import gc
import weakref

import pytest

from src.platform.garbage import keeping_all


class Cycle:
    """Garbage that only the collector finds, once nobody else holds it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_made_within_is_kept_and_what_is_made_later_is_not() -> None:
    with keeping_all():
        assert not gc.isenabled()
        kept = weakref.ref(Cycle())
    assert gc.isenabled()
    gone = weakref.ref(Cycle())
    gc.collect()
    assert kept() is not None
    assert gone() is None


def test_a_start_that_fails_leaves_the_collector_at_work() -> None:
    with pytest.raises(ImportError), keeping_all():
        raise ImportError
    assert gc.isenabled()
