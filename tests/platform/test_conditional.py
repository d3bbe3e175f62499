"""Conditional reads: a tag that stands for the bytes, and no bytes for who has them."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from litestar import Request
from litestar.testing import RequestFactory

from src.platform.conditional import answer, etag, matches


def request_with(if_none_match: str | None) -> Request[Any, Any, Any]:
    """A GET with that header."""
    headers = {} if if_none_match is None else {"If-None-Match": if_none_match}
    return RequestFactory().get("/", headers=headers)


@settings(deadline=None)
@given(st.binary(), st.binary())
def test_tag_is_strong_and_differs_with_the_bytes(one: bytes, other: bytes) -> None:
    assume(one != other)
    assert etag(one) == etag(bytes(one)) != etag(other)
    assert etag(one).startswith('"')
    assert etag(one).endswith('"')


def test_tag_tells_long_bodies_apart_by_their_last_byte() -> None:
    assert etag(b"x" * 100_000 + b"y") != etag(b"x" * 100_000 + b"z")


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '{}, "other"', '"x","y" , W/{}', "*", " {} "])
def test_header_that_names_the_tag_matches(form: str) -> None:
    tag = etag(b"body")
    assert matches(form.format(tag), tag)


@pytest.mark.parametrize("header", [None, "", '"other"', 'W/"other"', "body", ",,", '"', "w/*"])
def test_header_that_does_not_name_the_tag_does_not_match(header: str | None) -> None:
    assert not matches(header, etag(b"body"))


def test_tag_without_its_quotes_is_another_tag() -> None:
    assert not matches(etag(b"body").strip('"'), etag(b"body"))


def test_answer_is_the_body_with_its_tag_and_private() -> None:
    response = answer(request_with(None), b'{"a":1}')
    assert response.status_code != 304
    assert response.content == b'{"a":1}'
    assert response.headers["ETag"] == etag(b'{"a":1}')
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_answer_to_who_has_it_is_empty_but_keeps_the_headers() -> None:
    tag = etag(b"body")
    response = answer(request_with(tag), b"body", headers={"X-Other": "1"})
    assert (response.status_code, response.content) == (304, None)
    assert response.headers["ETag"] == tag
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["X-Other"] == "1"


def test_answer_uses_a_tag_that_the_caller_knows_better() -> None:
    assert answer(request_with('"7-abc"'), b"body", tag='"7-abc"').status_code == 304
    assert answer(request_with(etag(b"body")), b"body", tag='"7-abc"').status_code != 304
