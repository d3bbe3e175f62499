"""How each channel stands: what is due, being sent and dead, in numbers that cost little however many there are."""

from typing import NamedTuple

from src.modules.notifications.claiming import LEASE
from src.platform.database import Connection

# Told every second to those who watch: nobody needs to know more exactly what is more than this.
MOST_COUNTED = 10_000

# What is claimed has the end of its lease for a due time, so that what is due is what nobody has.
STANDING = f"""
WITH dead AS MATERIALIZED (
    SELECT channel, count(*) AS number
    FROM (SELECT channel FROM delivery WHERE status = 'dead' LIMIT {MOST_COUNTED}) AS delivery GROUP BY channel
)
SELECT of.channel,
       (SELECT count(*) FROM (
            SELECT FROM delivery WHERE delivery.channel = of.channel AND status IN ('due', 'sending')
            AND due_at <= now() LIMIT {MOST_COUNTED}) AS delivery),
       (SELECT extract(epoch FROM now() - due_at)::float8 FROM delivery
        WHERE delivery.channel = of.channel AND status IN ('due', 'sending') AND due_at <= now()
        ORDER BY due_at LIMIT 1),
       (SELECT count(*) FROM (
            SELECT status FROM delivery WHERE delivery.channel = of.channel AND status IN ('due', 'sending')
            AND due_at > now() AND due_at <= now() + %(lease)s::interval LIMIT {MOST_COUNTED}) AS delivery
        WHERE status = 'sending'),
       coalesce((SELECT number FROM dead WHERE dead.channel = of.channel), 0)
FROM unnest(ARRAY['email', 'push', 'webhook']) AS of (channel)
"""


class Standing(NamedTuple):
    """The deliveries of a channel: due, for how long the first of them has been, being sent, and dead."""

    channel: str
    due: int
    oldest_due_s: float | None
    sending: int
    dead: int


async def read_standing(connection: Connection) -> list[Standing]:
    """How each channel stands; no count goes beyond MOST_COUNTED, which the dead of all channels share."""
    rows = await (await connection.execute(STANDING, {"lease": LEASE})).fetchall()
    return [Standing(*row) for row in rows]
