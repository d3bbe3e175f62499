"""The offers engine: pure, on whole cents, without a clock. `allocate` is all of it; the rest is what it speaks in."""

from src.modules.offers.rules.allocation import allocate, allocate_ranked
from src.modules.offers.rules.basket import Line, Product, ProductFacts, Shopper
from src.modules.offers.rules.campaign import Benefit, Condition, Offer
from src.modules.offers.rules.outcome import Allocation, Applied, Missing, Outcome
from src.modules.offers.rules.ranking import Ranking
from src.modules.offers.rules.reading import read_benefit, read_condition
from src.modules.offers.rules.terms import Term, matches, product_terms
from src.modules.offers.rules.unfit import UnfitCampaign

__all__ = [
    "Allocation",
    "Applied",
    "Benefit",
    "Condition",
    "Line",
    "Missing",
    "Offer",
    "Outcome",
    "Product",
    "ProductFacts",
    "Ranking",
    "Shopper",
    "Term",
    "UnfitCampaign",
    "allocate",
    "allocate_ranked",
    "matches",
    "product_terms",
    "read_benefit",
    "read_condition",
]
