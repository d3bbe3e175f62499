"""What a request for the feed asks for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from src.modules.updates.finding import Found
from src.modules.updates.rules import KINDS, Kind
from src.platform.errors import InvalidFields
from src.platform.paging import whole_number

DEFAULT_LIMIT = 100
MAX_LIMIT = 500


class Query(NamedTuple):
    """Which updates are wanted, and how many of each kind."""

    since: datetime | None = None
    kinds: tuple[Kind, ...] = KINDS
    limit: int = DEFAULT_LIMIT

    @property
    def key(self) -> str:
        """A text that two queries share only if they ask for the same."""
        return f"{self.since and self.since.isoformat()}:{','.join(self.kinds)}:{self.limit}"

    def choose(self, found: Sequence[Found]) -> "Choice":
        """Which of a shopper's updates, the newest first, are to be shown."""
        counts: Counter[Kind] = Counter()
        choice = Choice(counts, [], None)
        for each in found:
            if each.update.kind in self.kinds and (self.since is None or each.update.changed_at > self.since):
                counts[each.update.kind] += 1
                choice = choice._replace(oldest=each.update.changed_at)
                if counts[each.update.kind] <= self.limit:
                    choice.shown.append(each)
        return choice


class Choice(NamedTuple):
    """What a query asks for: how many there are, those to be shown, and when the oldest of all changed."""

    counts: Mapping[Kind, int]
    shown: list[Found]
    oldest: datetime | None


def read_query(parameters: Mapping[str, str]) -> Query:
    """What the parameters of a request ask for; raises Invalid."""
    if not parameters:
        return Query()
    faults: dict[str, str] = {}
    since, kinds, limit = parameters.get("since"), parameters.get("kinds"), parameters.get("limit")
    wanted = Query()
    if since is not None:
        try:
            wanted = wanted._replace(since=read_time(since))
        except ValueError:
            faults["since"] = "Must be a time, like 2023-12-01T14:00:00Z"
    if kinds is not None:
        named = set(kinds.split(","))
        wanted = wanted._replace(kinds=tuple(kind for kind in KINDS if kind in named))
        if not named <= set(KINDS):
            faults["kinds"] = "Not a valid value"
    if limit is not None:
        wanted = wanted._replace(limit=whole_number(limit, MAX_LIMIT + 1) or 0)
        if not 1 <= wanted.limit <= MAX_LIMIT:
            faults["limit"] = "Must be between 1 and %(maximum)s"
    if faults:
        raise InvalidFields(faults, params={"maximum": MAX_LIMIT})
    return wanted


def read_time(text: str) -> datetime:
    """The moment that an RFC 3339 text means, in UTC; raises ValueError."""
    moment = msgspec.convert(text, datetime)
    if moment.tzinfo is None:
        raise ValueError(text)
    return in_utc(moment)


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; raises ValueError for one that lies outside the calendar there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(moment) from error
