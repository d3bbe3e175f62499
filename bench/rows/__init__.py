"""What is measured: each module here declares rows, in the order in which they run."""

from bench.measure import Row
from bench.rows import baskets, engine, favourites, imports

# Imports come last: they change every price and make the catalogue much larger.
ROWS: list[Row] = [*favourites.ROWS, *baskets.ROWS, *engine.ROWS, *imports.ROWS]
