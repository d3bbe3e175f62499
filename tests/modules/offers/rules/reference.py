"""The rules of offers once more, slowly: unit by unit, in fractions, from the campaigns' words as they are fed.

It shares no code with the engine and takes no care of time. What both say must be the same.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from tests.modules.offers.rules.fed import Fed


class Given(NamedTuple):
    """What an offer gives: cents by line id, and what does not touch the total."""

    offer_id: int
    applications: int
    by_line: dict[int, int]
    shipping_free: bool
    points: int
    coupon: int

    @property
    def discount(self) -> int:
        """All of its cents."""
        return sum(self.by_line.values())


class Lacking(NamedTuple):
    """Why its condition does not hold."""

    reason: str
    required: int
    partial: int


class Become(NamedTuple):
    """What became of an offer."""

    offer_id: int
    state: str
    beaten_by: tuple[int, ...]
    alone: int
    lacking: Lacking | None


class Unit(NamedTuple):
    """One piece of a line."""

    line: Any
    number: int


class Shop:
    """A basket piece by piece: which pieces are gone, and what has been taken off each line."""

    def __init__(self, lines: Sequence[Any], shopper: Any) -> None:
        self.lines = sorted(lines, key=lambda line: line.id)
        self.shopper = shopper
        self.gone: set[tuple[int, int]] = set()
        self.taken_off = {line.id: 0 for line in lines}

    def price(self, unit: Unit, price_type: str) -> Fraction:
        """The price of a piece now."""
        line = unit.line
        if price_type == "retail_price":
            return Fraction(line.retail_price)
        if price_type == "discount_unit_price":
            return Fraction(line.unit_price * line.quantity - self.taken_off[line.id], line.quantity)
        return Fraction(line.unit_price)

    def free(self, lines: Sequence[Any]) -> list[Unit]:
        """The pieces of lines that nobody has used up."""
        units = [Unit(line, number) for line in lines for number in range(line.quantity)]
        return [unit for unit in units if (unit.line.id, unit.number) not in self.gone]

    def from_cheapest(self, units: Sequence[Unit], price_type: str) -> list[Unit]:
        """The cheapest first; of equals the oldest line's."""
        return sorted(units, key=lambda unit: (self.price(unit, price_type), unit.line.id, unit.number))

    def sum(self, units: Sequence[Unit], price_type: str) -> Fraction:
        """What pieces cost together."""
        return sum((self.price(unit, price_type) for unit in units), Fraction())


def money(value: Any) -> Fraction:
    """Cents."""
    return Fraction(str(value)) * 100


def terms_of(condition: dict[str, Any]) -> list[Any]:
    """Both lists must hold."""
    return [*condition.get("query", []), *condition.get("sub_conditions", [])]


def product_fits(line: Any, name: str, value: Any) -> bool:
    """A term about a product; those about anything else are fulfilled by every product."""
    if name == "sku_in":
        return line.sku in value
    if name == "base_code_in":
        return line.base_code in value
    if name == "category_in":
        return any(category in value for category in line.categories)
    if name.startswith("attributes__"):
        key = name[len("attributes__") :]
        wanted = value if key.endswith("__in") else [value]
        had = line.attributes.get(key.removesuffix("__in"))
        return any(str(one) in [str(each) for each in wanted] for one in (had if isinstance(had, list) else [had]))
    return True


def others_fit(shop: Shop, terms: list[Any]) -> Lacking | None:
    """Terms about the shopper and the whole basket."""
    who = shop.shopper
    amount = sum(line.unit_price * line.quantity for line in shop.lines)
    quantity = sum(line.quantity for line in shop.lines)
    small: list[Lacking] = []
    for name, value in terms:
        fits = True
        if name == "email_in":
            fits = who.email in value
        elif name == "user_in":
            fits = who.user_id in value
        elif name == "user_group_in":
            fits = bool(who.groups & set(value))
        elif name == "currency_in":
            fits = who.currency in value
        elif name == "client_type_in":
            fits = who.client_type in value
        elif name == "basket__get_total_product_amount__lte":
            fits = amount <= money(value)
        elif name == "basket__total_quantity__lte":
            fits = quantity <= value
        elif name == "basket__get_total_product_amount__gte" and amount < money(value):
            small.append(Lacking("amount", int(money(value)), amount))
        elif name == "basket__total_quantity__gte" and quantity < value:
            small.append(Lacking("quantity", value, quantity))
        if not fits:
            return Lacking("terms", 0, 0)
    return small[0] if small else None


