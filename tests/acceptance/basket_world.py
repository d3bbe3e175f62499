"""The shop of a state machine: whatever is fed into it is in the model, too."""

import contextlib
from collections.abc import Mapping

import redis

from tests.acceptance.basket_browser import Fed
from tests.acceptance.basket_model import Campaign, Item, Model
from tests.acceptance.basket_shop import Shop

ITEMS, CAMPAIGNS = 5, 5
CODED = CAMPAIGNS - 1  # the campaign that needs its code
STOCK = 8
SOME = frozenset({0, 1, 2})
BOTH = ("try", "usd")


def decimals(amount: int) -> str:
    """Cents as an amount with two decimals."""
    return f"{amount // 100}.{amount % 100:02d}"


def cents(text: str) -> int:
    """An amount in cents."""
    return round(float(text) * 100)


def attributes(word: str) -> dict[str, str]:
    """The attributes of a line that a word stands for; the empty one stands for none."""
    return {"choice": word} if word else {}


def choice(attributes: Mapping[str, str]) -> str:
    """The word that stands for such attributes."""
    return attributes.get("choice", "")


def known(currency: str | None) -> str | None:
    """The currency that counts: nothing has a price in euros, so asking for them is ignored."""
    return None if currency == "eur" else currency


def drafts(code: str) -> list[Campaign]:
    """One campaign of each kind, still without ids."""
    return [
        Campaign(0, "percentage", 10, "quantity", 2, currencies=BOTH),
        Campaign(0, "percentage", 7, "amount", 30_000, of_what_is_left=True, priority=2),
        Campaign(0, "fixed", 150, "quantity", 1, about=SOME, priority=1),
        Campaign(0, "multibuy", 50, "quantity", 3, about=SOME, currencies=BOTH, merges=False),
        Campaign(0, "percentage", 13, "quantity", 2, code=code),
    ]


class World:
    """A shop with a few products, campaigns of every kind, and the model of them."""

    def __init__(self, shop: Shop, cache_url: str) -> None:
        self.shop = shop
        self._cache_url = cache_url
        # One has no price in dollars.
        prices = [{"try": 10_000 + 5_000 * n, **({"usd": 12_000} if n else {})} for n in range(ITEMS)]
        self.products: list[Fed] = [
            shop.product(decimals(price["try"]), stock=STOCK, usd=decimals(price["usd"]) if n else None)
            for n, price in enumerate(prices)
        ]
        self.code = f"MACHINE-{self.products[0].id}"
        items = [Item(product.id, price, STOCK) for product, price in zip(self.products, prices, strict=True)]
        self.model = Model(items, drafts(self.code))
        self._collection = shop.collection(*(self.products[place] for place in sorted(SOME)))
        for campaign in self.model.campaigns:
            self._start(campaign)

    def _start(self, campaign: Campaign) -> None:
        about = self._collection if campaign.about else None
        campaign.id = self.shop.offer(
            campaign.kind,
            _amount(campaign),
            condition=campaign.condition,
            value=_value(campaign),
            gives={"price_type": _price_type(campaign)},
            on=about,
            gives_on=about,
            currencies=list(campaign.currencies),
            priority=campaign.priority,
            is_mergable=campaign.merges,
            allowed_quantity_per_basket=int(campaign.kind == "fixed"),
            offer_type="coupon_code" if campaign.code else "sitewide",
            voucher_code=campaign.code,
        )

    def reprice(self, place: int, currency: str, cents: int) -> None:
        """Change a price, where there is one."""
        if currency in self.model.items[place].prices:
            self.model.items[place].prices[currency] = cents
            self.shop.price(self.products[place], decimals(cents), currency_type=currency)

    def restock(self, place: int, stock: int) -> None:
        """Change a stock."""
        self.model.items[place].stock = stock
        self.shop.stock(self.products[place], stock)

    def activate(self, place: int, *, active: bool) -> None:
        """Change whether a product is for sale."""
        self.model.items[place].active = active
        self.shop.activity(self.products[place], active=active)

    def run(self, nth: int, *, active: bool) -> None:
        """Begin or end a campaign."""
        campaign = self.model.campaigns[nth]
        campaign.active = active
        status = "active" if active else "passive"
        self.shop.feed("campaigns/basket-offers", {"id": campaign.id, "status": status})

    def rank(self, nth: int, priority: int, *, merges: bool) -> None:
        """Change how a campaign goes together with others."""
        campaign = self.model.campaigns[nth]
        campaign.priority, campaign.merges = priority, merges
        row = {"id": campaign.id, "priority": priority, "is_mergable": merges}
        self.shop.feed("campaigns/basket-offers", row)

    def give(self, nth: int, amount: int) -> None:
        """Change what a campaign gives; up to 15 of these, all campaigns together never take a whole line away."""
        campaign = self.model.campaigns[nth]
        campaign.amount = amount * {"fixed": 20, "multibuy": 3, "percentage": 1}[campaign.kind]
        kwargs = {"amount": _amount(campaign), "price_type": _price_type(campaign), "consume_type": "locally"}
        self.shop.feed("campaigns/benefits", {"id": campaign.id, "kwargs": kwargs})

    def ask(self, nth: int, value: int) -> None:
        """Change what a campaign asks for."""
        campaign = self.model.campaigns[nth]
        campaign.value = value * 10_000 if campaign.condition == "amount" else value
        kwargs = {"value": _value(campaign), "price_type": "unit_price", "consume_type": "locally"}
        self.shop.feed("campaigns/conditions", {"id": campaign.id, "kwargs": kwargs})

    def lose_the_cache(self) -> None:
        """Empty what the processes share, unless it is away at the moment."""
        with (
            contextlib.closing(redis.Redis.from_url(self._cache_url)) as cache,
            contextlib.suppress(redis.ConnectionError),
        ):
            cache.flushall()

    def kill(self, name: str) -> None:
        """End a process behind the service, which starts it again."""
        process = self.shop.service.children().get(name)
        if process is not None:
            process.kill()


def _amount(campaign: Campaign) -> float:
    return campaign.amount / 100 if campaign.kind == "fixed" else campaign.amount


def _value(campaign: Campaign) -> float:
    return campaign.value / 100 if campaign.condition == "amount" else campaign.value


def _price_type(campaign: Campaign) -> str:
    return "discount_unit_price" if campaign.of_what_is_left else "unit_price"
