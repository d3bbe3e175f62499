"""Additions that share a statement: each gets its own outcome, and nobody pays for another's trouble."""

import asyncio
from uuid import UUID, uuid4

import pytest

from src.modules.favourites.additions import Addition, SharedAdditions
from src.modules.favourites.additions import add as batch
from src.modules.favourites.dtos import AddOutcome
from src.modules.identity import Shopper
from src.platform.database import Database
from src.platform.dynamic_settings import FAVOURITE_SKU_IS_ACTIVE
from src.platform.errors import Unauthenticated
from tests.factories import Client, Factory, Product
from tests.modules.favourites.shop import add, change_setting, count


async def known(factory: Factory, client: Client) -> Shopper:
    """A shopper as a request finds them."""
    return Shopper(
        id=await factory.user_id(client),
        uuid=uuid4(),
        scopes=frozenset({"storefront"}),
        price_list_id=None,
        stock_list_id=None,
        language=None,
        email=client.email,
        via_cookie=False,
    )


def ghost() -> Shopper:
    """A shopper who was deleted after their request had been let in."""
    return Shopper(10**12, uuid4(), frozenset(), None, None, None, "ghost@example.com", False)


async def outcomes(database: Database, wanted: list[tuple[Shopper, int | UUID]]) -> list[AddOutcome | BaseException]:
    """What becomes of additions that are asked for at once."""
    shared = SharedAdditions(database)
    asked = (shared.add(Addition(shopper, product, None)) for shopper, product in wanted)
    return await asyncio.gather(*asked, return_exceptions=True)


def made(outcome: AddOutcome | BaseException) -> bool:
    return isinstance(outcome, AddOutcome) and outcome.favourite_id is not None


@pytest.mark.parametrize("by_uuid", [False, True], ids=["by-id", "by-uuid"])
async def test_everybody_gets_an_outcome_of_their_own(
    database: Database, factory: Factory, shopper: Client, other: Client, by_uuid: bool
) -> None:
    products = [await factory.product() for _ in range(3)]
    inactive = await factory.product(is_active=False)
    one, two = await known(factory, shopper), await known(factory, other)
    await add(other, products[0])

    def named(product: Product) -> int | UUID:
        return product.uuid if by_uuid else product.id

    told = await outcomes(
        database,
        [
            (one, named(products[0])),
            (two, named(products[0])),
            (one, named(products[1])),
            (one, named(products[1])),
            (two, named(inactive)),
            (one, uuid4() if by_uuid else 10**12),
            (two, named(products[2])),
        ],
    )
    assert [made(outcome) for outcome in told] == [True, False, True, False, False, False, True]
    found = [outcome.product_id for outcome in told if isinstance(outcome, AddOutcome)]
    expected = [products[0], products[0], products[1], products[1], inactive, None, products[2]]
    assert found == [product.id if product else None for product in expected]
    active = [outcome.is_active for outcome in told if isinstance(outcome, AddOutcome)]
    assert active == [True, True, True, True, False, False, True]
    owners = await factory.scalar("SELECT array_agg(user_id || '-' || product_id ORDER BY id) FROM favourite")
    assert sorted(owners) == sorted(
        f"{user.id}-{product.id}"
        for user, product in ((two, products[0]), (one, products[0]), (one, products[1]), (two, products[2]))
    )
    assert ((await count(shopper)).count, (await count(other)).count) == (2, 2)


async def test_shopper_who_went_away_fails_alone(database: Database, factory: Factory, shopper: Client) -> None:
    product = await factory.product()
    one = await known(factory, shopper)
    told = await outcomes(database, [(ghost(), product.id), (one, product.id), (ghost(), product.id)])
    assert [made(outcome) for outcome in told] == [False, True, False]
    assert [isinstance(outcome, Unauthenticated) for outcome in told] == [True, False, True]
    assert (await count(shopper)).count == 1


async def test_row_that_somebody_holds_fails_its_own_shopper_alone(
    database: Database, factory: Factory, shopper: Client, other: Client
) -> None:
    product = await factory.product()
    held, free = await known(factory, shopper), await known(factory, other)
    await add(shopper, await factory.product())
    async with database.transaction() as work:
        await work.connection.execute("SELECT FROM favourite_summary WHERE user_id = %s FOR UPDATE", (held.id,))
        task = asyncio.create_task(outcomes(database, [(held, product.id), (free, product.id)]))
        # What the server does to one that waits too long.
        cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while not await factory.scalar(cancel):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async with asyncio.timeout(20):
            while (await count(other)).count != 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    told = await task
    assert [made(outcome) for outcome in told] == [True, True]


async def test_batches_that_meet_in_opposite_orders_do_not_wait_for_each_other_in_a_circle(
    database: Database, factory: Factory
) -> None:
    """As the processes of a service make them; a batch that is caught in a deadlock would fail here."""
    shoppers = [await known(factory, await factory.shopper()) for _ in range(30)]
    for _ in range(8):
        product = await factory.product()
        forth = [Addition(shopper, product.id, None) for shopper in shoppers]
        async with database.read() as one, database.read() as two:
            told = await asyncio.gather(batch(one, forth), batch(two, forth[::-1]))
        assert sorted(made(outcome) for outcomes in told for outcome in outcomes) == [False] * 30 + [True] * 30
    assert await factory.scalar("SELECT array_agg(DISTINCT total) FROM favourite_summary") == [8]


async def test_in_base_code_mode_nothing_is_made_before_the_codes_are_compared(
    database: Database, factory: Factory, shopper: Client
) -> None:
    await change_setting(factory, FAVOURITE_SKU_IS_ACTIVE, False)
    product = await factory.product()
    told = await outcomes(database, [(await known(factory, shopper), product.id)])
    assert [made(outcome) for outcome in told] == [False]
    assert isinstance(told[0], AddOutcome)
    assert (told[0].one_per_product, told[0].is_active) == (False, True)
    assert await factory.scalar("SELECT count(*) FROM favourite") == 0
