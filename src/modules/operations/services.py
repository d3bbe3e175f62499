"""Settings that operators change while the service runs."""

from collections.abc import Sequence

from src.modules.audit import Revision
from src.modules.operations.dtos import SettingRead
from src.modules.operations.repositories import stored_settings
from src.platform import wire
from src.platform.database import Connection
from src.platform.dynamic_settings import DECLARED, DynamicSetting, declared, write_setting

CONTENT_TYPE = "settings.setting"


async def list_settings(connection: Connection) -> list[SettingRead]:
    """Every declared setting with its present value, by name."""
    return await _shown(connection, sorted(DECLARED.values(), key=lambda setting: setting.name))


async def get_setting(connection: Connection, name: str) -> SettingRead:
    """One setting with its present value; raises NotFound."""
    (shown,) = await _shown(connection, [declared(name)])
    return shown


async def change_setting(connection: Connection, name: str, value: object, revision: Revision) -> SettingRead:
    """Give a setting a value for every process from the commit on; the one that it had goes into `revision`.

    Raises NotFound, and Invalid for a value of a wrong type.
    """
    written = await write_setting(connection, declared(name), value)
    if written.before != written.now:
        await revision.keep(CONTENT_TYPE, name, {"value": written.before})
    return await get_setting(connection, name)


async def _shown(connection: Connection, settings: Sequence[DynamicSetting]) -> list[SettingRead]:
    stored = await stored_settings(connection, [setting.name for setting in settings])
    shown = []
    for setting in settings:
        value, modified = stored.get(setting.name, (setting.default, None))
        shown.append(
            SettingRead(setting.name, value, setting.default, wire.optional_time(modified), setting.description)
        )
    return shown
