"""Which offers apply to a basket, in which order, and what each takes off which line.

Either the offers that go together apply, one after the other, or one that wants to be alone. All arithmetic is on
whole numbers, and everything goes by ids and priorities: the order of lines and offers never matters.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from src.modules.offers.rules import benefits, conditions
from src.modules.offers.rules.basket import Line, Shopper
from src.modules.offers.rules.campaign import Benefit, Offer
from src.modules.offers.rules.ledger import Basket, Ledger, Positions, Taken
from src.modules.offers.rules.outcome import Allocation, Applied, Missing, Outcome
from src.modules.offers.rules.ranking import Ranking
from src.modules.offers.rules.terms import unmet

_POINTS = ("point", "loyalty_point")
_COUPONS = ("coupon", "voucher")
# What is missing of these is missing whatever other offers do.
_FOR_GOOD = ("terms", "products")


class Case(NamedTuple):
    """An offer before one basket: the lines that its condition and its benefit are about."""

    offer: Offer
    counted: Positions
    reduced: Positions


class Claim(NamedTuple):
    """What an offer whose condition holds gives, not yet booked: the units it reduces, and those it is shared with."""

    applications: int
    discount: int
    reduced: Sequence[Taken]
    sharing: Sequence[Taken]


Verdict: TypeAlias = Missing | Claim


class _Candidate(NamedTuple):
    """Offers that may apply together, and the verdict on each that was looked at."""

    applied: list[Applied]
    verdicts: dict[int, Verdict]


def allocate(lines: Sequence[Line], offers: Sequence[Offer], shopper: Shopper) -> Allocation:
    """Applies what takes the most off; of equals, the most offers, then those that go together, then the first."""
    basket = Basket(lines, shopper)
    ranked, here = sorted(offers, key=attrgetter("rank")), basket.collections
    allocation = _compete(basket, [offer for offer in ranked if offer.may_be_for(here)])
    outcomes = {outcome.offer_id: outcome for outcome in allocation.outcomes}
    return Allocation(
        allocation.applied, tuple([outcomes.get(offer.id) or offer.for_other_products for offer in ranked])
    )


def allocate_ranked(lines: Sequence[Line], ranking: Ranking, shopper: Shopper) -> Allocation:
    """The same, but looks only at what may apply or has something to tell: most offers are about other baskets."""
    basket = Basket(lines, shopper)
    return _compete(basket, ranking.for_basket(basket))


def _compete(basket: Basket, offers: Sequence[Offer]) -> Allocation:
    """What comes out among `offers`, which are given in their order."""
    untouched = Ledger(basket)
    chosen = basket.positions
    cases = [Case(offer, chosen(offer.counted), chosen(offer.reduced)) for offer in offers]
    alone = [(case, _judge(case, basket, untouched)) for case in cases]
    winner = _together(alone, basket)
    singles = [
        (case, verdict)
        for case, verdict in alone
        if isinstance(verdict, Claim) and not case.offer.is_mergable and _gives(case.offer.benefit, verdict)
    ]
    if singles:
        case, claim = max(singles, key=lambda single: single[1].discount)
        if (claim.discount, 1) > (sum(applied.discount for applied in winner.applied), len(winner.applied)):
            winner = _Candidate([_book(case, claim, basket, Ledger(basket))], {})
    return Allocation(tuple(winner.applied), tuple(_outcomes(alone, winner)))


def _judge(case: Case, basket: Basket, ledger: Ledger) -> Verdict:
    """What the offer would give now."""
    offer, condition, benefit = case.offer, case.offer.condition, case.offer.benefit
    if condition.about_others:
        missing = unmet(condition.about_others, basket.situation)
        if missing is not None:
            return missing
    if not case.counted:
        return condition.nowhere
    times = conditions.times(condition, case.counted, basket, ledger)
    if isinstance(times, Missing):
        return times
    if offer.max_applications:
        times = min(times, offer.max_applications)
    discount, reduced = benefits.reduction(benefit, times, case.reduced, ledger)
    sharing: Sequence[Taken] = ()
    if discount:
        places = {place for place, _ in reduced}
        if benefit.shared_with_condition:
            sharing = conditions.units(condition, times, case.counted, basket, ledger)
            places.update([place for place, _ in sharing])
        # A price may be computed from more than is still to be paid.
        left = ledger.left
        discount = min(discount, sum([left[place] for place in places]))
    return Claim(times, discount, reduced, sharing)


def _together(alone: Sequence[tuple[Case, Verdict]], basket: Basket) -> _Candidate:
    """The offers that go together, each applied to what those before it have left."""
    ledger = Ledger(basket)
    candidate = _Candidate([], {})
    for case, verdict in alone:
        offer = case.offer
        if not offer.is_mergable:
            continue
        if ledger.changed and _may_differ(case, verdict, ledger):
            verdict = _judge(case, basket, ledger)
        candidate.verdicts[offer.id] = verdict
        if isinstance(verdict, Claim) and _gives(offer.benefit, verdict):
            candidate.applied.append(_book(case, verdict, basket, ledger))
    return candidate


def _may_differ(case: Case, verdict: Verdict, ledger: Ledger) -> bool:
    """Whether offers applied since have changed anything that the verdict depends on."""
    if isinstance(verdict, Missing):
        if verdict.reason in _FOR_GOOD:
            return False
        changed = ledger.changed if case.offer.condition.reads_discounts else ledger.used
        return not changed.isdisjoint(case.counted)
    changed = ledger.changed
    return not (changed.isdisjoint(case.counted) and changed.isdisjoint(case.reduced))


def _gives(benefit: Benefit, claim: Claim) -> bool:
    """Whether there is anything in it for the shopper."""
    return (
        claim.discount > 0
        or benefit.type == "shipping_free"
        or (benefit.type in _POINTS and benefit.points > 0)
        or (benefit.type in _COUPONS and benefit.cents > 0)
    )


def _book(case: Case, claim: Claim, basket: Basket, ledger: Ledger) -> Applied:
    """Applies the offer: cents go off the lines, and the units that it uses up are gone."""
    condition, benefit = case.offer.condition, case.offer.benefit
    used: list[Taken] = []
    if condition.consumes_globally:
        used += conditions.units(condition, claim.applications, case.counted, basket, ledger)
    if benefit.consumes_globally:
        used += claim.reduced
    discounts = _by_place(benefit, claim, ledger) if claim.discount else []
    ledger.book(discounts, used)
    return Applied(
        offer_id=case.offer.id,
        applications=claim.applications,
        discount=claim.discount,
        by_line={basket.lines[place].id: part for place, part in discounts},
        shipping_free=benefit.type == "shipping_free",
        points=benefit.points * claim.applications if benefit.type in _POINTS else 0,
        coupon=benefit.cents * claim.applications if benefit.type in _COUPONS else 0,
    )


def _by_place(benefit: Benefit, claim: Claim, ledger: Ledger) -> list[tuple[int, int]]:
    """The discount's part of each line that gets any."""
    units = dict(claim.reduced)
    for place, taken in claim.sharing:
        units[place] = max(units.get(place, 0), taken)
    places = sorted(units)
    each = ledger.prices(benefit.price_type).each
    weights = [each[place] * units[place] for place in places]
    parts = benefits.spread(claim.discount, weights, [ledger.left[place] for place in places])
    return [(place, part) for place, part in zip(places, parts, strict=True) if part]


def _outcomes(alone: Sequence[tuple[Case, Verdict]], winner: _Candidate) -> list[Outcome]:
    """What became of each offer that was looked at."""
    outcomes = []
    winners = tuple(applied.offer_id for applied in winner.applied)
    applied_ids = frozenset(winners)
    before: list[int] = []
    for (offer, _, _), verdict in alone:
        cents = verdict.discount if isinstance(verdict, Claim) else 0
        if offer.id in applied_ids:
            before.append(offer.id)
            outcomes.append(Outcome(offer.id, "applied", (), cents))
            continue
        now = winner.verdicts.get(offer.id, verdict)
        missing = now if isinstance(now, Missing) else None
        if isinstance(verdict, Claim) and _gives(offer.benefit, verdict):
            # Among those that go together, only the ones before it can have taken what it needs.
            beaten_by = tuple(before) if offer.id in winner.verdicts else winners
            outcomes.append(Outcome(offer.id, "beaten", beaten_by, cents, missing))
        else:
            outcomes.append(Outcome(offer.id, "missing" if missing else "nothing", (), cents, missing))
    return outcomes
