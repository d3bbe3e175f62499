"""Every resource that may be fed, from the features that own them."""

from src.modules.alerts import RESOURCES as ALERTS
from src.modules.catalogue import RESOURCES as CATALOGUE
from src.modules.identity import RESOURCES as IDENTITY
from src.modules.offers import RESOURCES as OFFERS
from src.platform.resources import one_per_path

RESOURCES = one_per_path([*CATALOGUE, *IDENTITY, *OFFERS, *ALERTS])
