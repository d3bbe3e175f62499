"""Percentiles from buckets against those of the numbers themselves."""

from bisect import bisect_left
from collections import Counter
from itertools import pairwise
from math import ceil, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.operations.percentiles import percentile, percentiles_ms
from src.platform.metrics import HTTP_BUCKETS_S, JOB_BUCKETS_S

ENDLESS = (*HTTP_BUCKETS_S, inf)
DURATIONS = st.lists(st.floats(min_value=0.0, max_value=HTTP_BUCKETS_S[-1]), min_size=1, max_size=200)


def bucket(seconds: float) -> float:
    return ENDLESS[bisect_left(ENDLESS, seconds)]


@given(DURATIONS, st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_lies_in_the_bucket_of_the_exact_one(durations: list[float], share: float) -> None:
    exact = sorted(durations)[ceil(share * len(durations)) - 1]
    told = percentile(Counter(map(bucket, durations)), share, HTTP_BUCKETS_S)
    assert told is not None
    upper = bucket(exact)
    position = ENDLESS.index(upper)
    assert (ENDLESS[position - 1] if position else 0.0) <= told <= upper


@given(DURATIONS)
def test_percentiles_never_fall(durations: list[float]) -> None:
    told = percentiles_ms(Counter(map(bucket, durations)), HTTP_BUCKETS_S)
    assert told.p50_ms is not None
    assert told.p95_ms is not None
    assert told.p99_ms is not None
    assert told.p50_ms <= told.p95_ms <= told.p99_ms


def test_nothing_counted_has_no_percentile() -> None:
    assert percentile({}, 0.5, HTTP_BUCKETS_S) is None
    assert percentile({0.1: 0}, 0.5, HTTP_BUCKETS_S) is None


def test_what_is_beyond_all_buckets_is_told_as_the_end_of_the_last() -> None:
    assert percentile({inf: 3}, 0.5, HTTP_BUCKETS_S) == HTTP_BUCKETS_S[-1]


def test_a_bucket_of_another_release_is_read_too() -> None:
    assert percentile({0.7: 4}, 0.5, [0.5, 1.0]) == pytest.approx(0.6)


@pytest.mark.parametrize("bounds", [HTTP_BUCKETS_S, JOB_BUCKETS_S], ids=["http", "jobs"])
def test_buckets_are_fine_enough_for_percentiles(bounds: tuple[float, ...]) -> None:
    assert list(bounds) == sorted(set(bounds))
    assert all(after / before <= 3 for before, after in pairwise(bounds))
