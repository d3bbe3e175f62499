"""What operators do to queues: pause them and let them go on."""

from src.modules.audit import Revision
from src.modules.operations.repositories import lock_setting
from src.modules.operations.services import change_setting
from src.platform.database import Connection
from src.platform.dynamic_settings import PAUSED_QUEUES, read_setting
from src.platform.errors import NotFound
from src.platform.jobs import QUEUES


async def pause(connection: Connection, name: str, revision: Revision) -> list[str]:
    """Let workers start nothing more from a queue, from a second after the commit on; the queues that are paused.

    What runs is finished, and what is enqueued waits. Raises NotFound.
    """
    return await _change(connection, name, revision, paused=True)


async def resume(connection: Connection, name: str, revision: Revision) -> list[str]:
    """Let workers go on with a queue; the queues that are still paused. Raises NotFound."""
    return await _change(connection, name, revision, paused=False)


async def _change(connection: Connection, name: str, revision: Revision, *, paused: bool) -> list[str]:
    if name not in QUEUES:
        raise NotFound
    # Two operators who pause two queues at once pause both.
    await lock_setting(connection, PAUSED_QUEUES.name)
    before = set(await read_setting(connection, PAUSED_QUEUES))
    now = sorted(before | {name} if paused else before - {name})
    if set(now) != before:
        await change_setting(connection, PAUSED_QUEUES.name, now, revision)
    return now
