"""Whether a condition holds, how many times over, and which units it then uses."""

from src.modules.offers.rules.campaign import Condition
from src.modules.offers.rules.ledger import Basket, Ledger, Positions, Taken
from src.modules.offers.rules.outcome import Missing


def times(condition: Condition, positions: Positions, basket: Basket, ledger: Ledger) -> int | Missing:
    """How often the condition holds over the lines that it is about, or what is missing; terms are not looked at."""
    scale = 1
    if condition.type == "amount":
        scale = ledger.prices(condition.price_type).scale
        there = ledger.worth(positions, condition.price_type)
    elif condition.type == "distinct":
        codes = basket.codes(condition.distinct_by)
        there = len({codes[place] for place in positions if ledger.free[place]})
    else:
        there = ledger.count(positions)
    if there < condition.least * scale:
        return Missing.short(condition.type, condition.least, there // scale)
    if condition.over_limit is not None and there > condition.over_limit * scale:
        return Missing("over_limit", condition.over_limit, there // scale, 0, 100)
    if condition.type == "query" or condition.value <= 0:
        return 1
    return there // (condition.value * scale)


def units(condition: Condition, applications: int, positions: Positions, basket: Basket, ledger: Ledger) -> list[Taken]:
    """The units that the condition uses when the offer applies so many times: the cheapest that do."""
    price_type = condition.price_type
    if condition.type == "amount":
        return ledger.cheapest_worth(positions, price_type, applications * condition.value)
    if condition.type == "distinct":
        codes = basket.codes(condition.distinct_by)
        wanted = applications * condition.value
        first: dict[object, int] = {}
        for place in ledger.from_cheapest(positions, price_type):
            if len(first) >= wanted:
                break
            if ledger.free[place]:
                first.setdefault(codes[place], place)
        return [Taken(place, 1) for place in first.values()]
    return ledger.cheapest(positions, price_type, applications * condition.least)
