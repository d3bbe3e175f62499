"""Reads the warehouse over HTTP, as its users do."""

from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.factories import Client

MARK = "X-High-Water-Mark"
COUNT_AS_OF = "X-Count-As-Of"
BASE = "/api/v1/data-warehouse/"


class Analyst:
    """A client with a token for the warehouse."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def ask(self, path: str, **query: Any) -> httpx.Response:
        """Any answer; in the names of parameters `__` stands for itself."""
        return await self.client.get(BASE + path, params=query)

    async def page(self, url: str, **query: Any) -> dict[str, Any]:
        """The page at a path or a link."""
        response = await (self.client.get(url) if "://" in url else self.ask(url, **query))
        assert response.status_code == httpx.codes.OK, response.text
        told: dict[str, Any] = response.json()
        return told | {MARK: response.headers[MARK], COUNT_AS_OF: response.headers.get(COUNT_AS_OF)}

    async def pages(self, path: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """Each page, by the links."""
        page = await self.page(path, **query)
        yield page
        while page["next"]:
            page = await self.page(page["next"])
            yield page

    async def crawl(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The rows of all pages."""
        return [row async for page in self.pages(path, **query) for row in page["results"]]

    async def ids(self, path: str, **query: Any) -> list[int]:
        """The ids of all rows, in the order of the pages."""
        return [row["id"] for row in await self.crawl(path, **query)]

    async def refused(self, path: str, **query: Any) -> list[str]:
        """The parameters that a 400 names."""
        response = await self.ask(path, **query)
        assert response.status_code == httpx.codes.BAD_REQUEST, response.text
        told: dict[str, list[str]] = response.json()
        sentence = told.pop("detail")
        assert all(f"{name}: {message}" in sentence for name, messages in told.items() for message in messages)
        return list(told)
