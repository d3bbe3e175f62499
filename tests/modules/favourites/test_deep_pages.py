"""Any page of a long list, in any order, is exactly its part of the whole: found from the nearer end or not."""

import pytest

from tests.factories import Client, Factory
from tests.modules.favourites.shop import COMMERCE, STOREFRONT, many_favourites

TOTAL = 487
# Around the beginning, where pages are found another way, the middle and the end.
OFFSETS = (0, 1, 19, 199, 200, 201, 242, 243, 244, 245, 300, 380, 485, 486, 487, 488, 700, 10**14)
LIMITS = (1, 2, 7, 20, 100)


@pytest.fixture
async def products(shopper: Client, other: Client, factory: Factory) -> list[int]:
    """The products of a long list, added in an order that is neither that of the ids nor its reverse."""
    await many_favourites(factory, other, 300)
    ids = await many_favourites(factory, shopper, TOTAL)
    # Some were added at the same moment, as by an import.
    await factory.execute(
        "UPDATE favourite SET created_date = to_timestamp((product_id * 7919 %% 211)::double precision)"
        " WHERE user_id = %s",
        await factory.user_id(shopper),
    )
    return ids


def pages() -> list[tuple[int, int]]:
    """Pages as (number, limit), whose beginnings are at or beside OFFSETS."""
    return sorted({(offset // limit + 1, limit) for offset in OFFSETS for limit in LIMITS})


async def test_commerce(shopper: Client, factory: Factory, products: list[int]) -> None:
    for number, limit in pages():
        offset = (number - 1) * limit
        answer = await shopper.get(COMMERCE, params={"page": number, "limit": limit})
        if offset >= TOTAL:
            assert answer.status_code == 404
            continue
        told = answer.json()
        assert told["count"] == TOTAL
        assert [row["product"]["pk"] for row in told["results"]] == products[offset:][:limit], (number, limit)
        assert (told["next"] is None) is (offset + limit >= TOTAL)
    whole = await shopper.get(COMMERCE, params={"limit": 1000})
    assert [row["product"]["pk"] for row in whole.json()["results"]] == products


async def test_storefront(shopper: Client, factory: Factory, products: list[int]) -> None:
    newest_first = [
        str(uuid)
        for uuid in await factory.scalar(
            "SELECT array_agg(uuid::text ORDER BY created_date DESC, id DESC) FROM favourite WHERE user_id = %s",
            await factory.user_id(shopper),
        )
    ]
    assert len(newest_first) == len(products) == TOTAL
    for number, limit in pages():
        offset = (number - 1) * limit
        told = (await shopper.get(STOREFRONT, params={"page": number, "limit": limit})).json()
        assert [favorite["id"] for favorite in told["favorites"]] == newest_first[offset:][:limit], (number, limit)
        assert told["pagination"] == {
            "page": number,
            "limit": limit,
            "total": TOTAL,
            "totalPages": -(-TOTAL // limit),
        }


async def test_filtered_lists_are_cut_the_same_way(shopper: Client, factory: Factory, products: list[int]) -> None:
    wanted = products[::2]
    query = {"product_id": ",".join(map(str, wanted))}
    for number, limit in ((1, 20), (11, 20), (12, 20), (13, 20), (244, 1), (3, 100)):
        told = (await shopper.get(COMMERCE, params={**query, "page": str(number), "limit": str(limit)})).json()
        assert told["count"] == len(wanted)
        assert [row["product"]["pk"] for row in told["results"]] == wanted[(number - 1) * limit :][:limit]


async def test_who_never_had_a_favourite_has_no_far_pages(factory: Factory) -> None:
    nobody = await factory.shopper()
    assert (await nobody.get(COMMERCE, params={"page": 300})).status_code == 404
    assert (await nobody.get(STOREFRONT, params={"page": 300})).json()["favorites"] == []
