"""The declarative base of every table, and the column shapes that the source documents use again and again."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from advanced_alchemy.base import AdvancedDeclarativeBase, CommonTableAttributes
from sqlalchemy import BigInteger, Identity, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import UserDefinedType

NOW = text("now()")
EMPTY_OBJECT = text("'{}'::jsonb")
EMPTY_LIST = text("'[]'::jsonb")
TRUE = text("true")
FALSE = text("false")

# Ids may be given by the system a shop migrates from, so they are "by default" identities, not "always" ones.
IntegerId = Annotated[int, mapped_column(BigInteger, Identity(always=False), primary_key=True)]
PublicId = Annotated[UUID, mapped_column(postgresql.UUID(as_uuid=True), server_default=text("uuidv7()"))]
Timestamp = Annotated[datetime, mapped_column(postgresql.TIMESTAMP(timezone=True), server_default=NOW)]
OptionalTimestamp = Annotated[datetime | None, mapped_column(postgresql.TIMESTAMP(timezone=True))]
JsonObject = Annotated[dict[str, Any], mapped_column(postgresql.JSONB, server_default=EMPTY_OBJECT)]
JsonList = Annotated[list[Any], mapped_column(postgresql.JSONB, server_default=EMPTY_LIST)]

# The transaction that wrote a row last, kept by a trigger (docs/adr/0013): incremental pulls go by it. A number, and
# not an xid8, because BRIN can't index those; any other index would make each change of a row touch all its indexes.
CURRENT_XID = text("((pg_current_xact_id())::text)::bigint")
ChangedXid = Annotated[int, mapped_column(BigInteger, server_default=CURRENT_XID, index=True)]
OftenChangedXid = Annotated[int, mapped_column(BigInteger, server_default=CURRENT_XID)]

# Microseconds of the clock: a version that a transaction made and took back is never another's.
CLOCK_US = "((EXTRACT(epoch FROM clock_timestamp()) * (1000000)::numeric))::bigint"


def next_version(row: str) -> str:
    """The SQL expression of a row's next version: more than it was, and never one that was taken back."""
    return f"greatest({row}.version + 1, {CLOCK_US})"


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's `xid8`, the 64-bit id of a transaction."""

    cache_ok = True

    def get_col_spec(self, **kw: Any) -> str:
        """The name of the type in DDL."""
        return "xid8"


class Snapshot(UserDefinedType[str]):
    """PostgreSQL's `pg_snapshot`: exactly which transactions had ended at a moment; a text in Python."""

    cache_ok = True

    def get_col_spec(self, **kw: Any) -> str:
        """The name of the type in DDL."""
        return "pg_snapshot"


# So that the drift check recognises the types in a live database.
postgresql.base.ischema_names["xid8"] = TransactionId
postgresql.base.ischema_names["pg_snapshot"] = Snapshot


class Base(CommonTableAttributes, AdvancedDeclarativeBase, AsyncAttrs):
    """Base of all tables: one metadata, one naming convention, no relationships across features."""

    __abstract__ = True
