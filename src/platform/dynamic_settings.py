"""Settings that change at run time. Each read asks the database, so a change is in the very next answer."""

from typing import Annotated, Any, NamedTuple

import msgspec

from src.platform.database import Connection
from src.platform.errors import Invalid, NotFound


class DynamicSetting(msgspec.Struct, frozen=True):
    """A setting that operators may change while the service runs."""

    name: str
    type: Any
    default: Any
    description: str


# Currency codes are lower case, as the documents write them.
Currency = Annotated[str, msgspec.Meta(pattern="^[a-z]{3}$", max_length=3)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=24 * 60)]
Days = Annotated[int, msgspec.Meta(ge=1, le=3650)]
LogDays = Annotated[int, msgspec.Meta(ge=60, le=3650)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]

FAVOURITE_SKU_IS_ACTIVE = DynamicSetting(
    "FAVOURITE_SKU_IS_ACTIVE", bool, True, "One favourite per product (true) or per base code (false)."
)
DEFAULT_CURRENCY = DynamicSetting(
    "DEFAULT_CURRENCY", Currency, "try", "The currency of shoppers whose request names none that has a price."
)
BASKET_FREEZE_MINUTES = DynamicSetting(
    "BASKET_FREEZE_MINUTES", Minutes, 30, "How long a basket stays frozen when its order system never comes back."
)
BASKET_EXPIRY_DAYS = DynamicSetting(
    "BASKET_EXPIRY_DAYS", Days, 30, "After how many days without a change the basket of an anonymous shopper expires."
)
USER_BASKET_EXPIRY_DAYS = DynamicSetting(
    "USER_BASKET_EXPIRY_DAYS", Days, 365, "After how many days without a change the basket of a user expires."
)
UPDATES_WINDOW_DAYS = DynamicSetting(
    "UPDATES_WINDOW_DAYS", Days, 30, "How many days back a change of a favourite is shown as an update."
)
CHANGE_LOG_DAYS = DynamicSetting(
    "CHANGE_LOG_DAYS", LogDays, 90, "How many days the log of catalogue changes is kept; prior prices need 60."
)
ALERT_WAVE_SIZE = DynamicSetting(
    "ALERT_WAVE_SIZE", Count, 0, "How many product alerts fire for each restocked unit; 0 fires all at once."
)
ALERT_WAVE_MINUTES = DynamicSetting(
    "ALERT_WAVE_MINUTES", Minutes, 30, "How long after a wave of product alerts the next one follows."
)
MESSAGES_PER_DAY = DynamicSetting(
    "MESSAGES_PER_DAY", Count, 10, "How many messages a shopper gets per channel in 24 hours; 0 is no limit."
)
DELIVERY_DAYS = DynamicSetting("DELIVERY_DAYS", Days, 90, "How many days finished deliveries are kept.")
AUDIT_DAYS = DynamicSetting(
    "AUDIT_DAYS", Days, 730, "How many days audit events, and revisions with their versions, are kept."
)
DECLARED = {
    setting.name: setting
    for setting in (
        FAVOURITE_SKU_IS_ACTIVE,
        DEFAULT_CURRENCY,
        BASKET_FREEZE_MINUTES,
        BASKET_EXPIRY_DAYS,
        USER_BASKET_EXPIRY_DAYS,
        UPDATES_WINDOW_DAYS,
        CHANGE_LOG_DAYS,
        ALERT_WAVE_SIZE,
        ALERT_WAVE_MINUTES,
        MESSAGES_PER_DAY,
        DELIVERY_DAYS,
        AUDIT_DAYS,
    )
}

STORED = "SELECT name, value, modified_date FROM setting WHERE name = ANY(%s)"
PUT = """
INSERT INTO setting (name, value) VALUES (%s, %s::jsonb)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, modified_date = now()
RETURNING old.name IS NULL, old.value
"""


def declared(name: str) -> DynamicSetting:
    """The setting of that name; raises NotFound."""
    try:
        return DECLARED[name]
    except KeyError:
        raise NotFound from None


def sql_value(setting: DynamicSetting) -> str:
    """An SQL expression of the setting's present value as jsonb, for statements that need it in their own snapshot."""
    default = msgspec.json.encode(setting.default).decode()
    return f"coalesce((SELECT value FROM setting WHERE name = '{setting.name}'), '{default}'::jsonb)"


def sql_text(setting: DynamicSetting) -> str:
    """An SQL expression of the present value, which is a text, as text."""
    return f"({sql_value(setting)} #>> ARRAY[]::text[])"


async def read_setting(connection: Connection, setting: DynamicSetting) -> Any:
    """The setting's present value."""
    row = await (await connection.execute(f"SELECT {sql_value(setting)}")).fetchone()
    return row[0] if row else setting.default


class Written(NamedTuple):
    """The value that a setting has now, and the one that it had until then."""

    now: Any
    before: Any


async def write_setting(connection: Connection, setting: DynamicSetting, value: object) -> Written:
    """Store a value for every process from the commit on; raises Invalid when it is not of the setting's type."""
    try:
        checked = msgspec.convert(value, setting.type)
    except msgspec.ValidationError as error:
        raise Invalid("Not a valid value", field="value") from error
    cursor = await connection.execute(PUT, (setting.name, msgspec.json.encode(checked).decode()))
    is_new, before = await cursor.fetchone() or (True, None)
    return Written(checked, setting.default if is_new else before)
