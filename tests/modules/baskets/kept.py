"""A basket whose bytes are cached, and whether its shopper gets to see what has changed since."""

from tests.factories import Client, Factory
from tests.modules.baskets.buying import BASKET, look
from tests.modules.baskets.scene import Scene


class Kept:
    """A basket with two lines and an offer, looked at so that its bytes are cached."""

    def __init__(self, shopper: Client, factory: Factory, scene: Scene) -> None:
        self.shopper, self.factory, self.scene = shopper, factory, scene
        self.body = b""
        self.tag = ""

    async def prepare(self) -> "Kept":
        """Make it."""
        self.one = await self.factory.product(price="10.00", stock=9)
        self.two = await self.factory.product(price="20.00", stock=9)
        self.basket = (await look(self.shopper)).pk or 0
        self.line = await self.scene.line(self.basket, self.one, 2)
        await self.scene.line(self.basket, self.two, 1)
        self.offer = await self.scene.offer("percentage", 10, label="Ten")
        await self.remember()
        return self

    async def remember(self) -> None:
        """Look, so that this is what a cache would have."""
        answer = await self.shopper.get(BASKET)
        self.body, self.tag = answer.content, answer.headers["etag"]

    async def is_unchanged(self) -> bool:
        """Whether the client's copy still counts."""
        answer = await self.shopper.get(BASKET, headers={"If-None-Match": self.tag})
        return answer.status_code == 304

    async def notices(self) -> bool:
        """Whether the next look shows something else under another tag."""
        answer = await self.shopper.get(BASKET, headers={"If-None-Match": self.tag})
        return answer.status_code == 200 and answer.content != self.body and answer.headers["etag"] != self.tag
