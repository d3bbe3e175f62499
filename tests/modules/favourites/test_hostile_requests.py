"""Requests that make no sense: a clear 4xx in the dialect's shape, and nothing changed, however often they come."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.app import MAX_BODY_BYTES
from tests.factories import Client, Factory
from tests.modules.favourites.shapes import CommerceRefusal, Detail, Failure, Invalid, read
from tests.modules.favourites.shop import COMMERCE, PRODUCTS, STOREFRONT, add, count, page

JSON_TYPE = {"Content-Type": "application/json"}
ELEVEN_MB = 11 * 1024 * 1024
# The state of a shopper that no bad request may change.
State = tuple[Any, bytes, bytes]


async def state(shopper: Client, factory: Factory) -> State:
    kept = await factory.scalar("SELECT count(*) FROM idempotency_record")
    return kept, (await shopper.get(COMMERCE)).content, (await shopper.get(f"{STOREFRONT}/count")).content


def fits_the_dialect(answer: httpx.Response, path: str) -> bool:
    """Whether a refusal has one of its dialect's shapes."""
    if path.startswith("/storefront"):
        shapes: tuple[Any, ...] = (Invalid,) if answer.status_code == 400 else (Failure,)
    elif answer.status_code == 400:
        shapes = (CommerceRefusal, dict[str, tuple[str]])
    else:
        shapes = (Detail,)
    for shape in shapes:
        try:
            msgspec.json.decode(answer.content, type=shape)
        except msgspec.ValidationError:
            continue
        return True
    return False


UNKNOWN = "5f3c0a52-8d1e-4b7a-9c44-2e6d7b90f1aa"
VALUES: list[object] = [
    None, "", "abc", -1, 0, 1.5, True, [], {}, [1], {"a": 1}, 2**31, 2**63 - 1, 2**63, 10**40, 1e300, "9" * 5000,
    "1\0", "٣", "1;drop table product", "<script>", "\U0001f6d2", UNKNOWN, "0" * 32, 10**12,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
async def test_value_that_is_no_product(shopper: Client, factory: Factory, value: object) -> None:
    await add(shopper, await factory.product())
    before = await state(shopper, factory)
    for path, field in ((COMMERCE, "product"), (STOREFRONT, "variant_id")):
        for key in ({}, {"Idempotency-Key": "k"}):
            answer = await shopper.post(path, content=json.dumps({field: value}), headers={**JSON_TYPE, **key})
            assert answer.status_code in (400, 404), answer.text
            assert fits_the_dialect(answer, path), answer.text
            assert field in answer.text or answer.status_code == 404
    assert await state(shopper, factory) == before


BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"{'product':1}",
    b'{"product":NaN}',
    b'{"product":1e999}',
    b'{"product":1' + b"0" * 5000 + b"}",
    b'{"product":"\xff\xfe"}',
    b"\xff\xfe\x00",
    b'{"\x00":1}',
    b'{"\\u0000":1}',
    b'{"\\ud800":1}',
    b'{"product":1,"variant_id":"x","surprise":true}',
    b'{"product":' + b"[" * 100_000,
    b"product=1&product=%ff",
]
TYPES = [
    "application/json",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/xml",
    "image/png",
    ";;;",
    "",
]


@pytest.mark.parametrize("content_type", TYPES)
async def test_body_that_makes_no_sense(shopper: Client, factory: Factory, content_type: str) -> None:
    await add(shopper, await factory.product())
    before = await state(shopper, factory)
    for path in (COMMERCE, STOREFRONT):
        for body in BODIES:
            answer = await shopper.post(path, content=body, headers={"Content-Type": content_type})
            assert answer.status_code in (400, 415), (body[:30], answer.text)
            assert fits_the_dialect(answer, path), answer.text
    assert await state(shopper, factory) == before


