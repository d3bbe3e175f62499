"""`python -m bench`: seeds a shop, starts the service as in production and measures it against the floors."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from bench import seed, server
from bench.measure import Bench, Options, Row
from bench.report import Result, table, write_json
from bench.rows import ROWS


def main() -> int:
    """Runs the rows that the command line names; errors fail the run, figures never do."""
    arguments = _parser().parse_args()
    if arguments.list:
        print("\n".join(row.name for row in ROWS))
        return 0
    rows = _chosen(arguments.rows)
    if not rows:
        print(f"no row is called {' or '.join(arguments.rows)}; --list shows them all", file=sys.stderr)
        return 2
    sizes = seed.Sizes(
        products=arguments.products,
        shoppers=arguments.shoppers,
        favourites=arguments.favourites,
        price_rows=arguments.price_rows,
        imported_products=arguments.imported_products,
    )
    options = Options(
        seconds=arguments.seconds,
        rounds=arguments.rounds,
        connections=arguments.connections,
        workers=arguments.workers,
    )
    try:
        results = uvloop.run(_run(rows, sizes, options))
    except server.BenchError as error:
        print(error, file=sys.stderr)
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 130
    if arguments.json:
        write_json(results, arguments.json)
    print(table(results))
    return 1 if any(result.errors for result in results) else 0


async def _run(rows: list[Row], sizes: seed.Sizes, options: Options) -> list[Result]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101
    # Like Ctrl-C: unwinds, so that every process of the run is stopped.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with server.stores() as stores:
        print(
            f"seeding {sizes.products:,} products, {sizes.favourites:,} favourites …",
            file=sys.stderr,
            flush=True,
        )
        server.migrate(stores)
        async with Bench(stores, await seed.fill(stores.database_url, sizes), options) as bench:
            return [await bench.measure(row) for row in rows]


def _chosen(names: list[str]) -> list[Row]:
    """The rows of these names; what is no row's whole name may be a part of some."""
    whole = {row.name for row in ROWS} & set(names)
    parts = [name for name in names if name not in whole]
    return [row for row in ROWS if row.name in whole or any(part in row.name for part in parts)]


def _parser() -> argparse.ArgumentParser:
    sizes, options = seed.Sizes(), Options()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--json", type=Path, metavar="FILE", help="write the rows as a JSON list")
    add(
        "--rows",
        nargs="+",
        default=[""],
        metavar="NAME",
        help="rows whose name contains one of these (default: all)",
    )
    add("--list", action="store_true", help="show the names of the rows and stop")
    add("--products", type=int, default=sizes.products)
    add("--shoppers", type=int, default=sizes.shoppers)
    add("--favourites", type=int, default=sizes.favourites)
    add("--price-rows", type=int, default=sizes.price_rows, help="rows of the price upsert")
    add("--imported-products", type=int, default=sizes.imported_products, help="rows of the product import")
    add("--seconds", type=float, default=options.seconds, help="length of one slice")
    add("--rounds", type=int, default=options.rounds, help="slices of each row")
    add("--connections", type=int, default=options.connections)
    add(
        "--workers",
        type=int,
        default=options.workers,
        help="worker processes of the service and of the floors",
    )
    for action in parser._actions:
        if isinstance(action.default, (int, float)) and action.type is not None:
            action.help = f"{action.help or 'how many'} (default: %(default)s)"
    return parser


if __name__ == "__main__":
    sys.exit(main())
