"""Every resource that may be fed: what the warehouse shows, and what only decides prices and stocks."""

from src.modules.catalogue import RESOURCES as CATALOGUE
from src.modules.warehouse import SHOWN
from src.platform.resources import one_per_path

RESOURCES = one_per_path([*SHOWN.values(), *(resource for resource in CATALOGUE if resource.shown is None)])
