"""A short run of what `make chaos` does at length."""

from pathlib import Path

import pytest

from tests.chaos import story

KILLS = 5


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_nothing_is_lost_or_wrong_when_parts_are_killed_under_load(tmp_path: Path) -> None:
    told = story.run(tmp_path, KILLS, seed=20261121, hurried=True)
    assert sum(told.harms.values()) == KILLS
    assert told.acknowledged > 0
    assert told.looked > 0
