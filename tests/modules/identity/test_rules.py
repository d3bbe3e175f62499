"""Which headers, claims and requests are taken for what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.identity.rules import (
    claimed_scopes,
    read_authorization,
    session_digest,
    subject_digest,
    vouched_by_own_page,
)
from src.platform.errors import Unauthenticated
from src.platform.security import digest, new_session_id, new_token


@pytest.mark.parametrize(
    ("header", "scheme", "secret", "may_be_jwt"),
    [
        ("Token abc", "token", "abc", False),
        ("token abc", "token", "abc", False),
        ("Bearer abc", "bearer", "abc", False),
        ("BEARER   abc ", "bearer", "abc", False),
        ("Bearer a.b.c", "bearer", "a.b.c", True),
        ("Token a.b.c", "token", "a.b.c", False),
        ("Bearer a.b", "bearer", "a.b", False),
        ("Bearer abc==", "bearer", "abc==", False),
    ],
)
def test_authorization_is_read_in_both_forms(header: str, scheme: str, secret: str, may_be_jwt: bool) -> None:
    authorization = read_authorization(header)
    assert (authorization.scheme, authorization.secret, authorization.may_be_jwt) == (scheme, secret, may_be_jwt)


@pytest.mark.parametrize(
    "header",
    [
        *("", "Token", "Token ", "abc", "Tokenabc", "Basic YTpi", "Token a b", "Token a,b", "Token osessionid:a"),
        *("Token é", "Token a\n", "Token a\0", "Token =", "Token ====", 'Bearer "abc"', "Bearer " + "a" * 8193),
    ],
)
def test_authorization_of_another_form_is_refused(header: str) -> None:
    with pytest.raises(Unauthenticated):
        read_authorization(header)


def test_fresh_secrets_are_readable_in_their_places() -> None:
    for _ in range(100):
        token, session_id = new_token(), new_session_id()
        assert read_authorization(f"Token {token}").secret == token
        assert session_digest(session_id)


@given(st.text())
def test_session_id_of_another_form_is_refused(text: str) -> None:
    if text.isascii() and text.replace("_", "a").isalnum() and len(text) <= 128:
        assert session_digest(text) not in (None, digest(text))
    else:
        assert session_digest(text) is None


@given(st.text(), st.text(), st.text(), st.text())
def test_subjects_of_different_names_have_different_digests(a: str, b: str, c: str, d: str) -> None:
    same = subject_digest(a, b, ("storefront",)) == subject_digest(c, d, ("storefront",))
    assert same == ((a, b) == (c, d))


def test_subject_digest_depends_on_scopes_but_not_on_their_order() -> None:
    assert subject_digest("i", "s", ("storefront", "ops")) == subject_digest("i", "s", ("ops", "storefront"))
    assert subject_digest("i", "s", ("storefront", "ops")) != subject_digest("i", "s", ("storefront",))


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({}, {"storefront"}),
        ({"scope": ""}, {"storefront"}),
        ({"scope": "openid profile"}, {"storefront"}),
        ({"scope": "ops"}, {"ops"}),
        ({"scope": "openid warehouse  integration"}, {"warehouse", "integration"}),
        ({"scopes": ["ops", "root"]}, {"ops"}),
        ({"scopes": "ops storefront"}, {"ops", "storefront"}),
        ({"scope": ["warehouse"], "scopes": ["ops"]}, {"warehouse", "ops"}),
        ({"scope": 7, "scopes": {"ops": True}}, {"storefront"}),
        ({"scopes": [["ops"], None, 1]}, {"storefront"}),
        ({"scope": "OPS ops,warehouse"}, {"storefront"}),
    ],
)
def test_claims_give_the_scopes_that_we_know(claims: dict[str, object], scopes: set[str]) -> None:
    assert set(claimed_scopes(claims)) == scopes


@pytest.mark.parametrize(
    ("method", "headers", "cookies", "vouched"),
    [
        ("GET", {}, {}, True),
        ("HEAD", {}, {}, True),
        ("OPTIONS", {}, {}, True),
        ("POST", {}, {}, False),
        ("PUT", {}, {}, False),
        ("PATCH", {}, {}, False),
        ("DELETE", {}, {}, False),
        ("get", {}, {}, False),
        ("POST", {"x-requested-with": "XMLHttpRequest"}, {}, True),
        ("POST", {"x-requested-with": ""}, {}, False),
        ("POST", {"x-csrftoken": "abc"}, {"csrftoken": "abc"}, True),
        ("POST", {"x-csrftoken": "abc"}, {"csrftoken": "abd"}, False),
        ("POST", {"x-csrftoken": "abc"}, {}, False),
        ("POST", {}, {"csrftoken": "abc"}, False),
        ("POST", {"x-csrftoken": ""}, {"csrftoken": ""}, False),
        ("POST", {"x-csrftoken": "é"}, {"csrftoken": "é"}, True),
        ("POST", {"x-csrftoken": "\udcff"}, {"csrftoken": "é"}, False),
    ],
)
def test_only_own_pages_write_by_cookie(
    method: str, headers: dict[str, str], cookies: dict[str, str], vouched: bool
) -> None:
    assert vouched_by_own_page(method, headers, cookies) is vouched
