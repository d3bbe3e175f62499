"""Request ids and counts around an application."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.params import FromPath
from prometheus_client import REGISTRY

from src.platform.logs import REQUEST_ID
from src.platform.request_times import write_down
from src.platform.telemetry import UNMATCHED


@get("/things/{thing:int}")
async def thing(thing: FromPath[int]) -> dict[str, str | None]:
    return {"id": REQUEST_ID.get()}


@get("/broken")
async def broken() -> None:
    raise RuntimeError("broken")


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    made = Litestar([thing, broken], openapi_config=None, logging_config=None)
    around: Any = app.state.protection.around(made)
    transport = httpx.ASGITransport(app=around, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as opened:
        yield opened


def counted(method: str, route: str, status: int) -> float:
    write_down()
    labels = {"method": method, "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("wishkeep_http_request_duration_seconds_count", labels) or 0.0


async def test_answer_carries_the_id_that_the_handler_saw(client: httpx.AsyncClient) -> None:
    first, second = await client.get("/things/1"), await client.get("/things/1")
    assert first.headers["X-Request-ID"] == first.json()["id"]
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]


async def test_sane_id_of_the_client_is_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get("/things/1", headers={"X-Request-ID": "shop.42_a-b"})
    assert answer.headers.get_list("X-Request-ID") == ["shop.42_a-b"]
    assert answer.json() == {"id": "shop.42_a-b"}


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a;b", "<script>", "ä".encode().decode("latin-1")])
async def test_other_ids_are_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/things/1", headers={b"X-Request-ID": given.encode("latin-1")})
    assert answer.headers["X-Request-ID"] not in ("", given)


@pytest.mark.parametrize("path", ["/broken", "/nowhere"])
async def test_failures_carry_an_id_too(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).headers["X-Request-ID"]


async def test_what_is_refused_before_it_is_routed_is_told_of_too(client: httpx.AsyncClient) -> None:
    before = counted("GET", UNMATCHED, 414)
    answer = await client.get(f"/things/1?{'x' * 20_000}")
    assert answer.status_code == 414
    assert answer.headers["X-Request-ID"]
    assert counted("GET", UNMATCHED, 414) == before + 1


async def test_requests_are_counted_by_the_template_of_their_path(client: httpx.AsyncClient) -> None:
    route = "/things/{thing}"
    before = counted("GET", route, 200), counted("GET", "/broken", 500)
    await client.get("/things/1")
    await client.get("/things/2/")
    await client.get("/broken")
    assert counted("GET", route, 200) == before[0] + 2
    assert counted("GET", "/broken", 500) == before[1] + 1


async def test_paths_and_methods_that_nobody_serves_share_one_label(client: httpx.AsyncClient) -> None:
    before = counted("GET", UNMATCHED, 404)
    await client.get("/nowhere/1")
    await client.get("/nowhere/2")
    await client.request("BREW", "/nowhere/3")
    assert counted("GET", UNMATCHED, 404) == before + 2
    samples = [sample for metric in REGISTRY.collect() for sample in metric.samples]
    assert not any("nowhere" in sample.labels.get("route", "") for sample in samples)
    assert not any(sample.labels.get("method") == "BREW" for sample in samples)


async def test_id_does_not_outlive_its_request(client: httpx.AsyncClient) -> None:
    await client.get("/things/1")
    assert REQUEST_ID.get() is None
