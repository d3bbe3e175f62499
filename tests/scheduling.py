"""Which of several test processes runs which tests."""

from xdist.scheduler import LoadFileScheduling

TOGETHER = "tests/acceptance/"


class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Whole files to one process, and all of `tests/acceptance`, because they share a running service."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else str(super()._split_scope(nodeid))
