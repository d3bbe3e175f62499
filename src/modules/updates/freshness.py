"""Whether an element of the feed is news to a follower of the stream who has seen a part of the log. Pure."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from src.modules.updates.positions import Snapshot
from src.modules.updates.rules import Kind

PRICE, ACTIVITY = "price", "activity"  # kinds of rows of the log; the third is availability


class Entry(NamedTuple):
    """A row of the log: who wrote it, what it is about, and whether a list got or lost its row by it."""

    xid: int
    kind: str
    appears_or_vanishes: bool
    changed_at: datetime


def is_fresh(kind: Kind, changed_at: datetime, entries: Collection[Entry], seen: Snapshot) -> bool:
    """Whether an element of this kind and time is there because of a change that `seen` does not have.

    `entries` are of the element's product, and at least all that are as late as the first which `seen` does not have.
    One that committed late may be earlier than what was seen, and uncover it: a stock that came in while the product
    was not yet for sale. Then the element is told too, rather once too often than not at all.
    """
    of_price = kind == "price_changed"
    about = [entry for entry in entries if (entry.kind == PRICE) == of_price]
    # Where there is none, something later than `entries` has changed it again, and will be told when that is.
    causes = [entry for entry in about if entry.changed_at == changed_at]
    late = [entry for entry in about if not seen.sees(entry.xid) and entry.changed_at < changed_at]
    return any(not seen.sees(cause.xid) or any(_may_uncover(entry, cause) for entry in late) for cause in causes)


def _may_uncover(late: Entry, cause: Entry) -> bool:
    """Whether `cause` may have been without effect before `late` came."""
    return (
        late.appears_or_vanishes
        or cause.appears_or_vanishes
        or (ACTIVITY in (late.kind, cause.kind) and late.kind != cause.kind)
    )
