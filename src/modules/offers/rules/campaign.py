"""A campaign as the engine sees it. These objects live long: what follows from one alone is worked out once."""

from collections.abc import Container
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias, get_args

import msgspec

from src.modules.offers.rules.outcome import Missing, Outcome
from src.modules.offers.rules.terms import Term, is_about_products

PriceType: TypeAlias = Literal["unit_price", "discount_unit_price", "retail_price"]
ConditionType: TypeAlias = Literal["amount", "quantity", "distinct", "query"]
BenefitType: TypeAlias = Literal[
    "percentage",
    "fixed",
    "multibuy",
    "sample_product",
    "shipping_free",
    "point",
    "loyalty_point",
    "coupon",
    "voucher",
]
DistinctBy: TypeAlias = Literal["sku", "base_code"]

PRICE_TYPES: tuple[PriceType, ...] = get_args(PriceType)
CONDITION_TYPES: tuple[ConditionType, ...] = get_args(ConditionType)
BENEFIT_TYPES: tuple[BenefitType, ...] = get_args(BenefitType)
DISTINCT_BY: tuple[DistinctBy, ...] = get_args(DistinctBy)

_LAST = 2**63


class Choice(NamedTuple):
    """Lines that an offer is about: of a collection (None: of any) and fulfilling terms, of data sources or not."""

    collection: int | None
    from_data_sources: bool
    terms: tuple[Term, ...] = ()


class Condition(msgspec.Struct, frozen=True, dict=True):
    """What a basket must hold; `value` and `over_limit` are cents for `amount`, else units or codes."""

    type: ConditionType
    value: int = 0
    over_limit: int | None = None
    price_type: PriceType = "unit_price"
    consumes_globally: bool = False
    distinct_by: DistinctBy = "sku"
    collection: int | None = None
    terms: tuple[Term, ...] = ()

    @cached_property
    def least(self) -> int:
        """What must be there; a query wants one unit at the least."""
        return max(1, self.value) if self.type == "query" else self.value

    @cached_property
    def about_products(self) -> tuple[Term, ...]:
        """The terms that the units it counts must fulfil."""
        return tuple(term for term in self.terms if is_about_products(term))

    @cached_property
    def about_others(self) -> tuple[Term, ...]:
        """The terms that shopper and basket must fulfil."""
        return tuple(term for term in self.terms if not is_about_products(term))

    @cached_property
    def reads_discounts(self) -> bool:
        """Whether what earlier offers take off decides if it holds; it is always decided by the units they use up."""
        return self.type == "amount" and self.price_type == "discount_unit_price"

    @cached_property
    def nowhere(self) -> Missing:
        """What is missing when it is about no line of a basket."""
        return Missing.short("products", self.least, 0)


class Benefit(msgspec.Struct, frozen=True, dict=True):
    """What an offer gives; `amount` is percent, money or points, as the type says."""

    type: BenefitType
    amount: Decimal | None = None
    price_type: PriceType = "unit_price"
    consumes_globally: bool = False
    allowed_quantity: int | None = None
    shared_with_condition: bool = False
    collection: int | None = None

    @cached_property
    def fraction(self) -> tuple[int, int]:
        """The percentage as a fraction, all of the price when nothing is said."""
        above, below = (Decimal(100) if self.amount is None else self.amount).as_integer_ratio()
        return above, below * 100

    @cached_property
    def cents(self) -> int:
        """The money in cents."""
        return int(((self.amount or Decimal()) * 100).to_integral_value(ROUND_HALF_UP))

    @cached_property
    def points(self) -> int:
        """The whole points."""
        return int(self.amount or 0)

    @property
    def units(self) -> int:
        """How many units are cheaper, one when nothing is said."""
        return 1 if self.allowed_quantity is None else self.allowed_quantity


class Offer(msgspec.Struct, frozen=True, dict=True):
    """A condition with what it is good for; `max_applications` is per basket, 0 for no limit."""

    id: int
    priority: int
    is_mergable: bool
    max_applications: int
    for_data_sources: bool
    condition: Condition
    benefit: Benefit

    def may_be_for(self, collections: Container[int | None]) -> bool:
        """Whether it is worth a look where these collections are: most offers are about products that are not there."""
        return self.condition.collection in collections or bool(self.condition.about_others)

    @cached_property
    def for_other_products(self) -> Outcome:
        """What becomes of it where it is not worth a look."""
        return Outcome(self.id, "missing", missing=self.condition.nowhere)

    @cached_property
    def rank(self) -> tuple[int, int]:
        """Its place among all offers: priority 1, 2 and so on, then those without (0); the oldest first."""
        return (self.priority or _LAST, self.id)

    @cached_property
    def counted(self) -> Choice:
        """The lines that the condition is about."""
        return Choice(self.condition.collection, self.for_data_sources, self.condition.about_products)

    @cached_property
    def reduced(self) -> Choice:
        """The lines that the benefit is about."""
        return Choice(self.benefit.collection, self.for_data_sources)