@pytest.mark.parametrize(
    ("path", "kind"),
    [(COMMERCE, kind) for kind in ("json", "form", "multipart", "streamed")]
    + [(STOREFRONT, kind) for kind in ("json", "streamed")],
)
async def test_body_beyond_the_limit(shopper: Client, factory: Factory, path: str, kind: str) -> None:
    before = await state(shopper, factory)

    async def streamed() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * (ELEVEN_MB // 11)

    bodies: dict[str, dict[str, Any]] = {
        "json": {"content": b" " * ELEVEN_MB, "headers": JSON_TYPE},
        "form": {"data": {"product": "1" * ELEVEN_MB}},
        "multipart": {"files": {"product": ("a.bin", b"1" * ELEVEN_MB)}},
        "streamed": {"content": streamed(), "headers": JSON_TYPE},
    }
    answer = await shopper.post(path, **bodies[kind])
    assert answer.status_code == 413
    assert fits_the_dialect(answer, path)
    assert "too large" in answer.text
    assert await state(shopper, factory) == before


async def test_body_within_the_limit_is_judged_by_what_it_says(shopper: Client) -> None:
    just = b'{"product":"' + b"1" * (MAX_BODY_BYTES - 20) + b'"}'
    answer = await shopper.post(COMMERCE, content=just, headers=JSON_TYPE)
    assert (answer.status_code, list(answer.json())) == (400, ["product"])


async def test_unknown_fields_are_refused_by_name(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    commerce = await shopper.post(COMMERCE, json={"product": product.id, "user": 1})
    assert (commerce.status_code, commerce.json()) == (400, {"user": ["Unknown field"]})
    body = {"variant_id": str(product.uuid), "user_id": str(uuid4())}
    storefront = read(await shopper.post(STOREFRONT, json=body), Invalid, 400)
    assert [error.field for error in storefront.errors] == ["user_id"]
    assert (await page(shopper)).count == 0


async def test_refused_fields_never_reach_another_shopper(shopper: Client, other: Client, factory: Factory) -> None:
    """Nothing in a request but its credential says whose favourites it is about."""
    product = await factory.product()
    await add(shopper, product)
    for params in ({"user": await factory.user_id(shopper)}, {"user_id": 1}):
        assert (await other.get(COMMERCE, params=params)).json()["count"] == 0
        assert (await other.get(STOREFRONT, params=params)).json()["favorites"] == []


PATHS = st.one_of(
    st.sampled_from(["", "0", "-1", "1", "9" * 30, "1.5", "..", "%2e%2e", "%00", "%ff", "a%2Fb", "%C0%AF", "null"]),
    st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=20),
    st.uuids().map(str),
)
QUERIES = st.dictionaries(
    st.sampled_from(["page", "limit", "product_id", "base_code__in", "product__name", "market_id", "ids", "x"]),
    st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.integers().map(str), st.just("\0")),
    max_size=4,
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATHS, QUERIES, st.sampled_from(["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE"]))
async def test_any_path_query_and_method_is_never_a_server_error(
    shopper: Client, factory: Factory, part: str, query: dict[str, str], method: str
) -> None:
    for path in (
        f"{COMMERCE}{part}",
        f"{STOREFRONT}/{part}",
        f"{PRODUCTS}/{part}/favorite-status",
        f"{PRODUCTS}/favorite-status",
        f"{STOREFRONT}/count",
    ):
        answer = await shopper.request(method, path, params=query)
        assert answer.status_code < 500, (path, query, answer.text)
        if answer.status_code >= 400 and method != "HEAD":
            assert "json" in answer.headers["content-type"]


HEADERS = [
    ("If-None-Match", "," * 5000),
    ("If-None-Match", '"' * 500),
    ("Accept-Language", "a" * 3000),
    ("Accept-Language", "tr;q=;;;,,en;q=1.2.3"),
    ("X-Currency", "\N{LATIN SMALL LETTER E WITH ACUTE}"),
    ("X-Request-ID", "x" * 5000),
    ("Cookie", "osessionid=" + "x" * 5000),
    ("Host", "[::"),
    ("Content-Length", "nonsense"),
]


@pytest.mark.parametrize(("name", "value"), HEADERS)
async def test_odd_headers_are_ignored(shopper: Client, factory: Factory, name: str, value: str) -> None:
    await add(shopper, await factory.product())
    for path in (COMMERCE, STOREFRONT, f"{STOREFRONT}/count"):
        headers: Any = {name: value.encode("latin-1")}
        assert (await shopper.get(path, headers=headers)).status_code == 200


async def test_good_requests_beside_bad_ones_are_served(shopper: Client, other: Client, factory: Factory) -> None:
    product = await factory.product()
    await add(other, product)
    bad = [
        shopper.get(COMMERCE, params={"page": "9" * 40}),
        shopper.get(STOREFRONT, params={"page": "9" * 40}),
        shopper.get(COMMERCE, params={"product_id": "9" * 40}),
        shopper.get(f"{PRODUCTS}/{uuid4()}/favorite-status"),
        shopper.delete(f"{COMMERCE}{'9' * 40}/"),
    ]
    good = [other.get(COMMERCE), other.get(STOREFRONT), other.get(f"{STOREFRONT}/count")] * 3
    answers = await asyncio.gather(*bad, *good)
    assert [answer.status_code for answer in answers[len(bad) :]] == [200] * len(good)
    assert (await count(other)).count == 1
