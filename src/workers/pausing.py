"""Which queues are paused: a setting that operators change, read once a second by each worker."""

import asyncio
from contextlib import suppress

import structlog

from src.platform.database import Database
from src.platform.dynamic_settings import PAUSED_QUEUES, read_setting

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0


class Paused:
    """What is known of the setting; while PostgreSQL is away, what was known last."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._away = False
        self.queues: frozenset[str] = frozenset()

    async def look(self) -> None:
        """Read the setting; a failure is logged and changes nothing."""
        try:
            async with self._database.read() as connection:
                queues = frozenset(await read_setting(connection, PAUSED_QUEUES))
        except Exception as error:  # Whatever it is, jobs go on as they did.
            if not self._away:
                log.warning("worker.pauses_unknown", error=repr(error))
            self._away = True
            return
        self._away = False
        if queues != self.queues:
            log.info("worker.paused", queues=sorted(queues))
        self.queues = queues

    async def follow(self, stop: asyncio.Event) -> None:
        """Look again and again until `stop`."""
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
                return
            await self.look()
