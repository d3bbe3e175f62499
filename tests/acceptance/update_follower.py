"""A follower of the updates stream as an app is: HTTP, and the last id it got."""

import json
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import httpx

from tests.acceptance.basket_browser import http_client

FAVORITES = "/storefront/favorites"
STREAM = f"{FAVORITES}/updates/stream"


class Told:
    """An event: its kind, its id and what it tells."""

    def __init__(self, kind: str, last_id: str, data: Any) -> None:
        self.kind = kind
        self.id = last_id
        self.data = data

    @property
    def favourite(self) -> str:
        return str(self.data["id"])

    @property
    def price(self) -> float:
        return float(self.data["price_change"]["new_price"])

    @property
    def key(self) -> tuple[str, str, str]:
        """What no follower is told twice."""
        at = self.data.get("price_change", self.data)
        return self.favourite, self.kind, str(next(at[name] for name in at if name.endswith("_at")))


class Follower:
    """An open stream for the time of the block."""

    def __init__(self, address: str, headers: dict[str, str], last_id: str | None = None) -> None:
        self.last_id = last_id
        resumed = {"Last-Event-ID": last_id} if last_id else {}
        self._client = http_client(address, {"Accept": "text/event-stream", **headers, **resumed})
        self._opened = self._client.stream("GET", STREAM)

    def __enter__(self) -> "Follower":
        self.answer = self._opened.__enter__()
        assert self.answer.status_code == 200, self.answer.read()
        self._blocks = self._read(self.answer)
        # Only then is it sure that it has begun, whatever proxies do to heads.
        next(self._blocks)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)
        self._client.close()

    def _read(self, answer: httpx.Response) -> Iterator[dict[str, str]]:
        block: dict[str, str] = {}
        for line in answer.iter_lines():
            if line:
                name, _, value = line.partition(":")
                block[name] = value.removeprefix(" ")
                continue
            self.last_id = block.get("id", self.last_id)
            yield block
            block = {}

    def event(self) -> Told:
        """The next event."""
        block = next(block for block in self._blocks if "data" in block)
        return Told(block["event"], block["id"], json.loads(block["data"]))

    def end(self) -> None:
        """Read until the service ends the stream, in which nothing is told any more."""
        assert [block for block in self._blocks if "data" in block] == []
