"""The SQL that records what became of messages."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from src.modules.notifications.messages import Message, Outcome
from src.modules.notifications.rules import LONGEST_WISH_S, retry_delay_s
from src.platform.database import Connection

LONGEST_ERROR = 500
# What was not begun had only to wait for its turn.
UNBEGUN_PAUSE_S = 5.0
# What was sent was sent, also if its lease was over and somebody else has it now; anything else is for the one who has.
RECORD = """
UPDATE delivery SET
    status = CASE WHEN became.state IN ('later', 'unbegun') THEN 'due'
                  WHEN became.state = 'never' THEN 'dead' ELSE 'sent' END,
    due_at = CASE WHEN became.state IN ('later', 'unbegun') THEN became.due_at ELSE delivery.due_at END,
    finished_at = CASE WHEN became.state IN ('later', 'unbegun') THEN NULL ELSE %(now)s END,
    attempts = delivery.attempts - (became.state = 'unbegun')::integer,
    claimed_until = NULL, last_error = became.error
FROM unnest(%(ids)s::bigint[], %(attempts)s::integer[], %(states)s::text[], %(times)s::timestamptz[],
            %(errors)s::text[]) AS became (id, attempts, state, due_at, error)
WHERE delivery.id = became.id
  AND CASE WHEN became.state = 'sent' THEN delivery.status IN ('sending', 'due')
           ELSE delivery.status = 'sending' AND delivery.attempts = became.attempts
                AND delivery.claimed_until = %(claimed_until)s END
"""


async def record(
    connection: Connection,
    messages: Sequence[Message],
    outcomes: Sequence[Outcome],
    members: Mapping[UUID, Sequence[int]],
    claimed_until: datetime,
    now: datetime,
) -> Counter[str]:
    """Write down what became of each message, whose deliveries are `members`: sent, for later, or dead.

    Tells how many deliveries became `sent`, `later`, `never` or `unbegun`. `claimed_until` tells our claim from the
    next one, which has the same number when what we had was not begun.
    """
    rows: list[tuple[int, int, str, datetime, str | None]] = []
    for message, outcome in zip(messages, outcomes, strict=True):
        delay_s = None
        if outcome.state == "later":
            delay_s = retry_delay_s(message.attempt, outcome.retry_after_s, random.random())  # noqa: S311
        elif outcome.state == "unbegun":
            delay_s = max(UNBEGUN_PAUSE_S, min(outcome.retry_after_s or 0.0, LONGEST_WISH_S))
        state = "never" if outcome.state == "later" and delay_s is None else outcome.state
        due_at, error = now + timedelta(seconds=delay_s or 0), _storable(outcome.error)
        rows += [(delivery, message.attempt, state, due_at, error) for delivery in members[message.id]]
    columns = map(list, zip(*rows, strict=True))
    names = ("ids", "attempts", "states", "times", "errors")
    await connection.execute(
        RECORD, {**dict(zip(names, columns, strict=True)), "claimed_until": claimed_until, "now": now}
    )
    return Counter(state for _, _, state, _, _ in rows)


def _storable(error: str | None) -> str | None:
    """What another system said, without what PostgreSQL can't store."""
    if error is None:
        return None
    return error[:LONGEST_ERROR].replace("\0", "").encode(errors="replace").decode()
