"""What is measured: each module here declares rows, in the order in which they run."""

from bench.measure import Row
from bench.rows import (
    baskets,
    collections,
    deliveries,
    engine,
    exports,
    fan_out,
    favourites,
    imports,
    lag,
    mails,
    orders,
    streams,
    telemetry,
    updates,
    warehouse,
)

# Imports come last: they change every price and make the catalogue much larger.
ROWS: list[Row] = [
    *favourites.ROWS,
    *baskets.ROWS,
    *telemetry.ROWS,
    *collections.ROWS,
    *exports.ROWS,
    *engine.ROWS,
    *deliveries.ROWS,
    *mails.ROWS,
    *updates.ROWS,
    *lag.ROWS,
    *streams.ROWS,
    *fan_out.ROWS,
    *warehouse.ROWS,
    *orders.ROWS,
    *imports.ROWS,
]
