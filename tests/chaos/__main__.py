"""`make chaos`: a shop in full use whose parts are killed over and over; ends with what was true after it."""

import argparse
import tempfile
import time
from pathlib import Path

from tests.chaos import story


def main() -> None:
    """Run the story; the exit status tells how it ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how often something is killed (default %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="what makes the same choices again")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="wk chaos ") as folder:
        began = time.monotonic()
        told = story.run(Path(folder), options.kills, options.seed, lambda line: print(line, flush=True))
    print(f"{sum(told.harms.values())} blows in {time.monotonic() - began:.0f} s: {dict(told.harms)}")
    print(f"{told.acknowledged} writes acknowledged, each found in the next of {told.looked} reads, none lost")
    print(f"{told.updates} updates in the feeds at rest, all as the reference has them")
    for name, (sent, repeated) in (("mails", told.mails), ("webhooks", told.hooks)):
        print(f"{sent} {name}, all arrived; {repeated} came twice, under the same id")


if __name__ == "__main__":
    main()
