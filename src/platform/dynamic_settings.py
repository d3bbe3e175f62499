"""Settings that change at run time. Each read asks the database, so a change is in the very next answer."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import structlog
from msgspec.inspect import BoolType, IntType, StrType, type_info

from src.platform.database import Connection
from src.platform.errors import Invalid, NotFound
from src.platform.jobs import QueueName

log = structlog.get_logger(__name__)
# Settings whose stored values are of a wrong type, as far as this process has told of them.
_warned: set[str] = set()


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
GUEST_BASKET_DAYS = DynamicSetting(
    "GUEST_BASKET_DAYS", Days, 90, "After how many days a basket of an anonymous shopper that has ended is deleted."
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
DEAD_LETTER_DAYS = DynamicSetting(
    "DEAD_LETTER_DAYS", Days, 30, "How many days jobs that were given up are kept after their last failure."
)
PAUSED_QUEUES = DynamicSetting(
    "PAUSED_QUEUES", list[QueueName], [], "Queues from which workers start no jobs: feed, deliveries, upkeep."
)
REQUESTS_PER_MINUTE_PER_TOKEN = DynamicSetting(
    "REQUESTS_PER_MINUTE_PER_TOKEN", Count, 0, "How many requests a minute one token or session may make; 0: no limit."
)
REQUESTS_PER_MINUTE_PER_ADDRESS = DynamicSetting(
    "REQUESTS_PER_MINUTE_PER_ADDRESS", Count, 0, "How many requests a minute one client address may make; 0: no limit."
)
FAILED_SIGN_INS_PER_MINUTE = DynamicSetting(
    "FAILED_SIGN_INS_PER_MINUTE",
    Count,
    600,
    "After how many wrong credentials a minute an address may present no new ones; 0: no limit.",
)
DECLARED = {
    setting.name: setting
    for setting in (
        FAVOURITE_SKU_IS_ACTIVE,
        DEFAULT_CURRENCY,
        BASKET_FREEZE_MINUTES,
        BASKET_EXPIRY_DAYS,
        USER_BASKET_EXPIRY_DAYS,
        GUEST_BASKET_DAYS,
        UPDATES_WINDOW_DAYS,
        CHANGE_LOG_DAYS,
        ALERT_WAVE_SIZE,
        ALERT_WAVE_MINUTES,
        MESSAGES_PER_DAY,
        DELIVERY_DAYS,
        AUDIT_DAYS,
        DEAD_LETTER_DAYS,
        PAUSED_QUEUES,
        REQUESTS_PER_MINUTE_PER_TOKEN,
        REQUESTS_PER_MINUTE_PER_ADDRESS,
        FAILED_SIGN_INS_PER_MINUTE,
    )
}

STORED = "SELECT name, value, modified_date FROM setting WHERE name = ANY(%s)"
# What processes ask each second, to know without asking in each request.
WATCHED = "SELECT name, value FROM setting WHERE name = ANY(%s)"
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
    """An SQL expression of the setting's present value as jsonb, for statements that need it in their own snapshot.

    A stored value that does not fit is none, as for `read_setting`.
    """
    default = msgspec.json.encode(setting.default).decode()
    stored = f"SELECT value FROM setting WHERE name = '{setting.name}' AND value @@ 'strict {_fits(setting)}'"
    return f"coalesce(({stored}), '{default}'::jsonb)"


def _fits(setting: DynamicSetting) -> str:
    """The JSON path predicate of values that the setting may have."""
    match type_info(setting.type):
        case BoolType():
            return '$.type() == "boolean"'
        case IntType(ge=least, le=most):
            return f"$ >= {least} && $ <= {most} && $.floor() == $"
        case StrType(pattern=pattern):
            # Without braces, for statements that are made by str.format.
            plain = re.sub(r"(\[[^]]+\])\{(\d+)\}", lambda found: found[1] * int(found[2]), pattern or "")
            return f'$ like_regex "{plain}"'
        case _:
            return '$.type() == "array" && !(exists($[*] ? (@.type() != "string")))'


def sql_text(setting: DynamicSetting) -> str:
    """An SQL expression of the present value, which is a text, as text."""
    return f"({sql_value(setting)} #>> ARRAY[]::text[])"


async def read_setting(connection: Connection, setting: DynamicSetting) -> Any:
    """The setting's present value; its default where a value of a wrong type is stored."""
    (value,) = await read_settings(connection, [setting])
    return value


async def read_settings(connection: Connection, settings: Sequence[DynamicSetting]) -> list[Any]:
    """The present values, as `read_setting` has them, in the order of `settings`."""
    rows = await (await connection.execute(WATCHED, ([setting.name for setting in settings],))).fetchall()
    stored: dict[str, Any] = dict(rows)
    return [
        _valid(setting, stored[setting.name]) if setting.name in stored else setting.default for setting in settings
    ]


def _valid(setting: DynamicSetting, stored: Any) -> Any:
    """Whatever was restored, or written past us, must not stop the service."""
    try:
        return msgspec.convert(stored, setting.type)
    except msgspec.ValidationError as error:
        if setting.name not in _warned:
            log.warning("setting.unfit", setting=setting.name, error=str(error), used=setting.default)
        _warned.add(setting.name)
        return setting.default


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
    if isinstance(checked, list):
        checked = list(dict.fromkeys(checked))  # Lists of ours are sets of names.
    cursor = await connection.execute(PUT, (setting.name, msgspec.json.encode(checked).decode()))
    is_new, before = await cursor.fetchone() or (True, None)
    return Written(checked, setting.default if is_new else before)
