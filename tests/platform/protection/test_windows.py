"""The last minute by two counters: never far off, never over the limit, and true to the time it names."""

from hypothesis import example, given
from hypothesis import strategies as st

from src.platform.protection.windows import WINDOW_S, Counts, used, wait_s

LIMITS = st.integers(1, 50)
GAPS = st.lists(st.floats(0, 40), max_size=200)
# The clock's readings of today are numbers that keep fewer places behind the point.
STARTS = (0.0, 1_800_000_000.0)


def at(counts: Counts, now: float) -> Counts:
    counts.roll(int(now // WINDOW_S))
    return counts


@given(LIMITS, GAPS)
def test_nobody_gets_more_than_the_limit_in_a_fixed_minute_nor_twice_that_in_any(limit: int, gaps: list[float]) -> None:
    counts, now = Counts(0), 0.0
    admitted: list[float] = []
    for gap in gaps:
        now += gap
        if not wait_s(at(counts, now), limit, now):
            counts.here += 1
            admitted.append(now)
    for moment in admitted:
        assert sum(int(other // WINDOW_S) == int(moment // WINDOW_S) for other in admitted) <= limit
        assert sum(moment <= other < moment + WINDOW_S for other in admitted) < 2 * limit or limit == 1


@given(LIMITS, GAPS, st.integers(0, 60), st.integers(0, 60), st.sampled_from(STARTS))
@example(15, [0.0], 21, 0, 0.0)  # A wait that ends to the second when there is room.
def test_whoever_waits_as_told_is_let_in_and_was_not_told_to_wait_for_nothing(
    limit: int, gaps: list[float], elsewhere: int, before: int, now: float
) -> None:
    counts = Counts(int(now // WINDOW_S))
    counts.elsewhere, counts.before = elsewhere, before
    for gap in gaps:
        now += gap
        at(counts, now)
        if wait := wait_s(counts, limit, now):
            assert used(counts, now) + 1 > limit
            assert 1 <= wait <= 2 * WINDOW_S
            later = Counts(counts.window)
            later.here, later.elsewhere, later.before = counts.here, counts.elsewhere, counts.before
            assert wait_s(at(later, now + wait), limit, now + wait) == 0
        else:
            counts.here += 1


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 30), st.booleans()), max_size=100))
def test_processes_that_tell_each_other_know_the_same_sum(steps: list[tuple[int, float, bool]]) -> None:
    parts, totals, now = [Counts(0) for _ in range(3)], dict[int, int](), 0.0
    made: list[int] = []
    for who, gap, tells in steps:
        now += gap
        window = int(now // WINDOW_S)
        counts = at(parts[who], now)
        counts.here += 1
        made.append(window)
        if tells:
            for part in parts:
                here, late = at(part, now).tell()
                totals[window] = totals.get(window, 0) + here
                totals[window - 1] = totals.get(window - 1, 0) + late
            for part in parts:
                part.learn(totals.get(window, 0), totals.get(window - 1, 0))
                assert part.here + part.elsewhere == made.count(window)
                # Whoever was away for a minute has news that nobody wants any more; nothing is told twice.
                assert part.before <= made.count(window - 1)


def test_steady_caller_at_the_limit_gets_it_minute_after_minute() -> None:
    counts, limit, admitted = Counts(0), 60, 0
    for second in range(600):
        if not wait_s(at(counts, float(second)), limit, float(second)):
            counts.here += 1
            admitted += 1
    assert admitted >= 0.95 * 600


def test_clock_that_steps_back_locks_nobody_out() -> None:
    now, limit = 100 * WINDOW_S + 30.0, 5
    counts = at(Counts(100), now)
    counts.here = limit
    assert wait_s(counts, limit, now)
    # By a little it is the same minute still; by more nobody knows what was when.
    assert wait_s(at(counts, now - WINDOW_S), limit, now - WINDOW_S)
    assert not wait_s(at(counts, now - 3600), limit, now - 3600)
    assert counts.tell() == (0, 0)
