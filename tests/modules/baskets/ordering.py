"""What tests of order systems do again and again."""

from typing import Any

import httpx

from tests.factories import Client

ORDERS = "/api/v1/baskets"


async def call(system: Client, basket: int | None, step: str, **kw: Any) -> httpx.Response:
    """Move a basket."""
    return await system.post(f"{ORDERS}/{basket}/{step}", **kw)


async def moved(system: Client, basket: int | None, step: str) -> dict[str, Any]:
    """Move a basket, which must do; the answer, which a repeat must answer too."""
    answer = await call(system, basket, step)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert set(told) == {"id", "status", "version"}
    assert (await call(system, basket, step)).json() == told
    return dict(told)


async def conflict(system: Client, basket: int | None, step: str) -> str:
    """The code of a refusal."""
    answer = await call(system, basket, step)
    assert answer.status_code == 409, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["error_code"])
