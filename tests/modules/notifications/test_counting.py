"""What became of deliveries, in the numbers of the process that sent them."""

from collections import Counter

from src.modules.notifications.messages import Outcome
from src.platform.counted import Counted
from tests.modules.notifications.telling import Telling
from tests.modules.updates.shop import want

NEVER = Outcome("never", "550 no such user")
LATER = Outcome("later", "451 come back")


async def test_what_became_of_deliveries_is_counted_by_channel(telling: Telling) -> None:
    product = await telling.shop.product("100.00")
    for _ in range(4):
        await want(await telling.shopper(), product)
    gone = await telling.shopper()
    await want(gone, product)
    await telling.price(product, "80.00")
    await telling.factory.execute("UPDATE users SET email_allowed = false WHERE email = %s", gone.email)
    counted = Counted()
    await telling.deliver(NEVER, LATER)
    gained = Counter({name: n for name, n in counted.take().items() if name.startswith("deliveries:")})
    assert gained == {
        "deliveries:sent:email": 2,
        "deliveries:dead:email": 1,
        "deliveries:retried:email": 1,
        "deliveries:dropped:email": 1,
    }
