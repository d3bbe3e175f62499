"""Time limits: of a body that does not come, of an answer that does not begin; and of nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, Request, get, post
from litestar.response import Stream

from src.platform.failures import EXCEPTION_HANDLERS
from src.platform.protection import TAKES_LONG, Protection, middleware, running
from src.platform.settings import Settings

LIMIT_S = 0.2
PAST_IT_S = 0.5


@dataclass
class Seen:
    """What became of the handlers."""

    interrupted: list[str] = field(default_factory=list)


async def lasts(seen: Seen, name: str) -> None:
    try:
        await asyncio.sleep(PAST_IT_S)
    except asyncio.CancelledError:
        seen.interrupted.append(name)
        raise


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def client(
    app: Litestar, settings: Settings, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    @get("/baskets/slow")
    async def slow() -> str:
        await lasts(seen, "slow")
        return "done"

    @post("/unread", status_code=200)
    async def unread() -> str:
        await lasts(seen, "unread")
        return "done"

    @get("/long", opt={TAKES_LONG: True})
    async def long() -> str:
        await lasts(seen, "long")
        return "done"

    @get("/stream")
    async def stream() -> Stream:
        async def parts() -> AsyncIterator[str]:
            yield "first "
            await lasts(seen, "stream")
            yield "last"

        return Stream(parts())

    @get("/own")
    async def own() -> str:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(1)
        return "never"

    @post("/body", status_code=200)
    async def body(request: Request[Any, Any, Any]) -> str:
        return str(len(await request.body()))

    @post("/import", status_code=200, opt={TAKES_LONG: True})
    async def take_in(request: Request[Any, Any, Any]) -> str:
        return str(sum([len(part) async for part in request.stream()]))

    monkeypatch.setattr(middleware, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(running, "BODY_PAUSE_S", LIMIT_S)
    state = app.state
    protection = Protection(
        msgspec.structs.replace(settings, request_timeout_s=LIMIT_S), state.database, state.cache._client
    )
    made: Any = Litestar(
        [slow, unread, long, stream, own, body, take_in],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
        logging_config=None,
    )
    around: Any = protection.around(made)
    transport = httpx.ASGITransport(app=around, raise_app_exceptions=False)
    async with (
        protection.working(),
        httpx.AsyncClient(transport=transport, base_url="http://shop.test") as opened,
    ):
        yield opened


def dripping(*pauses_s: float) -> Callable[[], AsyncIterator[bytes]]:
    async def parts() -> AsyncIterator[bytes]:
        for pause_s in pauses_s:
            await asyncio.sleep(pause_s)
            yield b"x"

    return parts


async def test_answer_that_does_not_begin_is_given_up(client: httpx.AsyncClient, seen: Seen) -> None:
    answer = await client.get("/baskets/slow", headers={"Accept-Language": "tr"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert set(answer.json()) == {"detail"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert seen.interrupted == ["slow"]
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_handler_that_hangs_does_not_blame_a_body_that_it_does_not_read(client: httpx.AsyncClient) -> None:
    assert (await client.post("/unread")).status_code == 503


@pytest.mark.parametrize(("path", "text"), [("/long", "done"), ("/stream", "first last")])
async def test_what_takes_long_or_has_begun_is_left_alone(client: httpx.AsyncClient, path: str, text: str) -> None:
    assert (await client.get(path)).text == text


async def test_cancellation_by_others_is_not_taken_for_ours(client: httpx.AsyncClient) -> None:
    with pytest.raises(asyncio.CancelledError):
        await client.get("/own")
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()


@pytest.mark.parametrize("path", ["/body", "/import"])
async def test_body_that_stops_coming_is_given_up(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=dripping(0, 0, PAST_IT_S)())
    assert answer.status_code == 408
    assert answer.json()["error_code"] == "request_timeout"
    assert answer.headers["Connection"] == "close"


async def test_body_that_keeps_coming_has_no_end_but_where_it_may(client: httpx.AsyncClient) -> None:
    pauses_s = [LIMIT_S / 4] * 8
    assert (await client.post("/body", content=dripping(*pauses_s)())).status_code == 408
    assert (await client.post("/import", content=dripping(*pauses_s)())).text == "8"


async def test_wait_for_more_after_the_body_is_no_wait_for_a_body(client: httpx.AsyncClient) -> None:
    assert (await client.post("/body", content=b"whole")).text == "5"


def test_exports_and_imports_take_as_long_as_they_need(app: Litestar) -> None:
    found: dict[str, bool] = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            found[handler.operation_id] = bool(handler.opt.get(TAKES_LONG))
    exempt = {name for name, takes_long in found.items() if takes_long}
    assert exempt >= {"exportOrdersOrders", "exportRemoteOrdersOrders", "exportUserData", "importAddresses"}
    assert not exempt & {"healthLive", "showQueues", "readOrdersOrders"}
