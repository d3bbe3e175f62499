"""Bodies as clients really send them: three encodings, numbers as strings, and whatever else makes no sense."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Request, post

from src.platform.bodies import convert_fields, read_fields, read_json
from src.platform.errors import InvalidFields
from tests.platform.probes import BODY_LIMIT, serving

COMMERCE, STOREFRONT = "/wishlists/probe", "/storefront/probe"
WHOLE = "A valid whole number is required"
JSON_TYPE = {"Content-Type": "application/json"}


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """Fields of the kinds that shoppers send."""

    product: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    note: str = ""
    variant: UUID | None = None
    flag: bool = False
    extra: dict[str, Any] = {}


@post(COMMERCE, status_code=200)
async def any_encoding(request: Request[Any, Any, Any]) -> Wanted:
    return await read_fields(request, Wanted)


@post(STOREFRONT, status_code=200)
async def json_only(request: Request[Any, Any, Any]) -> Wanted:
    return await read_json(request, Wanted)


@post("/wishlists/twice", status_code=200)
async def read_twice(request: Request[Any, Any, Any]) -> dict[str, int]:
    await read_fields(request, Wanted)
    return {"length": len(await request.body())}


@pytest.fixture
async def shop() -> AsyncIterator[httpx.AsyncClient]:
    async with serving([any_encoding, json_only, read_twice]) as client:
        yield client


@pytest.mark.parametrize(
    "request_body",
    [
        {"json": {"product": 8}},
        {"json": {"product": "8"}},
        {"json": {"product": 8.0}},
        {"data": {"product": "8"}},
        {"data": {"product": "8", "note": ""}},
        {"files": {"product": (None, "8")}},
        {"content": b"product=8", "headers": {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}},
        {"content": b"product=8", "headers": {"Content-Type": "APPLICATION/X-WWW-FORM-URLENCODED"}},
        {"content": b'{"product":8}', "headers": {"Content-Type": "text/plain;charset=UTF-8"}},
        {"content": b'\n {"product" : "8"} '},
        {"content": b'{"product":7,"product":8}', "headers": JSON_TYPE},
    ],
    ids=str,
)
async def test_every_encoding_says_the_same(shop: httpx.AsyncClient, request_body: dict[str, Any]) -> None:
    response = await shop.post(COMMERCE, **request_body)
    assert response.status_code == 200, response.text
    assert response.json()["product"] == 8


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
async def test_text_survives_every_encoding(shop: httpx.AsyncClient, note: str) -> None:
    for body in ({"json": {"product": 1, "note": note}}, {"data": {"product": "1", "note": note}}):
        assert (await shop.post(COMMERCE, **body)).json()["note"] == note
    text = b'Content-Disposition: form-data; name="note"\r\n\r\n' + note.encode()
    response = await shop.post(COMMERCE, **multipart(text, DISPOSITION + b"\r\n\r\n1"))
    assert response.json()["note"] == note


@pytest.mark.parametrize(
    ("product", "fault"),
    [
        *((value, "Field is required") for value in (None,)),
        *((value, WHOLE) for value in ("", " ", "x", "1.5", "٣", "0x8", "8;", "--8", "true")),
        *((value, WHOLE) for value in (0, -1, 1.5, True, False, [], {}, [8], {"a": 8})),
        *((value, WHOLE) for value in (2**63, 10**30, "9" * 30, "9" * 5000, 1e300, "8\0")),
    ],
)
async def test_what_is_no_id_is_a_fault_of_the_field(shop: httpx.AsyncClient, product: object, fault: str) -> None:
    body = json.dumps({"product": product})
    for path, told in (
        (COMMERCE, {"product": [fault]}),
        (
            STOREFRONT,
            {
                "success": False,
                "message": "Validation failed",
                "errors": [{"field": "product", "message": fault}],
            },
        ),
    ):
        response = await shop.post(path, content=body, headers=JSON_TYPE)
        assert (response.status_code, response.json()) == (400, told)


async def test_every_fault_is_told_at_once(shop: httpx.AsyncClient) -> None:
    response = await shop.post(COMMERCE, json={"variant": "x", "flag": "perhaps", "note": 1, "surprise": 2})
    assert response.json() == {
        "surprise": ["Unknown field"],
        "product": ["Field is required"],
        "variant": ["Not a valid value"],
        "flag": ["Not a valid value"],
        "note": ["Not a valid value"],
    }


@pytest.mark.parametrize("extra", ['{"a":"\\u0000"}', '{"\\u0000":1}', '{"a":[{"b":"x\\u0000"}]}', '{"a":"\\ud800"}'])
async def test_text_that_no_database_can_hold_is_refused_however_deep(shop: httpx.AsyncClient, extra: str) -> None:
    response = await shop.post(COMMERCE, content='{"product":1,"extra":' + extra + "}", headers=JSON_TYPE)
    assert response.status_code == 400


NOT_JSON = [
    b"",
    b"{",
    b"nonsense",
    b'{"product":8}}',
    b"{'product':8}",
    b'{"product":NaN}',
    b'{"product":1e400}',
    b'{"product":1' + b"0" * 5000 + b"}",
    b'{"product":"\xff"}',
    b'{"product":"\\ud800"}',
    b"\xff\xfe{\x00}\x00",
    b'{"product":\x00}',
    b'{"product":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
]
NO_OBJECT = [b"null", b"[]", b'[{"product":8}]', b"8", b'"product"', b"true"]


@pytest.mark.parametrize("body", [*NOT_JSON, *NO_OBJECT], ids=lambda body: repr(body[:20]))
async def test_body_that_is_no_json_object_is_refused_in_the_dialect(shop: httpx.AsyncClient, body: bytes) -> None:
    sentence = "The body must be a JSON object" if body in NO_OBJECT else "The body is not valid JSON"
    commerce = await shop.post(COMMERCE, content=body, headers=JSON_TYPE)
    assert (commerce.status_code, commerce.json()) == (400, {"non_field_errors": sentence, "error_code": "invalid"})
    storefront = await shop.post(STOREFRONT, content=body, headers=JSON_TYPE)
    assert storefront.status_code == 400
    assert storefront.json()["errors"] == [{"field": "body", "message": sentence}]


def multipart(*parts: bytes, boundary: str = "x") -> dict[str, Any]:
    """A multipart body as it is sent, right or wrong."""
    return {
        "content": b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n",
        "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    }


DISPOSITION = b'Content-Disposition: form-data; name="product"'


@pytest.mark.parametrize(
    "body",
    [
        multipart(DISPOSITION + b"\r\n\r\n8", boundary="y"),
        multipart(DISPOSITION + b"\r\n\r\n8", boundary=""),
        multipart(DISPOSITION + b"\r\n\r\n\xff\xfe"),
        multipart(DISPOSITION + b"\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n8"),
        multipart(DISPOSITION + b'; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n8'),
        multipart(b"\r\n8"),
        multipart(DISPOSITION + b"\r\n\r\n8", DISPOSITION + b"\r\n\r\n\0"),
        multipart(*[b'Content-Disposition: form-data; name="f%d"\r\n\r\n8' % n for n in range(1100)]),
        {"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"content": b"", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"content": b"product=8", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"a=1&" * 200, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"product=%ff", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"product=\xff", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    ],
    ids=lambda body: repr(body["content"][:60]),
)
async def test_unreadable_form_is_refused(shop: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await shop.post(COMMERCE, **body)).status_code == 400


@pytest.mark.parametrize("content_type", ["application/xml", "image/png", "text/html", "nonsense", b"\xff\xfe"])
async def test_other_content_types_are_not_supported(shop: httpx.AsyncClient, content_type: str | bytes) -> None:
    for path in (COMMERCE, STOREFRONT):
        headers = [(b"content-type", content_type if isinstance(content_type, bytes) else content_type.encode())]
        assert (await shop.post(path, content=b'{"product":8}', headers=headers)).status_code == 415
    form = await shop.post(STOREFRONT, data={"product": "8"})
    assert form.status_code == 415
    assert form.json() == {"success": False, "message": "This content type is not supported here"}


@pytest.mark.parametrize("encoding", ["json", "form", "multipart", "plain", "streamed"])
async def test_too_large_a_body_is_told_as_such(shop: httpx.AsyncClient, encoding: str) -> None:
    big = "1" * (BODY_LIMIT + 1)

    async def streamed() -> AsyncIterator[bytes]:
        for start in range(0, len(big), 1000):
            yield big[start : start + 1000].encode()

    response = await shop.post(
        COMMERCE,
        **{  # type: ignore[arg-type]
            "json": {"json": {"product": big}},
            "form": {"data": {"product": big}},
            "multipart": {"files": {"product": (None, big)}},
            "plain": {"content": big, "headers": {"Content-Type": "text/plain"}},
            "streamed": {"content": streamed()},
        }[encoding],
    )
    assert (response.status_code, response.json()) == (413, {"detail": "The request body is too large"})


@pytest.mark.parametrize(
    "body", [{"json": {"product": 8}}, {"data": {"product": "8"}}, {"files": {"product": (None, "8")}}]
)
async def test_body_can_be_read_again_after_its_fields(shop: httpx.AsyncClient, body: dict[str, Any]) -> None:
    response = await shop.post("/wishlists/twice", **body)
    assert response.status_code == 200
    assert response.json()["length"] > 0


FIELDS = st.dictionaries(st.sampled_from(["product", "note", "variant", "flag", "extra", "other"]), st.text(max_size=9))


@settings(deadline=None, max_examples=150)
@given(FIELDS | st.dictionaries(st.text(max_size=9), st.none() | st.integers() | st.floats() | st.lists(st.text())))
def test_any_fields_are_a_struct_or_named_faults(fields: dict[str, Any]) -> None:
    try:
        made = convert_fields(fields, Wanted)
    except InvalidFields as error:
        faults = set(error.fields)
    else:
        assert set(fields) <= set(Wanted.__struct_fields__)
        assert 1 <= made.product < 2**63
        return
    assert faults
    assert faults <= {*fields, *Wanted.__struct_fields__}


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=60)
    | st.dictionaries(st.text(max_size=5), st.text(max_size=5)).map(lambda d: urlencode(d, errors="replace").encode())
)
async def test_any_bytes_in_any_encoding_are_never_a_server_error(shop: httpx.AsyncClient, body: bytes) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        for path in (COMMERCE, STOREFRONT):
            response = await shop.post(path, content=body, headers={"Content-Type": kind})
            assert response.status_code in (200, 400, 415), response.text
