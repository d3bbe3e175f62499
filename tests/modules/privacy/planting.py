"""A person with a row in every table that holds something of people, and their mark in every value that can bear it."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import ARRAY, Boolean, Column, Date, DateTime, LargeBinary, Numeric, Text, Time
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, UUID

from src.modules.privacy import ALL_PERSONAL
from src.platform.database import Connection, Database
from src.platform.personal import Personal

NUMBERS = itertools.count(7_000_000)
# What other values than a mark a column takes.
CHECKED: Mapping[str, Mapping[str, Any]] = {
    "basket": {"status": "active", "guest_digest": None},
    "basket_offer": {"status": "active"},
    "bulk_voucher_code": {"status": "active"},
    "credential": {"kind": "token", "expires_at": None},
    "delivery": {"channel": "email", "status": "sent", "webhook_endpoint_id": None},
    "notification_preference": {"frequency": "daily", "digest_hour": 8, "digest_weekday": 1, "time_zone": "UTC"},
    "offer_redemption": {"state": "redeemed"},
    "product_alert": {"email": None},
    "users": {"segment_id": None, "is_active": True},
}
TABLES = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
"""


class Person(NamedTuple):
    """A user, and what is in all values of theirs that can bear it."""

    user: int
    mark: str
    email: str


class Planter:
    """Makes people."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def plant(self, mark: str, product: int) -> Person:
        """A user with a row in each table, or two where a declaration speaks of two kinds of rows."""
        async with self._database.transaction() as work:
            made = _Planting(work.connection, mark, product)
            return await made.person()


class _Planting:
    def __init__(self, connection: Connection, mark: str, product: int) -> None:
        self._connection = connection
        self._mark = mark
        self._given: dict[str, Any] = {"product": product, "product_id": product}
        self._planted: set[str] = set()

    async def person(self) -> Person:
        email = f"{self._mark}@example.com".lower()
        users = {each.table.name: each for each in ALL_PERSONAL}["users"]
        user = await self._row(users, email=email, username=email)
        self._given |= {"user": user, "user_id": user, "user_email": email}
        order = await self._row(_of("orders_order"), user_email=f"{self._mark}@example.com")
        offer = await self._row(_of("basket_offer"))
        ordered = await self._row(_of("basket"), status="submitted", namespace=None)
        active = await self._row(_of("basket"), status="active", namespace=None)
        self._given |= {"order": order, "basket_offer_id": offer, "favourite_id": 1}
        session_offer = await self._row(_of("campaigns_sessionoffer"))
        await self._row(_of("orders_discountitem"), session_offer=session_offer)
        for basket in (ordered, active):
            await self._row(_of("basket_item"), basket_id=basket, parent_id=None)
        code = await self._row(_of("bulk_voucher_code"))
        await self._row(_of("offer_redemption"), basket_id=ordered, bulk_voucher_code_id=code)
        account = await self._row(_of("loyalty_account"))
        await self._row(_of("loyalty_transfer"), account=account)
        await self._row(_of("user_collection"), id=(collection := next(NUMBERS)))
        await self._row(_of("user_collection_item"), collection_id=collection)
        revision = await self._row(_of("revision"))
        about = {"content_type_id": await self._content_type("orders", "order"), "object_id": order}
        await self._row(_of("version"), revision_id=revision, **{**about, "object_id": str(order)})
        await self._row(_of("audit_event"), **about, user=None)
        await self._row(_of("audit_event"), **about, user=Jsonb({"pk": user, "email": email, "first_name": self._mark}))
        told = Jsonb({"request_data": {"email": email.upper()}})
        await self._row(_of("audit_event"), content=told, user=None, content_type_id=None, object_id=None)
        await self._row(_of("delivery"), address=None)
        await self._row(_of("product_alert"))
        # What a guest left before there was an account, under the same address.
        guest = {"user": None, "user_email": email.upper()}
        await self._row(_of("orders_order"), **guest)
        await self._row(_of("delivery"), user_id=None, address=email.upper())
        await self._row(_of("product_alert"), user_id=None, email=email.upper())
        await self._row(_of("suppressed_address"), email=email)
        digest = f"guest of {self._mark}".encode()
        await self._row(_of("basket"), user_id=None, guest_digest=digest, status="active")
        await self._row(_of("credential"), kind="session", guest_digest=digest)
        await self._row(_of("email_address"), email=f"second-{email}", primary=False)
        for declared in ALL_PERSONAL:
            if declared.table.name not in self._planted:
                await self._row(declared)
        return Person(user, self._mark, email)

    async def _row(self, declared: Personal, **given: Any) -> int:
        table = declared.table
        name = str(table.name)
        self._planted.add(name)
        kept = {column for each in ALL_PERSONAL if each.table is table for column in each.kept}
        values = dict(_values(table.columns, self._mark, kept))
        values |= {key: value for key, value in self._given.items() if key in table.columns}
        values |= {**CHECKED.get(name, {}), **given}
        for column in table.columns:
            target = next(iter(column.foreign_keys), None)
            if target is not None and column.name not in {**self._given, **CHECKED.get(name, {}), **given}:
                values.pop(str(column.name), None)
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING {}").format(
            sql.Identifier(name),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
            sql.Identifier("id" if "id" in table.columns else str(table.columns[0].name)),
        )
        row = await (await self._connection.execute(statement, list(values.values()))).fetchone()
        assert row is not None
        return row[0] if isinstance(row[0], int) else 0

    async def _content_type(self, app_label: str, model: str) -> int:
        found = "SELECT id FROM content_type WHERE (app_label, model) = (%s, %s)"
        row = await (await self._connection.execute(found, (app_label, model))).fetchone()
        assert row is not None
        return int(row[0])


def _of(table: str) -> Personal:
    return next(each for each in ALL_PERSONAL if each.table.name == table)


def _values(columns: Iterable[Column[Any]], mark: str, kept: set[str]) -> Iterable[tuple[str, Any]]:
    for column in columns:
        kind = column.type
        told = f"{mark}-{column.table.name}-{column.name}-{next(NUMBERS)}"
        if column.name in kept:
            if not column.nullable and column.server_default is None and column.identity is None:
                number = next(NUMBERS)
                yield str(column.name), f"kept-{number}" if isinstance(kind, Text) else number % 1000
            continue
        if isinstance(kind, Boolean | DateTime | Date | Time | UUID | Numeric):
            continue
        if isinstance(kind, Text):
            yield str(column.name), told
        elif isinstance(kind, JSONB):
            yield str(column.name), Jsonb([told] if _is_list(column) else {"told": told})
        elif isinstance(kind, LargeBinary | BYTEA):
            yield str(column.name), told.encode()
        elif isinstance(kind, ARRAY) and isinstance(kind.item_type, Text):
            yield str(column.name), [told]
        elif not column.nullable and column.server_default is None and column.identity is None:
            yield str(column.name), next(NUMBERS)


def _is_list(column: Column[Any]) -> bool:
    return "[]" in str(getattr(column.server_default, "arg", ""))


async def dump(database: Database) -> list[str]:
    """Every row of every table as text, with the name of its table; bytes that can be read as the text they are."""
    async with database.read() as connection:
        names = [row[0] for row in await (await connection.execute(TABLES)).fetchall()]
        rows: list[str] = []
        for name in sorted(names):
            told = sql.SQL("SELECT told::text FROM {} AS told").format(sql.Identifier(name))
            rows += [f"{name}: {row[0]}" for row in await (await connection.execute(told)).fetchall()]
    return rows


def with_mark(rows: Iterable[str], mark: str) -> list[str]:
    """Those that tell the mark, in whatever case, or its bytes."""
    marks = (mark.lower(), mark.encode().hex(), mark.lower().encode().hex())
    return [row for row in rows if any(each in row.lower() for each in marks)]


def path(person: Person) -> str:
    """Where somebody's data is."""
    return f"/api/v1/users/{person.user}/data"
