"""The planner's statistics, which PostgreSQL renews by itself only some time after a large import."""

from collections.abc import Sequence

from psycopg import sql

from src.platform.database import Database

OURS = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename = ANY(%s) ORDER BY 1"


async def analyze_tables(database: Database, tables: Sequence[str]) -> list[str]:
    """Analyze those of `tables` that exist; returns their names."""
    async with database.read() as connection:
        rows = await (await connection.execute(OURS, (list(tables),))).fetchall()
        names = [str(name) for (name,) in rows]
        for name in names:
            await connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))
    return names
