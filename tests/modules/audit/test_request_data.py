"""What is kept of bodies and queries: all that PostgreSQL can hold, and nothing that is called like a secret."""

from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from src.modules.audit.request_data import MAX_BODY_BYTES, WITHHELD, read_data, read_form, read_pairs
from src.platform.bodies import FORM

JSON = "application/json"


@pytest.mark.parametrize(
    ("body", "content_type", "kept"),
    [
        (b'[{"id": 1, "price": "1.50"}]', JSON, [{"id": 1, "price": "1.50"}]),
        (b'{"id": 1}\n\n{"id": 2}\n', "application/x-ndjson", [{"id": 1}, {"id": 2}]),
        (b'{"id": 1}\n{"id": \n', "application/x-ndjson", [{"id": 1}, '{"id": ']),
        (b"sku,name\nA,\xff\n", "text/csv", "sku,name\nA,\N{REPLACEMENT CHARACTER}\n"),
        (b"id\ttitle\nA\tB\n", "text/plain", "id\ttitle\nA\tB\n"),
        (b"email=a%40b.c&scopes=ops&scopes=warehouse", FORM, {"email": "a@b.c", "scopes": ["ops", "warehouse"]}),
        (b" \n", JSON, {}),
        (b"", "", {}),
        (
            b'{"a": "x\\u0000y", "b\\u0000": 1}',
            JSON,
            {"a": "x\N{REPLACEMENT CHARACTER}y", "b\N{REPLACEMENT CHARACTER}": 1},
        ),
        (b'{"a": 1e400}', JSON, '{"a": 1e400}'),
        (b'{"a": ' + b"9" * 40 + b"}", JSON, {"a": int("9" * 40)}),
        (b'"\\ud800"', JSON, '"\\ud800"'),
        (b"[" * 200 + b"]" * 200, JSON, "[" * 200 + "]" * 200),
        (b"[" * 9000, JSON, "[" * 9000),
        (b"x" * (MAX_BODY_BYTES + 1), JSON, None),
    ],
)
def test_body_is_kept_as_it_can_be(body: bytes, content_type: str, kept: Any) -> None:
    assert read_data(body, content_type) == kept


def test_what_is_called_like_a_secret_is_withheld_at_any_depth() -> None:
    body = b'{"name": "x", "Password": "hunter2", "list": [{"api_token": {"a": 1}, "ok": "yes"}]}'
    assert read_data(body, JSON) == {
        "name": "x",
        "Password": WITHHELD,
        "list": [{"api_token": WITHHELD, "ok": "yes"}],
    }
    assert read_data(b'{"password": "hunter2', JSON) == WITHHELD
    assert read_pairs(b"secret=1&secret=2&page=1") == {"secret": WITHHELD, "page": "1"}
    assert read_pairs(b"a=%00%ff&b") == {"a": "\N{REPLACEMENT CHARACTER}" * 2, "b": ""}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"name,Password\nx,hunter2\n", "text/csv"),
        (b'--b\r\nContent-Disposition: form-data; name="api_token"\r\n\r\nhunter2\r\n--b--\r\n', "multipart/form-data"),
        (b"\xffsecret: hunter2", "text/plain"),
        (b"<row><password>hunter2</password></row>", "application/xml"),
    ],
)
def test_text_that_speaks_of_a_secret_is_withheld(body: bytes, content_type: str) -> None:
    assert read_data(body, content_type) == WITHHELD


def test_bad_line_that_speaks_of_a_secret_is_withheld() -> None:
    body = b'{"id": 1, "token": 2}\n{"token": "hunter2\n{"id": 2}\n'
    assert read_data(body, "application/x-ndjson") == [{"id": 1, "token": WITHHELD}, WITHHELD, {"id": 2}]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://user:hunter2@shop.test/hook?a=hunter2#hunter2", "https://shop.test/hook"),
        ("HTTPS://hunter2@shop.test", "HTTPS://shop.test"),
        ("https://user:h@unter2@shop.test:8080/", "https://shop.test:8080/"),
        (" https://shop.test/hook?a=b, hunter2 ", "https://shop.test/hook"),
        ("https://shop.test/@shop/a", "https://shop.test/@shop/a"),
        ("redis+tls://:hunter2@cache.test/0", "redis+tls://cache.test/0"),
        ("what is it? a@b.c", "what is it? a@b.c"),
        ("see https://shop.test/?", "see https://shop.test/?"),
    ],
)
def test_url_is_kept_without_user_and_query(url: str, kept: str) -> None:
    assert read_data(msgspec.json.encode([{"url": url}]), JSON) == [{"url": kept}]
    assert read_data(urlencode({"url": url}).encode(), FORM) == {"url": kept}
    assert read_pairs(urlencode({"url": url}).encode()) == {"url": kept}


def test_urls_in_text_are_kept_without_user_and_query() -> None:
    body = b'sku,url,price\nA,https://u:hunter2@x.test/a?b=hunter2,1.50\nB,"ftp://x.test/?hunter2",a@b.c\n'
    assert read_data(body, "text/csv") == 'sku,url,price\nA,https://x.test/a,1.50\nB,"ftp://x.test/",a@b.c\n'
    assert read_data(b'{"url": "https://x.test/?hunter2", ', JSON) == '{"url": "https://x.test/", '


def test_only_forms_are_form_data() -> None:
    assert read_form(b"a=1", FORM) == {"a": "1"}
    assert read_form(b"a=1", JSON) == {}
    assert read_form(b"a=" + b"1" * MAX_BODY_BYTES, FORM) == {}
