"""What the parts of the page are made of, each read when it is shown."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from src.modules.audit import RecentEvent, recent_events
from src.modules.operations import dead_letters
from src.modules.operations import letters as kept_letters
from src.modules.operations.history import Span, read_history
from src.modules.operations.letter_dtos import LetterQuery
from src.modules.operations.overview import CHANNELS
from src.modules.operations.page.acts import Desk
from src.modules.operations.page.charts import draw, plots
from src.modules.operations.page.rendering import live_values
from src.modules.operations.page.setting_fields import as_text, field
from src.modules.operations.services import list_settings
from src.platform.jobs import QUEUE_AWAY, QUEUES

LETTERS = 20
EVENTS = 20
# Systems that feed the shop are no operators; and who came and went is seldom what somebody looks for here.
NOT_SHOWN = ("/integration/", "/ops/login", "/ops/logout")
MOST_TOLD = 300
WITHHELD = "[withheld]"


async def everything(desk: Desk, query: Mapping[str, str]) -> dict[str, Any]:
    """What the whole page needs."""
    found = await asyncio.gather(live(desk), charts(desk, query), letters(desk, query), settings(desk), audit(desk))
    return {name: value for part in found for name, value in part.items()}


async def live(desk: Desk) -> dict[str, Any]:
    """How things are now."""
    return live_values(await desk.overviews.now())


async def charts(desk: Desk, query: Mapping[str, str]) -> dict[str, Any]:
    """How they were in the last hour or day."""
    span: Span = "day" if query.get("span") == "day" else "hour"
    try:
        history = await read_history(desk.overviews.recorded, span)
    except QUEUE_AWAY:
        return {"charts": [], "span": span}
    drawn = [draw(plot, history) for plot in plots(QUEUES, CHANNELS)]
    return {"charts": drawn, "span": span}


async def letters(desk: Desk, query: Mapping[str, str]) -> dict[str, Any]:
    """The newest dead letters of a queue and a job, and of which jobs there are any."""
    asked = LetterQuery(queue=_known_queue(query.get("queue")), job=query.get("job") or None, limit=LETTERS)
    async with desk.database.read() as connection:
        found = await dead_letters.list_letters(connection, asked)
        jobs = await kept_letters.jobs(connection)
    chosen = {"queue": asked.queue or "", "job": asked.job or ""}
    names = sorted({*jobs, *([asked.job] if asked.job else [])})
    return {"letters": found.letters, "total": found.count, "queues": QUEUES, "jobs": names, "filter": chosen}


async def settings(desk: Desk) -> dict[str, Any]:
    """The settings that change at run time."""
    async with desk.database.read() as connection:
        return {"settings": [field(shown) for shown in await list_settings(connection)]}


async def audit(desk: Desk) -> dict[str, Any]:
    """What operators did of late."""
    async with desk.database.read() as connection:
        events = await recent_events(connection, EVENTS, apart_from=NOT_SHOWN)
    return {"events": [_told(event) for event in events]}


def _told(event: RecentEvent) -> dict[str, Any]:
    """An event with what it was about in a line, secrets aside: there is nothing to see of them."""
    data = event.post_data or event.request_data or event.query_params
    if isinstance(data, dict):
        given = {name: value for name, value in data.items() if value not in ("", WITHHELD)}
        text = ", ".join(f"{name} {as_text(value)}" for name, value in given.items())
    else:
        text = as_text(data) if data else ""
    short = text if len(text) <= MOST_TOLD else f"{text[:MOST_TOLD]}\N{HORIZONTAL ELLIPSIS}"
    return {**msgspec.structs.asdict(event), "data": short}


def _known_queue(name: str | None) -> Any:
    return name if name in QUEUES else None
