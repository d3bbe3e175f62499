"""`python -m bench.switched api …` is `wishkeep api …`, where each request says whether anything is told of it.

Two servers, one of which tells nothing, would not do: how a process happens to lie in memory sways it by a tenth for
all its life, which is more than all that is told costs.
"""

import sys
from collections.abc import Iterator
from typing import Any

from litestar.types import Scope

from bench.server import UNTOLD
from src.cli import main
from src.platform import history, metrics, telemetry

_NAME, _, _VALUE = UNTOLD.lower().partition(b": ")
_switch = {"is_told": True}


class _Untold:
    """A request that nothing is told of: no id, no log line, no count, no duration."""

    def answered(self, *_: Any) -> None:
        """Nothing."""

    def over(self) -> None:
        """Nothing."""


class _Counter(metrics.KeptCounter):
    """A counter of the cache that counts where something is told."""

    def inc(self, amount: int) -> None:
        """Count, or don't."""
        if _switch["is_told"]:
            super().inc(amount)


class _Recorder(history.Recorder):
    """Records for the operators' page where something is told."""

    async def record(self) -> None:
        """Record, or don't."""
        if _switch["is_told"]:
            await super().record()


def _told(scope: Scope, ids: Iterator[str], told: type[telemetry.Told] = telemetry.Told) -> Any:
    # What is not asked for in the name of a request follows the latest one: they come in stretches of one kind.
    _switch["is_told"] = is_told = (_NAME, _VALUE) not in scope["headers"]
    return told(scope, ids) if is_told else _Untold()


# The processes that serve begin as copies of this one, and import the application after that.
telemetry.Told = _told  # type: ignore[assignment,misc]
history.Recorder = _Recorder  # type: ignore[misc]
metrics.KeptCounter = _Counter  # type: ignore[misc]

if __name__ == "__main__":
    sys.exit(main())
