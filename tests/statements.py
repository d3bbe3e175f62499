"""How many statements a piece of work costs the database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from src.platform.dynamic_settings import WATCHED

# Tasks that go on whatever the tests do.
BY_ITSELF = ("history", "overview", "pauses")


class Statements:
    """Everything that is sent to PostgreSQL through psycopg, by whoever sends it."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    @contextmanager
    def at_most(self, number: int) -> Iterator[None]:
        """Within the block at least one and at most so many statements are sent."""
        self.sent.clear()
        yield
        assert 1 <= len(self.sent) <= number, [statement[:60] for statement in self.sent]


def watched(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """The statements of this process from now on, until the patch is undone."""
    statements = Statements()
    original = psycopg.AsyncCursor.execute

    async def execute(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        # What the process asks by itself belongs to nobody's work.
        task = asyncio.current_task()
        if query != WATCHED and not (task and task.get_name() in BY_ITSELF):
            statements.sent.append(str(query))
        return await original(self, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", execute)
    return statements
