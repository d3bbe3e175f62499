"""A follower of the stream inside the process: the whole application answers, only the network is left out."""

import asyncio
import json
from types import TracebackType
from typing import Any, NamedTuple

from litestar import Litestar

from tests.factories import Client
from tests.modules.updates.shop import UPDATES

STREAM = f"{UPDATES}/stream"
PATIENCE_S = 20


class Event(NamedTuple):
    """What a block of a stream says; without data it is no event, and without kind it is a comment."""

    kind: str
    id: str
    data: Any

    @property
    def favourite(self) -> str:
        """The id of the favourite."""
        return str(self.data["id"])

    @property
    def changed_at(self) -> str:
        """When that happened which it tells."""
        times = (self.data.get(name) for name in ("became_available_at", "became_unavailable_at"))
        return next((at for at in times if at), None) or str(self.data["price_change"]["changed_at"])

    @property
    def key(self) -> tuple[str, str, str]:
        """What no follower is told twice."""
        return self.favourite, self.kind, self.changed_at


def parse(block: str) -> Event:
    """The block, by the rules of the HTML standard as far as they concern us."""
    fields = {"event": "", "id": "", "data": ""}
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        fields[name] = value.removeprefix(" ")
    return Event(fields["event"], fields["id"], json.loads(fields["data"]) if fields["data"] else None)


async def shown(shopper: Client, kind: str) -> list[object]:
    """The elements of a kind as the list of updates has them."""
    elements: list[object] = (await shopper.get(UPDATES)).json()["data"][kind]
    return elements


class Follower:
    """An open stream: enter the block to follow, leave it to go away."""

    def __init__(self, app: Litestar, token: str, last_id: str | None = None) -> None:
        self._app = app
        self._token = token
        self.last_id = last_id
        self.status = 0
        self.body = ""
        self.reads = asyncio.Event()  # cleared, it does not read
        self.reads.set()
        self._read = 0
        self._changed = asyncio.Condition()
        self._gone = asyncio.Event()
        self._answer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Follower":
        self._answer = asyncio.create_task(self._ask())
        async with asyncio.timeout(PATIENCE_S):
            await self._until(lambda: self.body.count("\n\n") >= 2 or self.is_over)
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._gone.set()
        self.reads.set()
        assert self._answer is not None
        async with asyncio.timeout(PATIENCE_S):
            await self._answer

    async def event(self) -> Event:
        """The next event."""
        while True:
            async with asyncio.timeout(PATIENCE_S):
                await self._until(lambda: "\n\n" in self.body[self._read :])
            event = self._next()
            if event.data is not None:
                return event

    def rest(self, most: int = 1000) -> list[Event]:
        """The events that have come and were not looked at, or the first of them; the others never arrived."""
        events: list[Event] = []
        while len(events) < most and "\n\n" in self.body[self._read :]:
            event = self._next()
            events += [event] * (event.data is not None)
        return events

    def _next(self) -> Event:
        end = self.body.index("\n\n", self._read)
        block, self._read = self.body[self._read : end], end + 2
        event = parse(block)
        self.last_id = event.id or self.last_id
        return event

    async def events(self, count: int) -> list[Event]:
        """The next events."""
        return [await self.event() for _ in range(count)]

    async def marked(self, times: int) -> list[str]:
        """Wait until so many blocks have come that say only where it is; these blocks."""
        async with asyncio.timeout(PATIENCE_S):
            await self._until(lambda: len(self._marks()) >= times)
        return self._marks()

    def _marks(self) -> list[str]:
        return [block for block in self.body.split("\n\n")[:-1] if "\nid: " in block and "\ndata: " not in block]

    async def over(self) -> None:
        """Wait until the service has ended the stream."""
        async with asyncio.timeout(PATIENCE_S):
            await self._until(lambda: self.is_over)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self._answer is not None and self._answer.done()

    async def _until(self, condition: Any) -> None:
        async with self._changed:
            await self._changed.wait_for(condition)

    async def _ask(self) -> None:
        headers = [(b"host", b"shop.test"), (b"authorization", f"Token {self._token}".encode())]
        if self.last_id is not None:
            headers.append((b"last-event-id", self.last_id.encode()))
        scope: Any = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": STREAM,
            "raw_path": STREAM.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("shop.test", 80),
            "extensions": {},
            "state": {},
        }
        requested: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            if requested:
                return requested.pop()
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            await self.reads.wait()
            async with self._changed:
                if message["type"] == "http.response.start":
                    self.status = message["status"]
                else:
                    self.body += message["body"].decode()
                self._changed.notify_all()

        try:
            await self._app(scope, receive, send)
        finally:
            asyncio.get_running_loop().call_soon(lambda: asyncio.create_task(self._notify()))

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