def half_up(number: Fraction) -> int:
    """Rounded, a half upwards."""
    return floor(number + Fraction(1, 2))


def shares(total: int, weights: dict[int, Fraction], room: dict[int, int]) -> dict[int, int]:
    """Largest remainders; what is too much for a line goes on to the next line, a cent at a time."""
    whole = sum(weights.values())
    exact = {line: total * weight / whole for line, weight in weights.items()}
    parts = {line: floor(part) for line, part in exact.items()}
    by_remainder = sorted(exact, key=lambda line: (parts[line] - exact[line], line))
    for line in by_remainder[: total - sum(parts.values())]:
        parts[line] += 1
    order = sorted(parts)
    while over := [line for line in order if parts[line] > room[line]]:
        following = order[(order.index(over[0]) + 1) % len(order)]
        excess = parts[over[0]] - room[over[0]]
        parts[over[0]] -= excess
        parts[following] += excess
    return {line: part for line, part in parts.items() if part}


def try_offer(offer: Fed, shop: Shop) -> Given | Lacking:
    """Applies one offer to the shop as it is, if it holds."""
    condition, benefit = offer.condition, offer.benefit
    lacking = others_fit(shop, terms_of(condition))
    if lacking:
        return lacking
    visible = [line for line in shop.lines if offer.for_data_sources or not line.from_data_source]
    counted_lines = [
        line
        for line in visible
        if (offer.condition_collection is None or offer.condition_collection in line.collections)
        and all(product_fits(line, name, value) for name, value in terms_of(condition))
    ]
    is_amount = offer.condition_type == "amount"
    value = money(condition.get("value", 0)) if is_amount else Fraction(condition.get("value", 0))
    over_limit = condition.get("overlimit")
    needed = max(Fraction(1), value) if offer.condition_type == "query" else value
    if not counted_lines:
        return Lacking("products", int(needed), 0)
    price_type = condition.get("price_type", "unit_price")
    pool = shop.from_cheapest(shop.free(counted_lines), price_type)

    def code(unit: Unit) -> Any:
        if condition.get("distinct_by", "sku") == "sku":
            return unit.line.sku
        return unit.line.base_code if unit.line.base_code is not None else ("none", unit.line.sku)

    have = Fraction(len(pool))
    if is_amount:
        have = shop.sum(pool, price_type)
    elif offer.condition_type == "distinct":
        have = Fraction(len({code(unit) for unit in pool}))
    if have < needed:
        return Lacking(offer.condition_type, int(needed), floor(have))
    if over_limit is not None and have > (money(over_limit) if is_amount else over_limit):
        return Lacking("over_limit", int(money(over_limit) if is_amount else over_limit), floor(have))
    times = 1 if value == 0 or offer.condition_type == "query" else floor(have / value)
    if offer.max_applications:
        times = min(times, offer.max_applications)

    conditional: list[Unit] = []
    for unit in pool:
        if is_amount:
            enough = shop.sum(conditional, price_type) >= times * value
        elif offer.condition_type == "query":
            enough = len(conditional) >= needed
        else:
            enough = len(conditional) >= times * value
        if enough:
            break
        if offer.condition_type != "distinct" or code(unit) not in [code(other) for other in conditional]:
            conditional.append(unit)

    cheaper_lines = [
        line for line in visible if offer.benefit_collection is None or offer.benefit_collection in line.collections
    ]
    price_type = benefit.get("price_type", "unit_price")
    pool = shop.from_cheapest(shop.free(cheaper_lines), price_type)
    given, cents = Given(offer.id, times, {}, False, 0, 0), 0
    if offer.benefit_type == "percentage":
        cents = half_up(shop.sum(pool, price_type) * Fraction(str(benefit["amount"])) / 100)
    elif offer.benefit_type == "fixed":
        cents = floor(min(shop.sum(pool, price_type), money(benefit["amount"]) * times))
    elif offer.benefit_type in ("multibuy", "sample_product"):
        allowed = benefit.get("allowed_quantity", 1) * (times if offer.benefit_type == "multibuy" else 1)
        pool = pool[:allowed]
        cents = half_up(shop.sum(pool, price_type) * Fraction(str(benefit.get("amount", 100))) / 100)
    else:
        pool = []
        if offer.benefit_type == "shipping_free":
            given = given._replace(shipping_free=True)
        elif offer.benefit_type in ("point", "loyalty_point"):
            given = given._replace(points=floor(Fraction(str(benefit["amount"]))) * times)
        else:
            given = given._replace(coupon=int(money(benefit["amount"])) * times)

    shared = conditional if benefit.get("share_benefit_on_conditions") else []
    spread_over = {(unit.line.id, unit.number): unit for unit in (*pool, *shared)}
    if cents and spread_over:
        weights: dict[int, Fraction] = {}
        for unit in spread_over.values():
            weights[unit.line.id] = weights.get(unit.line.id, Fraction()) + shop.price(unit, price_type)
        room = {line.id: line.unit_price * line.quantity - shop.taken_off[line.id] for line in shop.lines}
        cents = min(cents, sum(room[line] for line in weights))
        given = given._replace(by_line=shares(cents, weights, room))
    if gives(given):
        for line, part in given.by_line.items():
            shop.taken_off[line] += part
        for used, how in ((conditional, condition), (pool, benefit)):
            if how.get("consume_type") == "globally":
                shop.gone.update((unit.line.id, unit.number) for unit in used)
    return given


