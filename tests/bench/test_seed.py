"""The seeded shop: the same at every run, and shaped like a real one."""

from collections import Counter

from bench.seed import PAGE, Sizes, is_parent, plan
from bench.seed_baskets import LINES, products_of

SIZES = Sizes(products=500, shoppers=300, favourites=6_000)


def test_plan_is_the_same_at_every_run() -> None:
    assert plan(SIZES) == plan(SIZES)


def test_popularity_follows_zipf() -> None:
    _, shoppers = plan(SIZES)
    ranked = [count for _, count in Counter(p for s in shoppers[:-2] for p in s.favourites).most_common()]
    assert sum(ranked) == SIZES.favourites
    # Nobody wants a product twice, so the very top is flatter than the law; further down it holds.
    assert 1.5 < ranked[39] / ranked[79] < 2.6
    assert ranked[0] > 10 * ranked[len(ranked) // 2]


def test_readers_have_a_full_page_and_nobody_wants_parents_or_fresh_products() -> None:
    seed, shoppers = plan(SIZES)
    assert seed.readers
    assert all(len(reader.favourites) >= PAGE for reader in seed.readers)
    wanted = {product for shopper in shoppers for product in shopper.favourites}
    assert not wanted & set(seed.fresh)
    assert not any(map(is_parent, wanted))


def test_the_two_lists_have_their_lengths_when_the_catalogue_is_large_enough() -> None:
    seed, _ = plan(Sizes(products=14_000, shoppers=1, favourites=1))
    assert (len(seed.small.favourites), len(seed.large.favourites)) == (100, 10_000)


def test_baskets_hold_different_products_that_never_run_out() -> None:
    seed, shoppers = plan(SIZES)
    for shopper in shoppers:
        held = products_of(shopper.id, seed.goods)
        assert len(set(held)) == LINES
        assert not any(map(is_parent, held))
    assert {reader.id for reader in seed.readers}.isdisjoint(seed.adders)
