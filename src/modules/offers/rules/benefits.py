"""What a benefit takes off, and how that is spread over lines. All numbers are whole: nothing is rounded twice."""

from collections.abc import Sequence

from src.modules.offers.rules.campaign import Benefit
from src.modules.offers.rules.ledger import Ledger, Positions, Taken


def reduction(benefit: Benefit, applications: int, positions: Positions, ledger: Ledger) -> tuple[int, list[Taken]]:
    """The cents that a benefit takes off as such, and the units that it takes them off."""
    each, scale = ledger.prices(benefit.price_type)
    if benefit.type == "fixed":
        there = ledger.worth(positions, benefit.price_type) // scale
        return min(benefit.cents * applications, there), ledger.all_free(positions)
    if benefit.type == "percentage":
        worth = ledger.worth(positions, benefit.price_type)
        taken = ledger.all_free(positions)
    elif benefit.type in ("multibuy", "sample_product"):
        units = benefit.units * applications if benefit.type == "multibuy" else benefit.units
        taken = ledger.cheapest(positions, benefit.price_type, units)
        worth = sum([each[place] * units for place, units in taken])
    else:
        return 0, []
    above, below = benefit.fraction
    return half_up(worth * above, below * scale), taken


def half_up(above: int, below: int) -> int:
    """The quotient of two numbers that are not negative, rounded to a whole one, a half upwards."""
    return (2 * above + below) // (2 * below)


def spread(total: int, weights: Sequence[int], room: Sequence[int]) -> list[int]:
    """Parts of `total` in proportion to `weights`, by largest remainder, the first of equal ones first.

    No part exceeds its `room`: what does goes on to the next, and after the last to the first. There must be room
    for the whole, and weight if there is anything to spread.
    """
    whole = sum(weights)
    if total <= 0 or whole <= 0:
        return [0] * len(weights)
    parts, remainders = [], []
    for weight in weights:
        part, remainder = divmod(total * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    short = total - sum(parts)
    if short:
        for place in sorted(range(len(parts)), key=remainders.__getitem__, reverse=True)[:short]:
            parts[place] += 1
    carried = 0
    for _ in range(2):
        for place, part in enumerate(parts):
            if carried or part > room[place]:
                parts[place] = min(part + carried, room[place])
                carried += part - parts[place]
        if not carried:
            break
    return parts