def gives(result: Given | Lacking) -> bool:
    """Whether an offer is worth anything."""
    if isinstance(result, Lacking):
        return False
    return bool(result.discount or result.shipping_free or result.points or result.coupon)


def work_out(lines: Sequence[Any], offers: Sequence[Fed], shopper: Any) -> tuple[list[Given], list[Become]]:
    """Tries every way that offers may go together, and takes the best."""
    ranked = sorted(offers, key=lambda offer: (offer.priority == 0, offer.priority, offer.id))
    alone = {offer.id: try_offer(offer, Shop(lines, shopper)) for offer in ranked}
    shop = Shop(lines, shopper)
    mixed = {offer.id: try_offer(offer, shop) for offer in ranked if offer.is_mergable}

    ways: list[list[Given]] = [[result for result in mixed.values() if isinstance(result, Given) and gives(result)]]
    for offer in ranked:
        result = alone[offer.id]
        if not offer.is_mergable and isinstance(result, Given) and gives(result):
            ways.append([result])
    # The first of the best: those that go together stand first, the others follow by rank.
    best = max(ways, key=lambda way: (sum(given.discount for given in way), len(way)))
    winners = [given.offer_id for given in best]

    became = []
    for offer in ranked:
        by_itself = alone[offer.id]
        cents = by_itself.discount if isinstance(by_itself, Given) else 0
        result = mixed[offer.id] if best is ways[0] and offer.is_mergable else by_itself
        lacking = result if isinstance(result, Lacking) else None
        if offer.id in winners:
            became.append(Become(offer.id, "applied", (), cents, None))
        elif gives(by_itself):
            earlier = [other.id for other in ranked[: ranked.index(offer)]]
            among = best is ways[0] and offer.is_mergable
            beaten_by = tuple(winner for winner in winners if not among or winner in earlier)
            became.append(Become(offer.id, "beaten", beaten_by, cents, lacking))
        else:
            became.append(Become(offer.id, "missing" if lacking else "nothing", (), cents, lacking))
    return best, became
