"""An erasure: nothing that tells who somebody was is left anywhere, and nobody else's is touched."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
from litestar import Litestar
from redis.asyncio import Redis

from src.modules.privacy import erase_user, erasures, finish_erasures, repositories
from src.platform.cache import VersionedCache
from src.platform.database import Database
from src.platform.forgetting import user_tag
from src.platform.redis import CACHE_AWAY, create_cache_client
from src.platform.settings import Settings
from tests.factories import Client, Factory
from tests.modules.baskets.buying import add, look, send
from tests.modules.baskets.ordering import moved
from tests.modules.baskets.scene import Scene
from tests.modules.identity.issuers import signed_with_secret
from tests.modules.identity.probes import secret_of
from tests.modules.privacy.planting import Person, dump, path, with_mark

NOBODY_SERVES = "redis://127.0.0.1:1/0"


@pytest.fixture
async def elsewhere(settings: Settings) -> AsyncIterator[VersionedCache]:
    """The cache as another process has it."""
    cache = VersionedCache(create_cache_client(settings))
    await cache.open()
    yield cache
    await cache.close()


async def erased(operator: Client, user: int) -> dict[str, object]:
    """What the answer to an erasure tells."""
    response = await operator.delete(f"/api/v1/users/{user}/data")
    assert response.status_code == httpx.codes.OK, response.text
    told: dict[str, object] = response.json()
    return told


async def test_nothing_of_the_person_is_left_and_others_are_untouched(
    operator: Client, database: Database, people: tuple[Person, Person]
) -> None:
    gone, stays = people
    before = await dump(database)
    assert len(with_mark(before, gone.mark)) > 30
    told = await erased(operator, gone.user)
    assert (told["user_id"], told["finished_at"]) == (gone.user, None)
    after = await dump(database)
    assert with_mark(after, gone.mark) == []
    assert with_mark(after, stays.mark) == with_mark(before, stays.mark)
    # Done again it changes nothing but that it was asked for.
    assert (await erased(operator, gone.user)).keys() == told.keys()
    again = await dump(database)
    assert {row.partition(":")[0] for row in set(again) ^ set(after)} == {"audit_event", "erasure"}


async def test_warehouse_tells_that_the_user_is_anonymised_and_keeps_what_was_paid(
    factory: Factory, operator: Client, people: tuple[Person, Person]
) -> None:
    gone = people[0]
    await factory.execute('UPDATE orders_order SET amount = 12 WHERE "user" = %s', gone.user)
    await erased(operator, gone.user)
    analyst = await factory.shopper("warehouse")
    [user] = (await analyst.get(f"/api/v1/data-warehouse/users?id={gone.user}")).json()["results"]
    assert (user["is_anonymized"], user["is_active"], user["email"], user["attributes"]) == (True, False, "", {})
    orders = (await analyst.get("/api/v1/data-warehouse/orders/orders?limit=100")).json()["results"]
    [order] = [order for order in orders if order["user"] == gone.user]
    assert (order["amount"], order["user_email"], order["notes"]) == ("12.00", None, None)
    tombstones = (await analyst.get("/api/v1/data-warehouse/deleted-items?limit=1000")).json()
    assert tombstones["count"] >= 10


async def test_audit_tells_who_erased_whom_without_what_was_known(
    operator: Client, database: Database, people: tuple[Person, Person]
) -> None:
    await operator.get(path(people[0]))
    await erased(operator, people[0].user)
    events = [row for row in await dump(database) if row.startswith("audit_event") and operator.email in row]
    assert len(events) == 2
    assert all(f"/api/v1/users/{people[0].user}/data" in row for row in events)
    assert with_mark(events, people[0].mark) == []


async def test_caches_of_all_processes_forget_the_person(
    app: Litestar, operator: Client, settings: Settings, elsewhere: VersionedCache, people: tuple[Person, Person]
) -> None:
    gone, stays = people
    everywhere: list[VersionedCache] = [app.state.cache, elsewhere]
    keys = {person.mark: f"{user_tag(person.user)}:told" for person in people}
    for cache in everywhere:
        cache.set_many({keys[person.mark]: person.mark.encode() for person in people})
    await asyncio.sleep(0.05)
    await erased(operator, gone.user)
    async with asyncio.timeout(10):
        while keys[gone.mark] in elsewhere._local:  # noqa: ASYNC110  (it is another process's)
            await asyncio.sleep(0.05)
    redis = Redis.from_url(settings.redis_url)
    held = [name async for name in redis.scan_iter("*") if user_tag(gone.user).encode() in name]
    kept = [await redis.get(name) async for name in redis.scan_iter("wishkeep:*", _type="string")]
    await redis.aclose()
    assert held == []
    assert kept == [stays.mark.encode()]
    for cache in everywhere:
        assert await cache.get_many(keys.values()) == {keys[stays.mark]: stays.mark.encode()}


async def test_credentials_die_at_once(
    factory: Factory, operator: Client, client: httpx.AsyncClient, settings: Settings
) -> None:
    shopper = await factory.shopper()
    await erased(operator, await factory.user_id(shopper))
    assert (await shopper.get("/wishlists/favourite-products/")).status_code == httpx.codes.UNAUTHORIZED
    bearer = {"Authorization": f"Bearer {signed_with_secret(secret_of(settings), sub='jo')}"}
    assert (await client.get("/wishlists/favourite-products/", headers=bearer)).status_code == httpx.codes.OK
    user = await factory.scalar("SELECT id FROM users WHERE subject = 'jo'")
    await erased(operator, user)
    # Whoever still has a token of before is not made a user anew by it.
    for _ in range(2):
        refused = await client.get("/wishlists/favourite-products/", headers=bearer)
        assert refused.status_code == httpx.codes.UNAUTHORIZED
    assert await factory.scalar("SELECT count(*) FROM users WHERE subject = 'jo'") == 0


async def test_kept_answers_are_not_given_to_whoever_has_the_old_token(factory: Factory, operator: Client) -> None:
    shopper = await factory.shopper()
    asked = {"json": {"product": (await factory.product()).id}, "headers": {"Idempotency-Key": "once"}}
    assert (await shopper.post("/wishlists/favourite-products/", **asked)).is_success
    await erased(operator, await factory.user_id(shopper))
    again = await shopper.post("/wishlists/favourite-products/", **asked)
    assert again.status_code == httpx.codes.UNAUTHORIZED


async def test_uses_that_a_frozen_basket_holds_are_others_again(factory: Factory, operator: Client) -> None:
    await Scene(factory).coupon("one", max_stock_limit=1)
    product = await factory.product(price="50.00")
    system = await factory.shopper("integration")
    shopper, other = await factory.shopper(), await factory.shopper()
    await add(shopper, product)
    basket = await send(shopper, "PATCH", {"voucher_code": "one"})
    await moved(system, basket.pk, "freeze")
    await add(other, product)
    await erased(operator, await factory.user_id(shopper))
    assert (await send(other, "PATCH", {"voucher_code": "one"})).total_amount == "45.00"
    assert (await look(other)).total_amount == "45.00"


async def test_what_was_under_way_is_erased_in_the_end(
    app: Litestar, factory: Factory, operator: Client, database: Database, people: tuple[Person, Person]
) -> None:
    gone = people[0]
    await erased(operator, gone.user)
    # As a request does that was let in before, and commits after.
    await factory.execute("INSERT INTO notification_preference (user_id) VALUES (%s)", gone.user)
    assert await finish_erasures(database, app.state.cache) == 0
    assert await finish_erasures(database, app.state.cache, after_s=0) == 1
    assert await factory.scalar("SELECT count(*) FROM notification_preference WHERE user_id = %s", gone.user) == 0
    [done] = await erasures(database)
    assert done.finished_at is not None
    assert await finish_erasures(database, app.state.cache, after_s=0) == 0


async def test_second_erasure_is_finished_like_the_first(
    app: Litestar, factory: Factory, operator: Client, database: Database, people: tuple[Person, Person]
) -> None:
    gone = people[0]
    first = await erased(operator, gone.user)
    assert await finish_erasures(database, app.state.cache, after_s=0) == 1
    again = await erased(operator, gone.user)
    assert again["finished_at"] is None
    assert str(again["requested_at"]) > str(first["requested_at"])
    await factory.execute("INSERT INTO notification_preference (user_id) VALUES (%s)", gone.user)
    assert await finish_erasures(database, app.state.cache, after_s=0) == 1
    assert await factory.scalar("SELECT count(*) FROM notification_preference WHERE user_id = %s", gone.user) == 0


async def test_erasure_that_is_asked_for_again_is_not_finished_by_the_pass_before(
    operator: Client, database: Database, people: tuple[Person, Person]
) -> None:
    await erased(operator, people[0].user)
    async with database.read() as connection:
        [unfinished] = await repositories.settled(connection, 0, 1)
        await erased(operator, people[0].user)
        await repositories.finish(connection, unfinished)
    assert [one.finished_at for one in await erasures(database)] == [None]


async def test_erasure_is_not_finished_before_who_wrote_meanwhile(
    app: Litestar, operator: Client, database: Database, people: tuple[Person, Person]
) -> None:
    gone = people[0]
    async with database.transaction() as importing:
        await importing.connection.execute(
            "INSERT INTO email_address (user_id, email) VALUES (%s, %s)", (people[1].user, "late@example.com")
        )
        await erased(operator, gone.user)
        assert await finish_erasures(database, app.state.cache, after_s=0) == 0
    assert await finish_erasures(database, app.state.cache, after_s=0) == 1


async def test_erasure_that_fails_holds_up_no_other(
    app: Litestar, factory: Factory, operator: Client, database: Database, people: tuple[Person, Person]
) -> None:
    stuck, other = (person.user for person in people)
    for user in (stuck, other):
        await erased(operator, user)
    await factory.execute("INSERT INTO notification_preference (user_id) VALUES (%s)", stuck)
    await factory.execute("CREATE TABLE holding (user_id bigint REFERENCES notification_preference ON DELETE RESTRICT)")
    try:
        await factory.execute("INSERT INTO holding VALUES (%s)", stuck)
        with pytest.raises(psycopg.errors.RestrictViolation):
            await finish_erasures(database, app.state.cache, after_s=0)
        finished = {one.user_id: one.finished_at is not None for one in await erasures(database)}
        assert finished == {stuck: False, other: True}
    finally:
        await factory.execute("DROP TABLE holding")
    assert await finish_erasures(database, app.state.cache, after_s=0) == 1


async def test_erasure_while_the_cache_is_away_is_finished_when_it_is_back(
    app: Litestar, database: Database, settings: Settings, elsewhere: VersionedCache, people: tuple[Person, Person]
) -> None:
    gone = people[0]
    key = f"{user_tag(gone.user)}:told"
    elsewhere.set_many({key: gone.mark.encode()})
    away = VersionedCache(Redis.from_url(NOBODY_SERVES))
    await erase_user(database, away, gone.user)
    with pytest.raises(CACHE_AWAY):
        await finish_erasures(database, away, after_s=0)
    await away.close()
    assert with_mark(await dump(database), gone.mark) == []
    assert [one.finished_at for one in await erasures(database)] == [None]
    assert await elsewhere.get_many([key]) != {}
    await finish_erasures(database, app.state.cache, after_s=0)
    async with asyncio.timeout(10):
        while await elsewhere.get_many([key]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_erasure_that_is_killed_in_the_middle_leaves_everything_as_it_was(
    operator: Client, database: Database, people: tuple[Person, Person]
) -> None:
    gone = people[0]
    before = await dump(database)
    kill = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE wait_event_type = 'Lock' AND query LIKE 'DELETE FROM "email_address"%'"""
    async with database.transaction() as holding, database.read() as killer, asyncio.timeout(10):
        # Addresses come late: by then most of the tables are done.
        await holding.connection.execute("SELECT FROM email_address WHERE user_id = %s FOR UPDATE", (gone.user,))
        waiting = asyncio.create_task(operator.delete(path(gone)))
        while not (await (await killer.execute(kill)).fetchall()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert (await waiting).status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert await dump(database) == before
    await erased(operator, gone.user)
    assert with_mark(await dump(database), gone.mark) == []


@pytest.mark.parametrize("method", ["get", "delete"])
async def test_only_operators_may_and_only_for_users_that_there_are(
    factory: Factory, operator: Client, method: str
) -> None:
    stranger = await factory.shopper("storefront", "integration", "warehouse")
    assert (await getattr(stranger, method)("/api/v1/users/1/data")).status_code == httpx.codes.FORBIDDEN
    missing = await getattr(operator, method)("/api/v1/users/999999/data")
    assert missing.status_code == httpx.codes.NOT_FOUND
    assert missing.headers["content-type"] == "application/problem+json"
